"""What hearing makes of a recording, as a bench sees it. All times are seconds on the sample clock."""

from dataclasses import dataclass
from typing import Protocol

from voice_livemind.hear.frames import Samples


@dataclass(frozen=True)
class HeardTurn:
    """One turn, from its first word to its last commitment."""

    speech_start_s: float
    speech_end_s: float
    """As the turn machine saw it at the last commitment."""
    pause_s: float
    """When the last pause (the soft end) was decided."""
    committed_s: float
    """When the last commitment was decided."""
    commits: tuple[float, ...]
    """Every commitment decided in this turn: more than one where it was reopened."""
    text_final_s: float
    transcript: str
    segments: tuple[tuple[float, float, float, str], ...]
    """Start, end, the time at which it was handed on, and the text of each."""
    rejected: tuple[str, ...]
    """Why text was not believed, a reason each time."""
    revised: int = 0
    """How often a segment was replaced by another revision."""


@dataclass(frozen=True)
class Heard:
    """A recording that was listened to."""

    turns: tuple[HeardTurn, ...]
    """All that were started, those without any words as well."""
    vad_cpu_share: float
    """CPU time of voice activity detection, as a share of one core."""


class Listener(Protocol):
    """Hearing without the reply: frames in, turns out."""

    async def listen(self, samples: Samples, policy: str) -> Heard:
        """The turns of one recording under an end-of-turn policy. Raises UserError where there is no such policy."""
