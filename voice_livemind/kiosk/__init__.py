"""The assistant as a headless service: visitors come and go, and nobody is there to press a key."""
