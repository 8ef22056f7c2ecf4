"""Words become sentences: the immutable segments that the mind works on."""
