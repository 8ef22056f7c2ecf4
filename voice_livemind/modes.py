"""What each mode runs. All modes share every component and every setting that is not the difference itself."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Answerer: TypeAlias = Literal["thinker", "speaker"]


@dataclass(frozen=True)
class Mode:
    """One way of getting from speech to a reply."""

    name: str
    early_text: bool
    """Chunks are transcribed at pauses, not all of them at the end of the turn."""
    notes: bool
    """The thinker works on sentences while the speaker goes on."""
    prompt: Literal["cot", "direct", "notes"]
    """What the answerer is asked: to reason in silence first, to answer tersely, to answer from the notes."""
    answerer: Answerer


MODES = {
    mode.name: mode
    for mode in (
        # Conventional: everything starts when the turn is over.
        Mode("cot", early_text=False, notes=False, prompt="cot", answerer="thinker"),
        # The same with a terse prompt: how much of any gain is the prompt alone.
        Mode("direct", early_text=False, notes=False, prompt="direct", answerer="speaker"),
        # LiveMind as published (arXiv 2406.14319): UA-SPI, notes a sentence, no cancelling, no drafting.
        Mode("paper", early_text=True, notes=True, prompt="notes", answerer="speaker"),
    )
}
