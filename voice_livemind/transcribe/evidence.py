"""What is known of a turn at a pause."""

from typing import NamedTuple


class Evidence(NamedTuple):
    """For judging whether the turn is over."""

    text: str
    """All that was said so far."""
    language: str
    trailing: float | None = None
    """Probability that the text trails off after its last word, by the recogniser."""
    last_word: float | None = None
    """Probability of the last word's last token, by the recogniser."""
    voice: float | None = None
    """Probability that the turn is over, by its sound."""
