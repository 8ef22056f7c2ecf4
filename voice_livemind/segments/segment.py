"""What the mind works on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """One sentence of the turn. Never changed: a correction is a new revision."""

    index: int
    """Place in the turn, from 0."""
    revision: int
    text: str
    """Empty where a correction has taken the sentence away: its words belong to the one before."""
    start_s: float
    end_s: float
    whole: bool = True
    """It sounds like a whole sentence; otherwise the speaker paused in the middle of it."""


def same_words(first: str, second: str) -> bool:
    """Whether two texts are equal but for case, space and punctuation."""
    return _bare(first) == _bare(second)


def _bare(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
