"""Whose turn it is: pure decisions from which frames are speech."""
