"""Transcribes one turn while it goes on: when a pass of the recogniser is due, and what becomes of what it hears.

A pass is due at each pause, over what is not settled yet, and every few seconds of speech that knows no pause. The one
for a pause begins at the lull before it, and with it the judgement whether the voice sounds like the end::

    speech    ████████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁       ████████▁▁▁▁▁▁▁██████████████████████
    events            ├─Lull  ├─Pause                       ├─Lull  └─NoPause
    pass                └───────────┐ text is known           └───────────┐ as if it had been due in speech
    voice               └──┘                                  └──┘

Both at once: the voice takes one core for 50 ms, the pass two for 260 ms, and each after the other takes longer. Seven
of eight lulls become pauses. What is heard at one that does not is a pass in speech like those that are due.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from voice_livemind.clock import Clock
from voice_livemind.hear.turn_sound import KEEP_AFTER_S, Chunk, TurnSound
from voice_livemind.record.turn import RejectionRecord, TurnRecord
from voice_livemind.segments.segment import Segment
from voice_livemind.segments.settling import Settling
from voice_livemind.transcribe.evidence import Evidence
from voice_livemind.transcribe.hypothesis import Hypothesis, doubt, within_speech
from voice_livemind.transcribe.language import SpokenLanguage
from voice_livemind.turns.machine import LULL_S, Commit, Lull, NoPause, Resume

Recognize: TypeAlias = Callable[[Chunk], Awaitable[Hypothesis]]

_LONGEST_VOICE_S = 8.0
"""The window of the model that hears the end of a turn."""
_ALL_AT_ONCE_S = 28.0
"""The recogniser's window is 30 s."""


@dataclass(frozen=True)
class _Paused:
    speech_end_s: float
    noticed_s: float


@dataclass(frozen=True)
class _Spoken:
    until_s: float


@dataclass(frozen=True)
class _Early:
    """A pass that was begun at a lull, before it was a pause."""

    speech_end_s: float
    hypothesis: Hypothesis | None


