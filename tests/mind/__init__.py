"""Measurements of the thinker with real models; see ``scripts/mind-check``."""
