"""What must survive, and how it is shown: one file a fault, each looking from the outside."""
