"""The clauses of one reply, synthesised one after the other; played as soon as they are ready and released."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from voice_livemind.clock import Clock
from voice_livemind.play.output import Output
from voice_livemind.record.turn import ClauseRecord, ReplyRecord
from voice_livemind.sound import Sound
from voice_livemind.speak.heard import words_heard
from voice_livemind.surroundings import Prepared

_LOOK_AGAIN_S = 0.01


class _Placed(NamedTuple):
    """A clause in the row of samples that the output plays."""

    clause: ClauseRecord
    sound: Sound
    first: int
    prepared: bool


class Speaking:
    """Speaks one reply and writes into its record what was really heard."""

    def __init__(
        self,
        synthesize: Callable[[str], Awaitable[Sound]],
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
        self._ready: list[tuple[ClauseRecord, Sound, bool]] = []
        self._placed: list[_Placed] = []
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
                continue
            began_s = self._clock.now()
            sound = await self._synthesize(text)
            if self._spoken_s and self._spoken_s + sound.seconds > self._longest_s:
                break
            self._spoken_s += sound.seconds
            self._add(text, sound, began_s, prepared=False)
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
        for clause, sound, first, prepared in self._placed:
            last = min(self._output.heard, first + len(sound.samples)) - 1
            if last < first:
                clause.played = None
                continue
            clause.played = self._output.heard_at(first), self._output.heard_at(last) + 1 / sound.rate_hz
            audible = first + round(sound.silence_s * sound.rate_hz)
            if audible <= last:
                self._sounds(self._output.heard_at(audible), prepared)
        # From here on the row of samples belongs to the replies that follow.
        self._placed.clear()

    def _words(self, row: Sequence[_Placed]) -> str:
        """Those of these clauses that have been heard until now."""
        heard = self._output.heard
        words: list[str] = []
        for clause, sound, first, _ in row:
            heard_s = max(0, heard - first) / sound.rate_hz
            words += words_heard(clause.text, sound.word_ends_s, sound.seconds, heard_s)
        return " ".join(words)

    def _add(self, text: str, sound: Sound, began_s: float, prepared: bool) -> None:
        clause = ClauseRecord(text, (began_s, self._clock.now()))
        self._record.clauses.append(clause)
        self._ready.append((clause, sound, prepared))
        if self._released.is_set():
            self._play()

    def _play(self) -> None:
        for clause, sound, prepared in self._ready:
            first = self._output.queued
            clause.played = start_s, _ = self._output.play(sound)
            self._placed.append(_Placed(clause, sound, first, prepared))
            self._sounds(start_s + sound.silence_s, prepared)
            self._told(clause.text, start_s, prepared)
        self._ready.clear()

    def _sounds(self, audible_s: float, prepared: bool) -> None:
        """From then on a clause is audible; the first one counts."""
        if self._record.first_sound is None:
            self._record.first_sound = audible_s
        if self._record.first_audio is None and not prepared:
            self._record.first_audio = audible_s
