"""Benches: what the assistant does with recordings and questions, in figures."""
