"""The clauses of one reply, synthesised one after the other; played as soon as they are ready and released.

The first one is waited for: it is played from its first part on, and the rest of it comes while that is heard.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from voice_livemind.clock import Clock
from voice_livemind.play.output import Output
from voice_livemind.record.turn import ClauseRecord, ReplyRecord
from voice_livemind.sound import Sound
from voice_livemind.speak.heard import words_heard
from voice_livemind.surroundings import Prepared

_LOOK_AGAIN_S = 0.01


@dataclass
class _Clause:
    """What is known of a clause, from its first part on."""

    record: ClauseRecord
    sound: Sound
    """As much as there is of it."""
    prepared: bool
    first: int = 0
    """Once it is played: its place in the row of samples of the output."""


class Speaking:
    """Speaks one reply and writes into its record what was really heard."""

    def __init__(
        self,
        synthesize: Callable[[str], AsyncIterator[Sound]],
        output: Output,
        clock: Clock,
        record: ReplyRecord,
        told: Callable[[str, float, bool], None],
        longest_s: float,
    ) -> None:
        """``told`` is called with each clause, the time from which it is played, and whether it is a prepared sentence.

        A clause with which more than ``longest_s`` would be spoken is not spoken, and none after it; the first one is.
        """
        self._synthesize = synthesize
        self._output = output
        self._clock = clock
        self._record = record
        self._told = told
        self._longest_s = longest_s
        self._spoken_s = 0.0
        self.answer = ""
        """What was heard of it, without prepared sentences, once it is over."""
        self._ready: list[_Clause] = []
        self._placed: list[_Clause] = []
        self._released = asyncio.Event()

    @property
    def begun(self) -> bool:
        """It is being heard, or would be if nothing held it."""
        return bool(self._placed)

    @property
    def answering(self) -> bool:
        """More of it than prepared sentences has begun."""
        return any(not placed.prepared for placed in self._placed)

    @property
    def heard(self) -> str:
        """The words that have been heard until now."""
        return self._words(self._placed) if self._placed else self._record.heard

    async def run(self, clauses: "asyncio.Queue[str | Prepared | None]") -> None:
        """Speak clauses until ``None`` comes, or the longest time is over; return when the last one has been heard."""
        while (text := await clauses.get()) is not None:
            if isinstance(text, Prepared):
                self.say(text)
            elif not await (self._speak(text) if self._spoken_s else self._begin(text)):
                break
        await self._released.wait()
        # There is no event to wait for: while the output is held, its end moves on.
        while (rest_s := self._output.end_s - self._clock.now()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(max(rest_s, _LOOK_AGAIN_S))

    def say(self, prepared: Prepared) -> None:
        """This comes next, before what is not synthesised yet."""
        self._add(prepared.text, prepared.sound, self._clock.now(), prepared=True)

    def release(self) -> None:
        """The reply may be heard: what is ready starts now."""
        self._released.set()
        self._play()

    def settle(self) -> None:
        """Stop whatever still sounds, and put down what was heard until now, and when."""
        if not self._released.is_set():
            return
        self._output.stop()
        self._record.heard = self.heard
        self.answer = self._words([placed for placed in self._placed if not placed.prepared])
        self._record.first_audio = self._record.first_sound = None
        for clause in self._placed:
            sound, first = clause.sound, clause.first
            last = min(self._output.heard, first + len(sound.samples)) - 1
            if last < first:
                clause.record.played = None
                continue
            clause.record.played = self._output.heard_at(first), self._output.heard_at(last) + 1 / sound.rate_hz
            audible = first + round(sound.silence_s * sound.rate_hz)
            if audible <= last:
                self._sounds(self._output.heard_at(audible), clause.prepared)
        # From here on the row of samples belongs to the replies that follow.
        self._placed.clear()

    def _words(self, row: Sequence[_Clause]) -> str:
        """Those of these clauses that have been heard until now."""
        heard = self._output.heard
        words: list[str] = []
        for clause in row:
            heard_s = max(0, heard - clause.first) / clause.sound.rate_hz
            words += words_heard(clause.record.text, clause.sound.word_ends_s, clause.sound.seconds, heard_s)
        return " ".join(words)

    async def _begin(self, text: str) -> bool:
        """Speak the first clause, however long it is, as its parts come."""
        began_s = self._clock.now()
        clause: _Clause | None = None
        async for part in self._synthesize(text):
            if clause is None:
                clause = self._add(text, part, began_s, prepared=False)
            else:
                self._extend(clause, part)
            self._spoken_s += part.seconds
        return True

    async def _speak(self, text: str) -> bool:
        """Speak a clause whole; whether there was time for it."""
        began_s = self._clock.now()
        sound, *rest = [part async for part in self._synthesize(text)]
        for part in rest:
            sound = sound.followed_by(part)
        if self._spoken_s + sound.seconds > self._longest_s:
            return False
        self._spoken_s += sound.seconds
        self._add(text, sound, began_s, prepared=False)
        return True

    def _add(self, text: str, sound: Sound, began_s: float, prepared: bool) -> _Clause:
        record = ClauseRecord(text, (began_s, self._clock.now()))
        clause = _Clause(record, sound, prepared)
        self._record.clauses.append(record)
        self._ready.append(clause)
        if self._released.is_set():
            self._play()
        return clause

    def _extend(self, clause: _Clause, part: Sound) -> None:
        """More of the clause that was added last: what is prepared is said before an answer or instead of it."""
        record = clause.record
        record.synthesis = record.synthesis[0], self._clock.now()
        clause.sound = clause.sound.followed_by(part)
        if record.played is not None:
            record.played = record.played[0], self._output.play(part)[1]

    def _play(self) -> None:
        for clause in self._ready:
            clause.first = self._output.queued
            clause.record.played = start_s, _ = self._output.play(clause.sound)
            self._placed.append(clause)
            self._sounds(start_s + clause.sound.silence_s, clause.prepared)
            self._told(clause.record.text, start_s, clause.prepared)
        self._ready.clear()

    def _sounds(self, audible_s: float, prepared: bool) -> None:
        """From then on a clause is audible; the first one counts."""
        if self._record.first_sound is None:
            self._record.first_sound = audible_s
        if self._record.first_audio is None and not prepared:
            self._record.first_audio = audible_s
