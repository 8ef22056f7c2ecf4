"""Clauses become sound."""
