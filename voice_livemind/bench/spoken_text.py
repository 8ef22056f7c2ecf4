"""Speech whose words are known: silence, with a voice detector and a recogniser that go by a script.

The turn machine, its pauses and everything after it are the real ones; only the ears are replaced. Hearing takes no
time and makes no error.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from voice_livemind.config import Settings
from voice_livemind.hear.frames import FRAME_S, RATE_HZ, Frame, Samples
from voice_livemind.hear.turn_sound import Chunk
from voice_livemind.stations import Stations
from voice_livemind.transcribe.hypothesis import Hypothesis, Word

CHARACTERS_A_SECOND = 15.0
"""Of fluent speech, the pauses after sentences included."""
PAUSE_S = 0.36
"""After each sentence: what espeak-ng leaves, and less than the silence that ends a turn."""
_POLICY = "fixed-400ms"
"""Ends the turn: there is no voice that the default policy could judge by. What that waits for after a question of a
fluent speaker (0.34 s in the median), and more than the pauses after the sentences."""
_LEAD_S = 0.5
_WORDS_A_SECOND = 5.0
"""At most: single signs and digits are short to write, not to say."""


class Said(NamedTuple):
    """A piece of speech, and what a recogniser makes of it."""

    start_s: float
    end_s: float
    text: str


class SpokenText:
    """Somebody who says sentences at given times."""

    def __init__(self, said: Sequence[Said]) -> None:
        self._said = said

    @property
    def end_s(self) -> float:
        """When the last sentence is over; 0 where nothing is said."""
        return max((end_s for _, end_s, _ in self._said), default=0.0)

    def samples(self, tail_s: float = 0.0) -> Samples:
        """What a microphone would hear until ``tail_s`` after the end: silence stands for all of it."""
        return np.zeros(round((self.end_s + tail_s) * RATE_HZ), np.int16)

    def ears(self, stations: Stations) -> Stations:
        """The same stations, with this script in place of the recogniser."""
        return replace(stations, recognize=self.recognize, hear_end=self.hear_end)

    def is_speech(self, frame: Frame) -> bool:
        """Whether somebody speaks during the frame."""
        return any(start_s - 1e-6 <= frame.start_s < end_s - 1e-6 for start_s, end_s, _ in self._said)

    async def recognize(self, chunk: Chunk) -> Hypothesis:
        """The words whose middle lies within the chunk."""
        return Hypothesis(list(self._words(chunk)), mean_logprob=-0.1, no_speech=0.01)

    async def hear_end(self, _chunk: Chunk) -> float:
        """There is no voice that could say anything about the end of the turn."""
        return 0.5

    def _words(self, chunk: Chunk) -> Iterator[Word]:
        for start_s, end_s, text in self._said:
            words = text.split()
            step_s = (end_s - start_s) / max(1, len(words))
            for place, word in enumerate(words):
                word_s = start_s + place * step_s
                if chunk.start_s <= word_s + step_s / 2 < chunk.end_s:
                    yield Word(word, word_s, word_s + step_s)


def as_heard(settings: Settings) -> Settings:
    """The same, with a policy for the end of the turn that needs no voice."""
    if settings.turns.policy != "default":
        return settings
    return settings.model_copy(update={"turns": settings.turns.model_copy(update={"policy": _POLICY})})


def at_the_speed_of_speech(sentences: Sequence[str]) -> list[Said]:
    """Each sentence and the pause after it take ``CHARACTERS_A_SECOND``, on the grid of the frames."""
    said: list[Said] = []
    start = _frames(_LEAD_S)
    for sentence in sentences:
        speech_s = (len(sentence) + 1) / CHARACTERS_A_SECOND - PAUSE_S
        end = start + _frames(max(speech_s, len(sentence.split()) / _WORDS_A_SECOND))
        said.append(Said(start * FRAME_S, end * FRAME_S, sentence))
        start = end + _frames(PAUSE_S)
    return said


def _frames(seconds: float) -> int:
    return round(seconds / FRAME_S)
