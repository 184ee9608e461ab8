"""What the mailing service knows, one SELECT each."""
