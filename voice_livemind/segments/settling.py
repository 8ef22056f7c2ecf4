"""Words of overlapping passes become segments; what a later pass hears otherwise is revised.

::

    speech      ██ s0 ██   ██ s1a ██     ██ s1b ██   ██ s2
    passes      └──p1──┘   └───p2──┘
                           └─────────p3──────────┘
    segments    s0.0       s1.0          s1.1 (revised)

A whole sentence before a pause (p1) is settled when speech goes on. What is not whole (p2), or short, is heard once
more together with what follows it (p3).

Speech without a pause is heard again every few seconds, and a sentence is handed on when two passes agree on it
(LocalAgreement-2; Liu et al. 2020, arXiv 2005.11185, section 2; Macháček et al. 2023, arXiv 2307.14743, section 2).
"""

from collections.abc import Callable, Sequence

from voice_livemind.segments.segment import Segment, same_words
from voice_livemind.segments.sentences import ends_sentence
from voice_livemind.transcribe.hypothesis import Word

_SETTLE_BEYOND_S = 3.0
"""Shorter sound is heard again with what follows it even after a whole sentence: a pass over it costs next to nothing
more, and what was torn by a hesitation is mended."""
_CUT_BEYOND_S = 6.0
"""Sound that waits to be settled is cut between sentences from here on: shorter passes are cheaper."""
_LONGEST_S = 20.0
"""A sentence longer than this is cut at a pause, or where two passes agree."""


class Settling:
    """The segments of one turn. The next pass of the recogniser is to begin at ``from_s``."""

    def __init__(self, from_s: float, quietest: Callable[[float, float], float], is_complete: Callable[[str], bool]):
        """``quietest(near_s, reach_s)``: where to cut; ``is_complete``: whether a text can be the end of a sentence."""
        self.from_s = from_s
        self._quietest = quietest
        self._is_complete = is_complete
        self._settled: list[Segment] = []
        self._tail: list[Segment] = []
        self._heard: list[Word] = []
        """Words of the last pass."""
        self._settle_at_s: float | None = None

    @property
    def segments(self) -> list[Segment]:
        """All segments as they are heard now, without those that were taken away."""
        return [segment for segment in (*self._settled, *self._tail) if segment.text]

    @property
    def text(self) -> str:
        """What was said so far."""
        return " ".join(segment.text for segment in self.segments)

    def unsettled(self, words: Sequence[Word]) -> str:
        """What of the ``words`` of a pass was said after all segments."""
        end_s = max((segment.end_s for segment in self.segments), default=self.from_s)
        return _text([word for word in words if (word.start_s + word.end_s) / 2 > end_s])

    def at_pause(self, words: Sequence[Word], end_s: float) -> list[Segment]:
        """A pass from ``from_s`` to a pause at ``end_s``. Returns what is new or revised."""
        sentences = _sentences(words)
        changed = self._revise(sentences)
        self._heard = list(words)
        whole = bool(sentences) and self._is_complete(_text(sentences[-1]))
        if end_s - self.from_s > (_SETTLE_BEYOND_S if whole else _LONGEST_S):
            self._settle_at_s = end_s
        elif len(sentences) > 1 and end_s - self.from_s > _CUT_BEYOND_S:
            self._settle(len(sentences) - 1, self._between(sentences[-2], sentences[-1]))
        return changed

    def in_speech(self, words: Sequence[Word], end_s: float) -> list[Segment]:
        """A pass from ``from_s`` to ``end_s`` while speech goes on. Returns what is new or revised."""
        agreed = _agreement(self._heard, words)
        self._heard = list(words)
        sentences = _sentences(words)
        sure: list[list[Word]] = []
        for sentence in sentences[:-1]:
            if sum(map(len, sure)) + len(sentence) > agreed:
                break
            sure.append(sentence)
        if not sure and agreed and end_s - self.from_s > _LONGEST_S:
            sentences = [list(words[:agreed]), list(words[agreed:])]
            sure = sentences[:1]
        if len(sure) < len(self._tail):
            # The tail was heard at a pause, with nothing after it; it is judged again at the next one.
            return []
        changed = self._revise(sure)
        if sure and end_s - self.from_s > _CUT_BEYOND_S and sentences[len(sure)]:
            self._settle(len(sure), self._between(sure[-1], sentences[len(sure)]))
        return changed

    def resumed(self) -> None:
        """Speech goes on: a pause after a whole sentence was the end of that sentence."""
        if self._settle_at_s is not None:
            self._settle(len(self._tail), self._settle_at_s)
        self._settle_at_s = None

    def _revise(self, sentences: Sequence[Sequence[Word]]) -> list[Segment]:
        """Make the tail say ``sentences``; return the segments that changed."""
        changed: list[Segment] = []
        tail: list[Segment] = []
        for place, sentence in enumerate(sentences):
            before = self._tail[place] if place < len(self._tail) else None
            text = _text(sentence)
            if before is not None and same_words(before.text, text):
                tail.append(before)
                continue
            index = len(self._settled) + place
            revision = before.revision + 1 if before is not None else 0
            start_s = max(sentence[0].start_s, (tail or self._settled)[-1].end_s if tail or self._settled else 0.0)
            segment = Segment(index, revision, text, start_s, max(start_s, sentence[-1].end_s), self._is_complete(text))
            tail.append(segment)
            changed.append(segment)
        for gone in self._tail[len(sentences) :]:
            end_s = max(gone.end_s, tail[-1].end_s if tail else gone.start_s)
            withdrawn = Segment(gone.index, gone.revision + bool(gone.text), "", end_s, end_s)
            tail.append(withdrawn)
            if gone.text:
                changed.append(withdrawn)
        self._tail = tail
        return changed

    def _settle(self, count: int, at_s: float) -> None:
        self._settled += self._tail[:count]
        self._tail = self._tail[count:]
        self._heard = []
        self.from_s = at_s

    def _between(self, before: Sequence[Word], after: Sequence[Word]) -> float:
        near_s = (before[-1].end_s + after[0].start_s) / 2
        return max(self.from_s, self._quietest(near_s, 0.25))


def _sentences(words: Sequence[Word]) -> list[list[Word]]:
    """Words in sentences; the last may be unfinished."""
    sentences: list[list[Word]] = []
    begin = 0
    for place, word in enumerate(words):
        following = words[place + 1].text if place + 1 < len(words) else None
        if following is None or ends_sentence(word.text, following):
            sentences.append(list(words[begin : place + 1]))
            begin = place + 1
    return sentences


def _agreement(before: Sequence[Word], now: Sequence[Word]) -> int:
    """How many first words two passes have in common."""
    count = 0
    for old, new in zip(before, now, strict=False):
        if not same_words(old.text, new.text):
            break
        count += 1
    return count


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)
