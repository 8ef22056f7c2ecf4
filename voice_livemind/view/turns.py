"""Turns as lines: what was said with the thoughts under it, and the reply with what was heard of it."""

from collections.abc import Sequence

from rich.text import Text

from voice_livemind.record.turn import SegmentRecord
from voice_livemind.view.state import ShownTurn
from voice_livemind.view.wrap import Word, paragraph, words_of

_PAST_LINES = 2
"""Of what was said, and of the reply, once another turn has begun."""
_PAST_WORDS = 8
"""Of the reply before, and of that after, the place where it was cut: it is to be seen."""
_FATES = {
    "used": ("kept", "green"),
    "stale": ("stale", "yellow"),
    "aborted": ("aborted", "red"),
    "late": ("late", "red"),
}


def past_turn(turn: ShownTurn, width: int) -> list[Text]:
    """In short, without thoughts."""
    said = paragraph("you", words_of(turn.record.transcript), width, "cyan", _PAST_LINES)
    heard, rest = _heard_and_rest(turn)
    if turn.record.interrupted:
        heard, rest = _last_words(heard), rest[:_PAST_WORDS]
    return [*said, *_reply(turn, heard, rest, width, _PAST_LINES)]


def current_turn(turn: ShownTurn, width: int) -> list[Text]:
    """With all that was thought, each thought under its sentence."""
    lines: list[Text] = []
    for revisions in _sentences(turn.record.segments):
        lines += paragraph("" if lines else "you", words_of(revisions[-1].text), width, "cyan")
        for revision in revisions:
            lines += _thought(revision, width)
    if turn.words:
        lines += paragraph("" if lines else "you", words_of(turn.words, "dim italic"), width, "cyan")
    if not lines:
        lines += paragraph("you", [Word("…", "dim")], width, "cyan")
    lines += _reply(turn, *_heard_and_rest(turn), width)
    if turn.over and turn.record.fallback is not None:
        lines += paragraph("", words_of(turn.record.fallback, "red"), width)
    return lines


def _sentences(segments: Sequence[SegmentRecord]) -> list[list[SegmentRecord]]:
    """The revisions of each sentence that was not taken away, in their order."""
    by_index: dict[int, list[SegmentRecord]] = {}
    for segment in segments:
        by_index.setdefault(segment.index, []).append(segment)
    return [revisions for revisions in by_index.values() if revisions[-1].text]


def _thought(segment: SegmentRecord, width: int) -> list[Text]:
    if segment.fate is None and segment.note_start_s is not None and segment.note_end_s is None:
        return paragraph("→", words_of("thinking …", "dim"), width, "dim")
    if segment.fate is None:
        return []
    fate, colour = _FATES[segment.fate]
    note = words_of(segment.note or "…", "" if segment.fate == "used" else "dim strike" if segment.note else "dim")
    return paragraph("→", [*note, Word(f"· {fate}", colour)], width, colour)


def _heard_and_rest(turn: ShownTurn) -> tuple[list[Word], list[Word]]:
    """Of the reply: bright, and dim."""
    words = words_of(turn.reply)
    count = len(turn.heard.split())
    return [Word(word.text, "bold") for word in words[:count]], [Word(word.text, "dim") for word in words[count:]]


def _last_words(words: list[Word]) -> list[Word]:
    if len(words) <= _PAST_WORDS:
        return words
    return [Word("…", words[0].style), *words[-_PAST_WORDS:]]


def _reply(turn: ShownTurn, heard: list[Word], rest: list[Word], width: int, most: int = 99) -> list[Text]:
    """With a mark where it was cut."""
    if not heard and not rest:
        return []
    cut = [Word("—cut—", "bold red")] if turn.record.interrupted else []
    return paragraph("says", [*heard, *cut, *rest], width, "green", most)
