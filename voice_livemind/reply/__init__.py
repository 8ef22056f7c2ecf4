"""An answer is written by a model, and cut into clauses that can be spoken."""
