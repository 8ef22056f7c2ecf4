"""Where model weights come from: a catalogue, a cache outside the project, checks by SHA-256."""
