"""The picture of a recording and its reply: who spoke, thought and worked when, as SVG.

It shows what the record says and nothing else: what has no time in the record has no place in the picture.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from voice_livemind.record.turn import TurnRecord
from voice_livemind.sound import Sound
from voice_livemind.timeline import svg
from voice_livemind.timeline.layout import EDGE_PX, LEFT_PX, Scale
from voice_livemind.timeline.marks import first_word, first_words, mark_labels, mark_lines
from voice_livemind.timeline.page import FATES, GRID, INK, MUTED, PAPER, ROW_GAP_PX, Page
from voice_livemind.timeline.rows import has_thought, reply_rows, speech_row, thoughts_row, words_row, work_rows

_TITLE_SIZE = 20.0
_REMARK_SIZE = 13.0
_MEANINGS = {
    "used": "the reply had it",
    "stale": "its words changed",
    "late": "not ready for the reply",
    "aborted": "broken off",
    "wait": "too little yet",
}


def draw_timeline(turns: Sequence[TurnRecord], question: Sound, reply: Sound, title: str) -> str:
    """A self-contained SVG of what was heard in ``question``, thought, and answered in ``reply``."""
    page = Page(Scale.fitting(max(question.seconds, reply.seconds, *_times_s(turns), 0.0)))
    _header(page, turns, title)
    first_words(page, turns)
    top = page.y
    mark_labels(page, turns)
    speech_row(page, turns, question)
    words_row(page, turns)
    thoughts_row(page, turns)
    work_rows(page, turns)
    reply_rows(page, turns, reply)
    mark_lines(page, turns, top)
    _axis(page, top)
    _legend(page, turns)
    root = svg.document(page.scale.width, page.y, title, _description(turns))
    svg.rect(root, "paper", 0, 0, page.scale.width, page.y, PAPER)
    root.extend([page.grid, page.behind, page.front])
    return svg.rendered(root)


def _description(turns: Sequence[TurnRecord]) -> str:
    """The picture in words, a line a turn."""
    return "\n".join(_described(turn) for turn in turns) or "Nothing was said."


def _described(turn: TurnRecord) -> str:
    return (
        f"Turn {turn.turn}, mode {turn.mode}. Said: {turn.transcript or 'nothing.'} "
        f"Heard in reply: {turn.heard or 'nothing.'} {''.join(first_word(turn)).capitalize()}."
    )


def _times_s(turns: Sequence[TurnRecord]) -> Iterator[float]:
    """Every time that the picture has to reach."""
    for turn in turns:
        spans = [*turn.transcription, turn.generation]
        for clause in turn.clauses:
            spans += [clause.synthesis, clause.played]
        times = [*vars(turn.marks).values(), *chain.from_iterable(span for span in spans if span)]
        for segment in turn.segments:
            times += [segment.end_s, segment.note_start_s, segment.note_end_s]
        yield from (time for time in times if time is not None)


def _header(page: Page, turns: Sequence[TurnRecord], title: str) -> None:
    width = page.scale.width - 2 * EDGE_PX
    page.y += 34
    line = svg.shortened(title, width / svg.BOLD, _TITLE_SIZE)
    svg.write(page.front, line, EDGE_PX, page.y, _TITLE_SIZE, INK, class_="heading", font_weight="bold")
    for remark in _remarks(turns):
        page.y += 20
        line = svg.shortened(remark, width, _REMARK_SIZE)
        svg.write(page.front, line, EDGE_PX, page.y, _REMARK_SIZE, MUTED, class_="remark")
    page.y += ROW_GAP_PX


def _remarks(turns: Sequence[TurnRecord]) -> Iterator[str]:
    modes = dict.fromkeys(turn.mode for turn in turns)
    if modes:
        yield f"mode {', '.join(modes)}"
    for turn in turns:
        if turn.fallback is not None:
            yield f"turn {turn.turn}: {turn.fallback}"


def _axis(page: Page, top: float) -> None:
    """Seconds along the bottom, and a faint line up from each."""
    scale, bottom = page.scale, page.y
    svg.rect(page.front, "axis", LEFT_PX, bottom, scale.right - LEFT_PX, 1, MUTED)
    for time_s in scale.ticks_s():
        x = scale.x(time_s)
        svg.rect(page.grid, "grid", x, top, 1, bottom - top + 5, GRID)
        svg.write(page.front, f"{time_s:g}", x, bottom + 18, 11, MUTED, class_="tick-label", text_anchor="middle")
    page.row_name("seconds", bottom + 14)
    page.y += 18 + ROW_GAP_PX


def _legend(page: Page, turns: Sequence[TurnRecord]) -> None:
    """What the colours of the thoughts mean, where there are any."""
    if not any(has_thought(segment) for turn in turns for segment in turn.segments):
        return
    x, baseline = LEFT_PX, page.y + 12
    page.row_name("thoughts", baseline - 4)
    for outcome, (colour, _) in FATES.items():
        text = f"{outcome}: {_MEANINGS[outcome]}"
        svg.rect(page.front, "legend", x, baseline - 9, 10, 10, colour)
        svg.write(page.front, text, x + 15, baseline, 11, INK, class_="legend")
        x += svg.text_width(text, 11) + 28
    page.y += 16 + ROW_GAP_PX
