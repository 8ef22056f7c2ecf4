"""How long each part of an answer was in coming."""

from typing import NamedTuple

from voice_livemind.record.turn import TurnRecord


class Waits(NamedTuple):
    """Seconds after the true end of speech; ``None`` where it did not happen. What was drafted in advance can be
    there before the commitment."""

    pause_wait: float | None
    """Until the silence was noticed."""
    text_wait: float | None
    """Until all words were known."""
    commit_wait: float | None
    """Until the turn was taken to be over."""
    first_token: float | None
    first_clause: float | None
    first_sound: float | None
    """Until anything was audible: the answer, or a prepared sentence before it or in its place."""
    first_word: float | None
    """Until the first audible sample of the answer; ``None`` where there were only prepared sentences."""

    @classmethod
    def of(cls, turn: TurnRecord) -> "Waits":
        """Taken from the marks of a turn."""
        marks = turn.marks
        moments = (
            marks.pause,
            marks.text_final,
            marks.committed,
            marks.first_token,
            marks.first_clause,
            marks.first_sound,
            marks.first_audio,
        )
        if marks.speech_end is None:
            return cls(*(None for _ in moments))
        return cls(*(None if moment is None else round(moment - marks.speech_end, 3) for moment in moments))
