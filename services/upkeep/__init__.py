"""What keeps a network's machine well: backup and restore, upgrade, the check-up and the warnings by mail."""
