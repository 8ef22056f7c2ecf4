"""The record of a turn: what was said, thought and answered, and when. One JSON object a line.

All times are seconds on the sample clock of the input; ``None`` where a thing did not happen.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

Action: TypeAlias = Literal["infer", "wait", "none"]
Fate: TypeAlias = Literal["used", "stale", "aborted", "late"]
Span: TypeAlias = tuple[float, float]


@dataclass
class SegmentRecord:
    """One sentence of the speaker, and the thought it led to."""

    index: int
    revision: int
    text: str
    start_s: float
    end_s: float
    action: Action = "none"
    note: str | None = None
    note_start_s: float | None = None
    """When the request for the note was sent."""
    note_end_s: float | None = None
    fate: Fate | None = None
    """What became of the note; ``None`` where there was no thought."""
    heard_s: float | None = None
    """When it was handed on."""


@dataclass
class RejectionRecord:
    """Text of the recogniser that was not believed."""

    text: str
    reason: str
    start_s: float
    end_s: float


@dataclass
class Marks:
    """When each thing happened."""

    speech_start: float | None = None
    speech_end: float | None = None
    """The last voiced sample, known afterwards; never the moment that silence was noticed."""
    pause: float | None = None
    text_final: float | None = None
    committed: float | None = None
    first_token: float | None = None
    first_clause: float | None = None
    first_audio: float | None = None
    """The first audible sample of the answer, at its place in the reply file or at the device."""
    reply_end: float | None = None
    first_sound: float | None = None
    """The first audible sample of anything: of a greeting, or "one moment", that comes before the answer, or of a
    prepared sentence in its place. That of the answer where there is none."""


@dataclass
class Tokens:
    """Language-model tokens that were generated for this turn."""

    notes: int = 0
    reply: int = 0
    wasted: int = 0
    """Generated, but neither a used note nor part of the reply."""


@dataclass
class ClauseRecord:
    """One clause of the reply: what was said, when it was synthesised and when it was played."""

    text: str
    synthesis: Span
    played: Span | None = None


@dataclass
class ReplyRecord:
    """One reply, from its request on: that of the turn, or a draft that was taken back."""

    text: str = ""
    """What the model wrote."""
    tokens: int = 0
    fallback: str | None = None
    generation: Span | None = None
    clauses: list[ClauseRecord] = field(default_factory=list)
    first_token: float | None = None
    first_clause: float | None = None
    first_audio: float | None = None
    first_sound: float | None = None
    heard: str = ""


@dataclass
class TurnRecord:
    """Everything that one turn leaves behind."""

    turn: int
    """Counted from 1."""
    mode: str
    transcript: str = ""
    reply: str = ""
    """What the model wrote."""
    heard: str = ""
    """What was really played before the end or an interruption."""
    segments: list[SegmentRecord] = field(default_factory=list)
    marks: Marks = field(default_factory=Marks)
    answer_s: float | None = None
    """Start of the heard clause that carries the expected answer, less ``speech_end``, where the answer is known."""
    tokens: Tokens = field(default_factory=Tokens)
    interrupted: bool = False
    fallback: str | None = None
    """Why the reply was not made in the way that the mode says, in words."""
    commits: list[float] = field(default_factory=list)
    """Every commitment; more than one where the speaker went on right after the first and the turn was reopened."""
    rejected: list[RejectionRecord] = field(default_factory=list)
    pauses: list[Span] = field(default_factory=list)
    """Each pause that was followed by its text: when it was noticed, and when all words before it were known."""
    transcription: list[Span] = field(default_factory=list)
    """When the speech recogniser was computing for this turn."""
    generation: Span | None = None
    """From sending the request for the reply to its last token."""
    clauses: list[ClauseRecord] = field(default_factory=list)
    holds: list[Span] = field(default_factory=list)
    """When the reply was silenced because somebody might be speaking; for good, where it was interrupted."""

    def take(self, reply: ReplyRecord) -> None:
        """``reply`` is the one that was spoken."""
        self.reply, self.heard, self.clauses = reply.text, reply.heard, reply.clauses
        self.generation, self.fallback = reply.generation, reply.fallback
        self.tokens.reply = reply.tokens
        self.marks.first_token, self.marks.first_clause = reply.first_token, reply.first_clause
        self.marks.first_audio, self.marks.first_sound = reply.first_audio, reply.first_sound
        self.marks.reply_end = max((clause.played[1] for clause in reply.clauses if clause.played), default=None)

    @property
    def first_word_s(self) -> float | None:
        """From the true end of speech to the first audible sample of the answer; prepared sentences are none."""
        return self._after_speech(self.marks.first_audio)

    @property
    def first_sound_s(self) -> float | None:
        """From the true end of speech to the first audible sample of anything that is said."""
        return self._after_speech(self.marks.first_sound)

    @property
    def clause_to_audio_s(self) -> float | None:
        """From the text of the first clause to its first audible sample at the listener; with it the wait for the
        commitment, where the reply was drafted before."""
        if self.marks.first_audio is None or self.marks.first_clause is None:
            return None
        return self.marks.first_audio - self.marks.first_clause

    def _after_speech(self, moment: float | None) -> float | None:
        return None if moment is None or self.marks.speech_end is None else moment - self.marks.speech_end

    def as_json(self) -> str:
        """One line, fields in their documented order, seconds rounded to the millisecond."""
        fields = asdict(self)
        ordered: dict[str, Any] = {}
        for name, value in fields.items():
            if name == "answer_s":
                ordered["first_word_s"] = self.first_word_s
                ordered["clause_to_audio_s"] = self.clause_to_audio_s
            ordered[name] = value
        return json.dumps(_rounded(ordered), ensure_ascii=False)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
