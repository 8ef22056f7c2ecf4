"""Sound reaches the listener, at a known time."""
