"""How well the kiosk can answer just now: down at once when something fails, up again only when it has lasted.

::

    full ── the thinker fails ──▶ without_thinker ── the speaker fails ──▶ local_speaker ── it fails ──▶ prepared
      ▲                                │                                        │                          │
      └──────────────────────── healthy for long enough ───────────────────────┴──────────────────────────┘
"""

from enum import StrEnum
from typing import NamedTuple


class Rung(StrEnum):
    """A step of the ladder, the best first."""

    FULL = "full"
    WITHOUT_THINKER = "without_thinker"
    LOCAL_SPEAKER = "local_speaker"
    """A small model on this machine answers in place of a speaker elsewhere."""
    PREPARED = "prepared"
    """No model answers: the visitor hears a recorded sentence."""


class Health(NamedTuple):
    """Which models answer."""

    thinker: bool
    speaker: bool
    local_speaker: bool
    """False where there is none."""


def best_rung(health: Health) -> Rung:
    """The best step that stands on these models."""
    if health.speaker:
        return Rung.FULL if health.thinker else Rung.WITHOUT_THINKER
    return Rung.LOCAL_SPEAKER if health.local_speaker else Rung.PREPARED


_RUNGS = tuple(Rung)
_PATIENCE_S = 3.0
_LONGEST_PATIENCE_S = 60.0
_RELAPSE_S = 60.0
"""A fall so soon after a climb says that the climb was too early."""


class Ladder:
    """Owns the step. Starts with nothing to stand on; every time is of one clock, in seconds, and never goes back."""

    def __init__(self) -> None:
        self.rung = Rung.PREPARED
        self._patience_s = dict.fromkeys(_RUNGS, _PATIENCE_S)
        """For so long a step must have been healthy before it is climbed to."""
        self._lost = False
        """A step was lost. Until then each is climbed to at once: the models are just being started."""
        self._climbed_s = float("-inf")
        self._since_s: dict[Rung, float] = {}
        """From when on each step, or a better one, would have held without a break."""

    def observe(self, now_s: float, health: Health) -> Rung:
        """The step from now on. Called often: what was seen last is taken to have lasted until now."""
        best = _RUNGS.index(best_rung(health))
        self._since_s = {rung: self._since_s.get(rung, now_s) for rung in _RUNGS[best:]}
        here = _RUNGS.index(self.rung)
        if best > here:
            relapse = now_s - self._climbed_s < _RELAPSE_S
            longer_s = min(2 * self._patience_s[self.rung], _LONGEST_PATIENCE_S)
            self._patience_s[self.rung] = longer_s if relapse else _PATIENCE_S
            self.rung = _RUNGS[best]
            self._lost = True
        else:
            steps = [rung for rung in _RUNGS[best:here] if rung is not Rung.LOCAL_SPEAKER or health.local_speaker]
            lasting = [rung for rung in steps if self._lasts(rung, now_s)]
            if lasting:
                self.rung = lasting[0]
                if self._lost:
                    self._climbed_s = now_s
        return self.rung

    def _lasts(self, rung: Rung, now_s: float) -> bool:
        return not self._lost or now_s - self._since_s[rung] >= self._patience_s[rung]
