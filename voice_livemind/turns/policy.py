"""How long a silence must be before it ends the turn. The policies are few and have names::

silence        0        0.2                0.3 … 1.5
default        │ pause: │ the words are    │ commit, the sooner the more complete the turn sounds,
               │        │ transcribed      │ but not before this speaker's usual pause within a turn
fixed-500ms    │        │                  │ commit at 0.5 s, whatever was said
"""

import re
import statistics
from collections.abc import Callable, Sequence
from typing import TypeAlias

from voice_livemind.errors import UserError
from voice_livemind.segments.sentences import sounds_whole
from voice_livemind.transcribe.evidence import Evidence
from voice_livemind.turns.completeness import commit_after_s, completeness
from voice_livemind.turns.request import asks

Policy: TypeAlias = Callable[[Evidence, Sequence[float]], float]
"""From what is known at a pause, and this speaker's pauses within turns in seconds, to seconds of silence."""

_AFTER_A_STATEMENT_S = 0.8
"""Who only told something will most likely go on: a problem is told before its question is asked."""
_FEWEST_PAUSES = 3
"""Before so many pauses nothing is known of a habit."""
_LAST_PAUSES = 5
_LONGEST_S = 60.0
"""More than ``commit_max_s`` can be."""
_MORE = 1.2


def policy_named(name: str) -> Policy:
    """``default`` (by how complete the turn sounds), or ``fixed-500ms`` and the like. Raises UserError."""
    if name == "default":
        return _by_completeness
    fixed = re.fullmatch(r"fixed-(\d+)ms", name)
    if fixed is None:
        raise UserError(f"turns.policy = {name}: not a policy; there are default, and fixed-500ms or any other number")
    return lambda _evidence, _pauses_s: int(fixed[1]) / 1000


def _by_completeness(evidence: Evidence, pauses_s: Sequence[float]) -> float:
    if not evidence.text:
        # Nothing that was heard is to be believed: there is nothing to answer, nor anything to hurry for.
        return _LONGEST_S
    probability = completeness(
        evidence.text,
        evidence.voice,
        trailing=evidence.trailing,
        last_word=evidence.last_word,
        language=evidence.language,
    )
    silence_s = commit_after_s(probability)
    if not asks(evidence.text, evidence.language):
        silence_s = max(silence_s, _AFTER_A_STATEMENT_S)
    if len(pauses_s) >= _FEWEST_PAUSES:
        # Who pauses long within turns is given that long, and a little more.
        silence_s = max(silence_s, _MORE * statistics.median(pauses_s[-_LAST_PAUSES:]))
    return silence_s


class Pauses:
    """The speaker's habit: how long the pauses between the sentences of a turn were in this conversation.

    Hesitations in mid-sentence tell nothing of it, and are not counted.
    """

    def __init__(self) -> None:
        self.lasted_s: list[float] = []
        self._speech_end_s: float | None = None
        self._after_sentence_s: float | None = None
        self._over: tuple[float, float] | None = None
        """The last pause, once it is over: its start, and its length."""

    def begin(self, speech_end_s: float) -> None:
        """The speaker pauses."""
        self._speech_end_s, self._over = speech_end_s, None

    def understood(self, speech_end_s: float, evidence: Evidence) -> None:
        """What was said before the pause is known; the pause may be over by then."""
        if not sounds_whole(evidence.text, evidence.language):
            return
        if self._over is not None and self._over[0] == speech_end_s:
            self.lasted_s.append(self._over[1])
        else:
            self._after_sentence_s = speech_end_s

    def end(self, speech_start_s: float) -> None:
        """The speaker went on: it was a pause within the turn."""
        if self._speech_end_s is None:
            return
        lasted_s = speech_start_s - self._speech_end_s
        if self._after_sentence_s == self._speech_end_s:
            self.lasted_s.append(lasted_s)
        else:
            self._over = self._speech_end_s, lasted_s
        self._speech_end_s = None
