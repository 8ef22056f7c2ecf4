"""The clauses of one reply, synthesised one after the other; played as soon as they are ready and released."""

import asyncio
from collections.abc import Awaitable, Callable

from voice_livemind.clock import Clock
from voice_livemind.play.track import Track
from voice_livemind.record.turn import ClauseRecord, ReplyRecord
from voice_livemind.sound import Sound


class Speaking:
    """Speaks one reply and writes into its record what was really heard."""

    def __init__(
        self,
        synthesize: Callable[[str], Awaitable[Sound]],
        track: Track,
        clock: Clock,
        record: ReplyRecord,
        told: Callable[[str, float], None],
    ) -> None:
        """``told`` is called with each clause and the time from which it is played."""
        self._synthesize = synthesize
        self._track = track
        self._clock = clock
        self._record = record
        self._told = told
        self._ready: list[tuple[ClauseRecord, Sound]] = []
        self._released = asyncio.Event()

    async def run(self, clauses: "asyncio.Queue[str | None]") -> None:
        """Speak clauses until ``None`` comes; return when the last one has been heard."""
        while (text := await clauses.get()) is not None:
            began_s = self._clock.now()
            sound = await self._synthesize(text)
            clause = ClauseRecord(text, (began_s, self._clock.now()))
            self._record.clauses.append(clause)
            self._ready.append((clause, sound))
            if self._released.is_set():
                self._play()
        await self._released.wait()
        await self._clock.sleep_until(self._track.end_s)

    def release(self) -> None:
        """The reply may be heard: what is ready starts now."""
        self._released.set()
        self._play()

    def settle(self) -> None:
        """Stop whatever still sounds, and put down what was heard until now."""
        if not self._released.is_set():
            return
        now_s = self._clock.now()
        self._track.stop()
        heard: list[str] = []
        for clause in self._record.clauses:
            start_s, end_s = clause.played or (now_s, now_s)
            words = clause.text.split()
            share = min(1.0, max(0.0, (now_s - start_s) / (end_s - start_s))) if end_s > start_s else 0.0
            heard += words[: round(share * len(words))]
            clause.played = (start_s, min(end_s, now_s)) if share else None
        self._record.heard = " ".join(heard)

    def _play(self) -> None:
        for clause, sound in self._ready:
            clause.played = start_s, _ = self._track.play(sound)
            if self._record.first_audio is None:
                self._record.first_audio = start_s + sound.silence_s
            self._told(clause.text, start_s)
        self._ready.clear()
