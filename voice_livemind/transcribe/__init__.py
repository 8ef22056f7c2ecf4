"""Sound between pauses becomes words with times; what Whisper invents is turned away."""
