"""What each mode runs. All modes share every component and every setting that is not the difference itself."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Answerer: TypeAlias = Literal["thinker", "speaker"]


@dataclass(frozen=True)
class Mode:
    """One way of getting from speech to a reply."""

    name: str
    prompt: Literal["cot", "direct", "aloud", "published", "notes"]
    """What the answerer is asked: to reason in silence first, to answer tersely, to reason aloud, to answer from
    the notes in the form that was published, or in the one that serves this answerer best."""
    answerer: Answerer
    early_text: bool = False
    """Chunks are transcribed at pauses, not all of them at the end of the turn."""
    notes: bool = False
    """The thinker works on sentences while the speaker goes on."""
    frugal: bool = False
    """Thoughts that are of no use are spared or aborted; otherwise each runs to its end."""
    warm: bool = False
    """The answerer's prompt is read into its prefix cache as segments arrive."""
    draft: bool = False
    """The reply is prepared at the pause, for which all else gives way, and released by the commitment."""

    @property
    def goes_on(self) -> bool:
        """The reply belongs to the conversation in which the notes were written, and not to one of its own."""
        return self.prompt == "published" or (self.prompt == "notes" and self.answerer == "thinker")


MODES = {
    mode.name: mode
    for mode in (
        # Conventional: everything starts when the turn is over.
        Mode("cot", "cot", "thinker"),
        # The same with a terse prompt: how much of any gain is the prompt alone.
        Mode("direct", "direct", "speaker"),
        # The same, reasoning aloud: an early first word, a late answer.
        Mode("aloud", "aloud", "thinker"),
        # How much of any gain is the prefix cache, and the draft, without a thought.
        Mode("warm", "direct", "speaker", early_text=True, warm=True),
        Mode("preempt", "direct", "speaker", early_text=True, warm=True, draft=True),
        # LiveMind as published (arXiv 2406.14319): UA-SPI, notes a sentence, no cancelling, no drafting.
        Mode("paper", "published", "speaker", early_text=True, notes=True),
        Mode("livemind", "notes", "speaker", early_text=True, notes=True, frugal=True, warm=True, draft=True),
    )
}
DEFAULT_MODE = "livemind"
