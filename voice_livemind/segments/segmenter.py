"""Collects words until a sentence is whole."""

from collections.abc import Iterable
from dataclasses import dataclass

from voice_livemind.segments.sentences import ends_sentence
from voice_livemind.transcribe.hypothesis import Word


@dataclass(frozen=True)
class Segment:
    """One sentence of the turn. Never changed: a correction is a new revision."""

    index: int
    """Place in the turn, from 0."""
    revision: int
    text: str
    start_s: float
    end_s: float


class Segmenter:
    """Takes the words of one turn in their order and gives back whole sentences."""

    def __init__(self) -> None:
        self._index = 0
        self._open: list[Word] = []

    def add(self, words: Iterable[Word]) -> list[Segment]:
        """Take the words of the next chunk; return the sentences that they complete."""
        self._open.extend(words)
        segments: list[Segment] = []
        begin = 0
        for place, word in enumerate(self._open):
            following = self._open[place + 1].text if place + 1 < len(self._open) else None
            if ends_sentence(word.text, following):
                segments.append(self._segment(self._open[begin : place + 1]))
                begin = place + 1
        self._open = self._open[begin:]
        return segments

    def flush(self) -> list[Segment]:
        """The turn is over: what is left is a sentence too."""
        rest, self._open = self._open, []
        return [self._segment(rest)] if rest else []

    def _segment(self, words: list[Word]) -> Segment:
        text = " ".join(word.text for word in words)
        segment = Segment(self._index, 0, text, words[0].start_s, words[-1].end_s)
        self._index += 1
        return segment
