"""Measurements of the real ``talk`` on the virtual sound card: see ``scripts/live-check``."""
