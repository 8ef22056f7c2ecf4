"""One question, asked in one mode: what of the records of its turns a bench needs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from voice_livemind.bench.answers import answer_clause, answer_given, holds_answer, is_right
from voice_livemind.bench.figures import rounded
from voice_livemind.bench.questions import Question
from voice_livemind.record.turn import TurnRecord


@dataclass(frozen=True)
class QuestionRun:
    """Times are seconds from the true end of speech; ``None`` where a thing did not happen."""

    id: int | str
    mode: str
    sentences: int
    """Of the question, without its options."""
    characters: int
    """Of all that was said."""
    expected: str
    given: str | None
    """What the heard reply comes down to: a number or a letter."""
    right: bool
    first_word_s: float | None
    answer_s: float | None
    """Until the clause that carries the expected answer starts to be heard."""
    reply_words: int
    note_tokens: int
    reply_tokens: int
    wasted_tokens: int
    notes: int
    """Those that the reply was written from."""
    note_right: bool
    """Whether any note had the expected answer, used or not."""
    fallback: str | None
    policy: str
    """Of the end of the turn."""
    turns: tuple[dict[str, Any], ...]
    """The records. More than one: the turn was committed before its end, and the reply to the last part counts."""

    @classmethod
    def of(
        cls, question: Question, mode: str, policy: str, records: Sequence[TurnRecord], speech_end_s: float
    ) -> "QuestionRun":
        """``speech_end_s``: the true end of speech. It, and the time of the answer, are put down in the last record."""
        reply, first_word_s, answer_s = "", None, None
        if records:
            last = records[-1]
            reply = last.heard
            last.marks.speech_end = speech_end_s
            clause = answer_clause(last.clauses, question)
            if clause is not None and clause.played is not None:
                last.answer_s = clause.played[0] - speech_end_s
            first_word_s, answer_s = last.first_word_s, last.answer_s
        segments = [segment for record in records for segment in record.segments]
        return cls(
            id=question.id,
            mode=mode,
            sentences=len(question.sentences),
            characters=len(" ".join(question.spoken)),
            expected=question.answer,
            given=answer_given(reply, question),
            right=is_right(reply, question),
            first_word_s=first_word_s,
            answer_s=answer_s,
            reply_words=len(reply.split()),
            note_tokens=sum(record.tokens.notes for record in records),
            reply_tokens=sum(record.tokens.reply for record in records),
            wasted_tokens=sum(record.tokens.wasted for record in records),
            notes=sum(segment.fate == "used" for segment in segments),
            note_right=any(holds_answer(segment.note, question) for segment in segments if segment.note),
            fallback=records[-1].fallback if records else "nothing was heard",
            policy=policy,
            turns=tuple(json.loads(record.as_json()) for record in records),
        )

    def as_json(self) -> dict[str, Any]:
        """One of the ``runs`` in results.json."""
        fields: dict[str, Any] = rounded(asdict(self))
        return fields
