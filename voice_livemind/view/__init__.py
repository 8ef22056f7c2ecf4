"""What somebody in front of the assistant sees of a conversation, and the keys that steer it."""
