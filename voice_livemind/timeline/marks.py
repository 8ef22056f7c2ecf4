"""The moments of a turn: lines through the picture, and the time to the first word written large above them."""

from collections.abc import Sequence
from typing import NamedTuple

from voice_livemind.record.turn import TurnRecord
from voice_livemind.timeline import svg
from voice_livemind.timeline.layout import EDGE_PX, Scale, lanes
from voice_livemind.timeline.page import COMMITTED, INK, LABEL_SIZE, MUTED, PAPER, REPLY, ROW_GAP_PX, Page

_LABEL_LANE_PX = 15.0
_CALLOUT_LANE_PX = 36.0
_CALLOUT_SIZES = (15.0, 28.0, 15.0)
_CALLOUT_WEIGHTS = ("normal", "bold", "normal")


class _Mark(NamedTuple):
    """A vertical line through the picture, with its name."""

    name: str
    time_s: float
    colour: str
    dashes: str

    @property
    def label(self) -> str:
        return f"{self.name} {self.time_s:.2f}"


class _Callout(NamedTuple):
    """A time to the first word: where its text stands and what its arrow spans, in pixels."""

    left: float
    width: float
    parts: tuple[str, str, str]
    start: float
    end: float


def first_word(turn: TurnRecord) -> tuple[str, str, str]:
    """What is written large, in three parts of which the middle one is largest."""
    if turn.first_word_s is None:
        return "no word was spoken", "", ""
    side = "after" if turn.first_word_s >= 0 else "before"
    return "first word ", f"{abs(turn.first_word_s):.2f} s", f" {side} the end of speech"


def first_words(page: Page, turns: Sequence[TurnRecord]) -> None:
    """For each turn the time to its first word, over an arrow as long as that time."""
    callouts = [
        _callout(page.scale, turn, turn.marks.speech_end, numbered=len(turns) > 1)
        for turn in turns
        if turn.marks.speech_end is not None
    ]
    chosen = lanes([(callout.left, callout.left + callout.width + EDGE_PX) for callout in callouts])
    page.y += (max(chosen, default=-1) + 1) * _CALLOUT_LANE_PX
    for callout, lane in zip(callouts, chosen, strict=True):
        _draw_callout(page, callout, page.y - (lane + 1) * _CALLOUT_LANE_PX)
    page.y += ROW_GAP_PX


def mark_labels(page: Page, turns: Sequence[TurnRecord]) -> None:
    """The names of the lines, each beside its line; those that would overlap one under another."""
    marks = _marks(turns)
    lefts = [page.scale.x(mark.time_s) + 4 for mark in marks]
    widths = [svg.text_width(mark.label, LABEL_SIZE) + 6 for mark in marks]
    chosen = lanes([(left, left + width) for left, width in zip(lefts, widths, strict=True)])
    for mark, left, lane in zip(marks, lefts, chosen, strict=True):
        page.label(mark.label, left, page.y + 10 + lane * _LABEL_LANE_PX, mark.colour, "mark-label")
    page.y += (max(chosen, default=-1) + 1) * _LABEL_LANE_PX + 4


def mark_lines(page: Page, turns: Sequence[TurnRecord], top: float) -> None:
    """The lines, from ``top`` down to where the page is filled."""
    for mark in _marks(turns):
        x = page.scale.x(mark.time_s)
        svg.add(
            page.behind,
            "line",
            class_="mark",
            x1=x,
            x2=x,
            y1=top - 8,
            y2=page.y,
            stroke=mark.colour,
            stroke_width=1.2,
            stroke_dasharray=mark.dashes,
        )


def _marks(turns: Sequence[TurnRecord]) -> list[_Mark]:
    """Every line, in order of time."""
    marks = []
    for turn in turns:
        at = turn.marks
        answer_s = None if turn.answer_s is None or at.speech_end is None else at.speech_end + turn.answer_s
        named = [
            ("speech end", at.speech_end, INK, "none"),
            ("pause", at.pause, MUTED, "2 3"),
            ("committed", at.committed, COMMITTED, "7 3"),
            ("first word", at.first_audio, REPLY, "7 3"),
            ("answer", answer_s, REPLY, "2 3"),
        ]
        marks += [_Mark(name, time_s, colour, dashes) for name, time_s, colour, dashes in named if time_s is not None]
    return sorted(marks, key=lambda mark: mark.time_s)


def _callout(scale: Scale, turn: TurnRecord, speech_end_s: float, numbered: bool) -> _Callout:
    before, number, after = first_word(turn)
    parts = (f"turn {turn.turn} · {before}" if numbered else before, number, after)
    widths = [svg.text_width(part, size) for part, size in zip(parts, _CALLOUT_SIZES, strict=True)]
    width = widths[0] + widths[1] * svg.BOLD + widths[2]
    start, end = scale.x(speech_end_s), scale.x(speech_end_s + (turn.first_word_s or 0.0))
    left = min((start + end - width) / 2, scale.width - EDGE_PX - width)
    return _Callout(max(left, EDGE_PX), width, parts, start, end)


def _draw_callout(page: Page, callout: _Callout, top: float) -> None:
    group = svg.add(page.front, "g", class_="first-word")
    svg.rect(group, "box", callout.left, top, callout.width, _CALLOUT_LANE_PX - 6, PAPER)
    text = svg.write(group, None, callout.left + callout.width / 2, top + 25, 15, INK, text_anchor="middle")
    for part, size, weight in zip(callout.parts, _CALLOUT_SIZES, _CALLOUT_WEIGHTS, strict=True):
        # Without the attribute some viewers drop the spaces at the ends of the parts.
        span = svg.add(text, "tspan", part, font_size=size, font_weight=weight)
        span.set("xml:space", "preserve")
    if callout.start != callout.end:
        _arrow(group, callout.start, callout.end, page.y + 2)
        svg.rect(page.behind, "leader", (callout.start + callout.end) / 2, top + 20, 1, page.y - top - 18, MUTED)


def _arrow(parent: svg.Element, start: float, end: float, y: float) -> None:
    """A dimension line with a head at either end."""
    left, right = min(start, end), max(start, end)
    head = min(7.0, (right - left) / 2)
    svg.rect(parent, "dimension", left, y - 1, right - left, 2, INK)
    for tip, base in ((left, left + head), (right, right - head)):
        corners = ((tip, y), (base, y - 4), (base, y + 4))
        points = " ".join(f"{svg.number(x)},{svg.number(at)}" for x, at in corners)
        svg.add(parent, "polygon", class_="head", points=points, fill=INK)
