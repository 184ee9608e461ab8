"""What is read: one typed function a SELECT."""
