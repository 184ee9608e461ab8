"""What is read: one typed function per SELECT."""
