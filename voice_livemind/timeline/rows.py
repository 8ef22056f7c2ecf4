"""The rows of a timeline, from the speech down to the words of the reply."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voice_livemind.record.turn import SegmentRecord, Span, TurnRecord
from voice_livemind.sound import Sound
from voice_livemind.timeline import svg
from voice_livemind.timeline.cards import Card, draw_cards
from voice_livemind.timeline.layout import LEFT_PX, envelope, lanes
from voice_livemind.timeline.page import (
    CUT,
    FATES,
    INK,
    MUTED,
    REPLY,
    REPLY_TINT,
    ROW_GAP_PX,
    SPEECH,
    SPEECH_TINT,
    SPEECH_WASH,
    WORK,
    WORK_TINT,
    WORK_WASH,
    Page,
)

_SPEECH_PX = 76.0
_REPLY_PX = 60.0
_WORK_PX = 10.0
_QUIET = 0.05
"""Sound whose peak is below this is drawn as small as it is: silence must not look like speech."""
_WORK_SHADES = (WORK, "#8c959f")
_POINTS_PER_PX = 2
_NOTE_PX = 150.0
"""How wide a note may get: thinking is faster than speech, and its bars are short."""


class _Work(NamedTuple):
    """A bar in one of the rows of work."""

    span: Span
    tooltip: str
    tick_s: float | None = None


def speech_row(page: Page, turns: Sequence[TurnRecord], question: Sound) -> None:
    """What was heard, with the spans of speech shaded."""
    top, scale = page.y, page.scale
    for turn in turns:
        start, end = turn.marks.speech_start, turn.marks.speech_end
        if start is not None and end is not None:
            width = max(scale.x(end) - scale.x(start), 1.0)
            svg.rect(page.behind, "speech", scale.x(start), top, width, _SPEECH_PX, SPEECH_TINT)
    _waveform(page, question, _SPEECH_PX, SPEECH, "speech-wave")
    page.row_name("speech", top + _SPEECH_PX / 2)
    if not any(turn.transcript or turn.segments for turn in turns):
        page.label("nothing was said", scale.x(0) + 8, top + 14, MUTED, "nothing")
    page.y += 4


def words_row(page: Page, turns: Sequence[TurnRecord]) -> None:
    """The segments at their times."""
    _card_row(page, "words", [_words(turn, segment) for turn in turns for segment in turn.segments])


def thoughts_row(page: Page, turns: Sequence[TurnRecord]) -> None:
    """What the thinker made of the segments, while it made it."""
    segments = [segment for turn in turns for segment in turn.segments]
    _card_row(page, "thoughts", [_thought(segment) for segment in segments if has_thought(segment)])


def has_thought(segment: SegmentRecord) -> bool:
    """Whether there is anything to draw of what the thinker made of it."""
    return segment.action == "wait" or segment.note is not None or segment.note_start_s is not None


def work_rows(page: Page, turns: Sequence[TurnRecord]) -> None:
    """What was computed between the words: recognition, the reply, its sound."""
    _work_row(page, "transcribe", [_Work(span, "transcription") for turn in turns for span in turn.transcription])
    _work_row(page, "write reply", [_writing(turn, turn.generation) for turn in turns if turn.generation is not None])
    clauses = [clause for turn in turns for clause in turn.clauses]
    _work_row(page, "synthesise", [_Work(clause.synthesis, clause.text) for clause in clauses])
    page.y += ROW_GAP_PX


def reply_rows(page: Page, turns: Sequence[TurnRecord], reply: Sound) -> None:
    """What was played, and its words."""
    top = page.y
    _waveform(page, reply, _REPLY_PX, REPLY, "reply-wave")
    page.row_name("reply", top + _REPLY_PX / 2)
    for turn in turns:
        _cut(page, turn, top)
    page.y += 4
    cards = [card for turn in turns for card in _played(turn)]
    _card_row(page, "its words", cards)


def _card_row(page: Page, name: str, cards: Sequence[Card]) -> None:
    if not cards:
        return
    page.row_name(name, page.y + 12)
    page.y = draw_cards(page.front, page.scale, cards, page.y) + ROW_GAP_PX


def _words(turn: TurnRecord, segment: SegmentRecord) -> Card:
    newest = max(other.revision for other in turn.segments if other.index == segment.index)
    replaced = segment.revision < newest
    return Card(
        kind="segment",
        start_s=segment.start_s,
        end_s=segment.end_s,
        text=f"{segment.index + 1} · {segment.text}",
        tooltip=segment.text + (f" (replaced by revision {newest})" if replaced else ""),
        bar=WORK_TINT if replaced else SPEECH,
        fill=WORK_WASH if replaced else SPEECH_WASH,
        ink=MUTED if replaced else INK,
    )


def _thought(segment: SegmentRecord) -> Card:
    waiting = segment.action == "wait" and segment.note is None
    outcome = "wait" if waiting else segment.fate
    colour, tint = FATES[outcome or "wait"]
    start_s, end_s = segment.note_start_s, segment.note_end_s
    # A used note is the ordinary case; of the others words too say what became of them.
    words = [str(segment.index + 1), outcome if outcome != "used" else None, segment.note]
    return Card(
        kind="wait" if waiting else "thought",
        start_s=segment.end_s if start_s is None else start_s,
        end_s=start_s if start_s is None or end_s is None else end_s,
        text=" · ".join(word for word in words if word),
        tooltip=f"{segment.note or 'no note'} ({outcome or 'fate not recorded'}; about: {segment.text})",
        bar=colour,
        fill=tint,
        ink=MUTED if waiting else INK,
        room_px=_NOTE_PX,
        size=9.0 if waiting else 11.0,
        max_lines=8,
    )


def _played(turn: TurnRecord) -> list[Card]:
    spoken = [(clause.text, clause.played) for clause in turn.clauses if clause.played is not None]
    if not spoken and turn.heard and turn.marks.first_audio is not None:
        return [_clause(turn.heard, turn.marks.first_audio, turn.marks.reply_end)]
    if spoken and turn.interrupted and not turn.heard.endswith(spoken[-1][0]):
        text, span = spoken.pop()
        spoken.append((f"{text} (cut short)", span))
    return [_clause(text, *span) for text, span in spoken]


def _clause(text: str, start_s: float, end_s: float | None) -> Card:
    return Card("clause", start_s, end_s, text, text, bar=REPLY, fill=REPLY_TINT, ink=INK)


def _writing(turn: TurnRecord, generation: Span) -> _Work:
    return _Work(generation, "reply: from the request to the last token; the tick is the first", turn.marks.first_token)


def _work_row(page: Page, name: str, work: Sequence[_Work]) -> None:
    if not work:
        return
    page.row_name(name, page.y + _WORK_PX / 2)
    work = sorted(work, key=lambda item: item.span)
    chosen = lanes([item.span for item in work])
    for index, (item, lane) in enumerate(zip(work, chosen, strict=True)):
        # Alternating shades tell neighbours apart.
        _work_bar(page, item, page.y + lane * (_WORK_PX + 2), _WORK_SHADES[index % 2])
    page.y += (max(chosen) + 1) * (_WORK_PX + 2) + 6


def _work_bar(page: Page, item: _Work, top: float, shade: str) -> None:
    start, end = page.scale.x(item.span[0]), page.scale.x(item.span[1])
    group = svg.add(page.front, "g", class_="work")
    svg.add(group, "title", f"{item.tooltip} ({item.span[1] - item.span[0]:.2f} s)")
    svg.rect(group, "bar", start, top, max(end - start, 1.0), _WORK_PX, shade)
    if item.tick_s is not None:
        svg.rect(group, "tick", page.scale.x(item.tick_s) - 1, top - 3, 2, _WORK_PX + 6, INK)


def _waveform(page: Page, sound: Sound, height: float, colour: str, kind: str) -> None:
    """A line through the middle, and on it the sound, as high as its row allows."""
    scale, middle = page.scale, page.y + height / 2
    svg.rect(page.behind, "zero", LEFT_PX, middle, scale.right - LEFT_PX, 1, WORK_TINT)
    span = sound.seconds * scale.px_per_s
    lows, highs = envelope(sound.samples, round(span * _POINTS_PER_PX))
    if len(lows):
        gain = height / 2 / max(float(-lows.min()), float(highs.max()), _QUIET)
        xs = LEFT_PX + (np.arange(len(lows)) + 0.5) * span / len(lows)
        outline = [*_points(xs, middle - highs * gain), *_points(xs, middle - lows * gain)[::-1]]
        svg.add(page.front, "path", class_=kind, d=f"M{' '.join(outline)}Z", fill=colour)
    page.y += height


def _points(xs: NDArray[np.float64], ys: NDArray[np.floating]) -> list[str]:
    """Where the line goes straight on, the points between are left out: a reply is mostly silence."""
    bends = np.ones(len(ys), dtype=bool)
    bends[1:-1] = (ys[1:-1] != ys[:-2]) | (ys[1:-1] != ys[2:])
    return [f"{svg.number(x)},{svg.number(y)}" for x, y in zip(xs[bends].tolist(), ys[bends].tolist(), strict=True)]


def _cut(page: Page, turn: TurnRecord, top: float) -> None:
    """A jagged line where the reply was broken off."""
    time_s = _last_heard_s(turn)
    if not turn.interrupted or time_s is None:
        return
    x = page.scale.x(time_s)
    zigzag = " ".join(f"{svg.number(x + 4 * (-1) ** step)},{svg.number(top + step * 6)}" for step in range(11))
    svg.add(page.front, "polyline", class_="cut", points=zigzag, fill="none", stroke=CUT, stroke_width=2)
    page.label("interrupted", x + 9, top + 10, CUT, "cut-label")


def _last_heard_s(turn: TurnRecord) -> float | None:
    if turn.marks.reply_end is not None:
        return turn.marks.reply_end
    return max((clause.played[1] for clause in turn.clauses if clause.played is not None), default=None)