class Listening:
    """Owns the words of one turn. ``until_committed`` does the work; all else is told to it, in order."""

    def __init__(
        self,
        recognize: Recognize,
        hear_end: Callable[[Chunk], Awaitable[float]],
        sound: TurnSound,
        settling: Settling,
        clock: Clock,
        record: TurnRecord,
        language: SpokenLanguage,
        changed: Callable[[Segment], None],
        unsettled: Callable[[str], None],
        understood: Callable[[Evidence, float], None],
    ) -> None:
        """``changed`` is called with each new or revised segment; ``unsettled``, after each pass, with what was heard
        after them all; ``understood``, when the words before a pause are known, with what speaks for or against the end
        of the turn, and the end of speech before the pause."""
        self._recognize = recognize
        self._hear_end = hear_end
        self._sound = sound
        self._settling = settling
        self._clock = clock
        self._record = record
        self._language = language
        self._changed = changed
        self._unsettled = unsettled
        self._understood = understood
        self._events: asyncio.Queue[Lull | NoPause | _Paused | _Spoken | Resume | Commit] = asyncio.Queue()
        self._pauses_s: list[float] = []
        self._busy = False
        self._voice: tuple[float, asyncio.Task[float]] | None = None
        """The last end of speech that the voice was judged at, and how probable it is that the turn is over."""
        self._early: _Early | None = None

    @property
    def caught_up(self) -> bool:
        """Nothing that it was told of is still to be transcribed."""
        return self._events.empty() and not self._busy

    def lulled(self, speech_end_s: float) -> None:
        """The speaker may be about to pause."""
        self._events.put_nowait(Lull(speech_end_s))

    def went_on(self, speech_start_s: float) -> None:
        """It was no pause."""
        self._events.put_nowait(NoPause(speech_start_s))

    def paused(self, speech_end_s: float) -> None:
        """The speaker is silent for a moment."""
        self._pauses_s.append(speech_end_s)
        self._events.put_nowait(_Paused(speech_end_s, self._clock.now()))

    def spoken(self, until_s: float) -> None:
        """The speaker has been speaking for long without a pause."""
        self._events.put_nowait(_Spoken(until_s))

    def resumed(self, speech_start_s: float) -> None:
        """The speaker goes on."""
        self._events.put_nowait(Resume(speech_start_s))

    def committed(self, speech_end_s: float) -> None:
        """The turn is over."""
        self._events.put_nowait(Commit(speech_end_s))

    async def until_committed(self) -> None:
        """Transcribe what comes until the turn is committed. May be called again when it is reopened."""
        async with asyncio.TaskGroup() as judging:
            while True:
                self._busy = False
                event = await self._events.get()
                self._busy = True
                match event:
                    case Lull(speech_end_s):
                        self._judge_voice(speech_end_s, judging)
                        if self._events.empty():
                            await self._at_lull(speech_end_s)
                    case NoPause():
                        self._without_pause()
                    case _Paused(speech_end_s, noticed_s):
                        voice = self._judge_voice(speech_end_s, judging)
                        await self._at_pause(speech_end_s, noticed_s, voice)
                    case _Spoken(until_s) if self._events.empty():
                        await self._in_speech(until_s)
                    case Resume():
                        self._settling.resumed()
                    case Commit():
                        return

    async def all_at_once(self, speech_start_s: float, speech_end_s: float) -> str:
        """The text of the whole turn, as if nothing had been transcribed yet, in windows cut at pauses."""
        texts: list[str] = []
        start_s = speech_start_s
        while start_s < speech_end_s:
            ends = [end_s for end_s in self._pauses_s if start_s < end_s <= start_s + _ALL_AT_ONCE_S]
            end_s = max(ends, default=start_s + _ALL_AT_ONCE_S)
            hypothesis = await self._pass(start_s, end_s + KEEP_AFTER_S)
            texts += [hypothesis.text] if hypothesis is not None else []
            start_s = end_s
        self._record.marks.text_final = self._clock.now()
        return " ".join(texts)

    async def _at_lull(self, speech_end_s: float) -> None:
        self._early = _Early(speech_end_s, await self._pass(self._settling.from_s, speech_end_s + LULL_S))

    def _without_pause(self) -> None:
        early, self._early = self._early, None
        if early is not None:
            self._heard_in_speech(early.hypothesis, early.speech_end_s + LULL_S)

    async def _at_pause(self, speech_end_s: float, noticed_s: float, voice: "asyncio.Task[float]") -> None:
        end_s = speech_end_s + KEEP_AFTER_S
        early, self._early = self._early, None
        if early is not None and early.speech_end_s == speech_end_s:
            hypothesis = early.hypothesis
        else:
            hypothesis = await self._pass(self._settling.from_s, end_s)
        if hypothesis is not None:
            self._tell(self._settling.at_pause(hypothesis.words, end_s))
        self._unsettled("")
        over = await voice
        self._record.marks.text_final = self._clock.now()
        self._record.pauses.append((noticed_s, self._clock.now()))
        evidence = Evidence(self._settling.text, self._language.code, voice=over)
        if hypothesis is not None:
            evidence = evidence._replace(trailing=hypothesis.trailing, last_word=hypothesis.last_word)
        self._understood(evidence, speech_end_s)

    def _judge_voice(self, speech_end_s: float, tasks: asyncio.TaskGroup) -> "asyncio.Task[float]":
        """How probable it is, by its sound, that the turn is over; heard once for each end of speech."""
        if self._voice is None or self._voice[0] != speech_end_s:
            chunk = self._sound.between(speech_end_s - _LONGEST_VOICE_S, speech_end_s + LULL_S)
            self._voice = speech_end_s, tasks.create_task(self._ask_voice(chunk))
        return self._voice[1]

    async def _ask_voice(self, chunk: Chunk) -> float:
        return await self._hear_end(chunk)

    async def _in_speech(self, until_s: float) -> None:
        self._heard_in_speech(await self._pass(self._settling.from_s, until_s), until_s)

    def _heard_in_speech(self, hypothesis: Hypothesis | None, until_s: float) -> None:
        if hypothesis is not None:
            self._tell(self._settling.in_speech(hypothesis.words, until_s))
            self._unsettled(self._settling.unsettled(hypothesis.words))

    def _tell(self, segments: list[Segment]) -> None:
        for segment in segments:
            self._changed(segment)

    async def _pass(self, from_s: float, end_s: float) -> Hypothesis | None:
        """What the recogniser heard within a span; ``None`` where it is not to be believed."""
        chunk = replace(self._sound.between(from_s, end_s), language=self._language.known)
        began_s = self._clock.now()
        hypothesis = await self._recognize(chunk)
        self._record.transcription.append((began_s, self._clock.now()))
        reason = doubt(hypothesis, chunk.voiced_s)
        if reason is None:
            self._language.heard(hypothesis, chunk.voiced_s)
            return within_speech(hypothesis, *chunk.voiced)
        self._record.rejected.append(RejectionRecord(hypothesis.text, reason, chunk.start_s, chunk.end_s))
        return None
