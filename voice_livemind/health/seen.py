"""What the page is told: a pure function of what is known of the kiosk and of its turns."""

from collections.abc import Iterable
from typing import Any

from voice_livemind.health.report import obstacles
from voice_livemind.health.waits import Waits
from voice_livemind.health.watching import WatchedTurn
from voice_livemind.kiosk.state import KioskState
from voice_livemind.record.turn import SegmentRecord

_FATES = {"used": "kept", "stale": "stale", "aborted": "aborted", "late": "late"}


def seen(state: KioskState, turns: Iterable[WatchedTurn], now_s: float) -> dict[str, Any]:
    """It changes only when there is something new to be seen. ``now_s`` is on the monotonic clock, all other times are
    on the sample clock."""
    return {
        "activity": state.activity,
        "detail": state.detail,
        "obstacles": obstacles(state, now_s),
        "rung": state.rung,
        "shed": state.shed.name.lower(),
        "devices": {name: {"works": works, "message": message} for name, (works, message) in state.devices.items()},
        "self_test": state.self_test and {"ok": state.self_test.ok, "detail": state.self_test.detail},
        "visitors": state.visitors,
        "turns": [_turn(turn) for turn in turns],
    }


def _turn(turn: WatchedTurn) -> dict[str, Any]:
    record, marks = turn.record, turn.record.marks
    written = record.reply if turn.over else " ".join(text for text, _ in turn.clauses)
    words = written.split()
    heard = len(turn.heard.split())
    return {
        "number": turn.number,
        "over": turn.over,
        "sentences": _sentences(record.segments),
        "words": turn.words,
        "heard": " ".join(words[:heard]),
        "rest": " ".join(words[heard:]),
        "interrupted": record.interrupted,
        "fallback": record.fallback,
        "speech": (marks.speech_start, marks.speech_end if marks.pause is not None or turn.over else None),
        "committed": marks.committed,
        "reply": (turn.clauses[0][1] if turn.clauses else None, marks.reply_end if turn.over else None),
        "waits": _waits(turn),
    }


def _waits(turn: WatchedTurn) -> dict[str, float | None]:
    """The record knows of the first word when the turn is over; the page, as soon as it is played."""
    waits = Waits.of(turn.record)
    speech_end = turn.record.marks.speech_end
    if turn.clauses and not turn.over and speech_end is not None:
        waits = waits._replace(first_sound=round(turn.clauses[0][1] - speech_end, 3))
        if turn.answer_s is not None:
            waits = waits._replace(first_word=round(turn.answer_s - speech_end, 3))
    return waits._asdict()


def _sentences(segments: Iterable[SegmentRecord]) -> list[dict[str, Any]]:
    """Each with all thoughts about its revisions; without those that were taken away."""
    revisions: dict[int, list[SegmentRecord]] = {}
    for segment in segments:
        revisions.setdefault(segment.index, []).append(segment)
    return [
        {"text": kept[-1].text, "thoughts": [_thought(each) for each in kept if each.note_start_s is not None]}
        for kept in revisions.values()
        if kept[-1].text
    ]


def _thought(segment: SegmentRecord) -> dict[str, Any]:
    """One that led to nothing worth a note is a wait."""
    thinking = segment.note_end_s is None
    fate = "thinking" if thinking else _FATES[segment.fate] if segment.fate is not None else "wait"
    return {"note": segment.note or "", "fate": fate, "start_s": segment.note_start_s, "end_s": segment.note_end_s}
