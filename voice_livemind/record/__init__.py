"""What happened in a turn, and the picture of it."""
