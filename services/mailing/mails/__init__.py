"""What each mail says: blocks, from which the HTML and its plain-text twin are both made."""
