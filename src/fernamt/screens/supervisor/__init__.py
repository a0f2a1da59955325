"""What the supervisor sees."""
