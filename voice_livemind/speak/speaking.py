"""The clauses of one reply, synthesised one after the other and played as soon as they are ready."""

import asyncio
from collections.abc import Awaitable, Callable

from voice_livemind.clock import Clock
from voice_livemind.play.track import Track
from voice_livemind.record.turn import ClauseRecord, TurnRecord
from voice_livemind.sound import Sound


class Speaking:
    """Speaks one reply and writes into the record what was really heard."""

    def __init__(
        self,
        synthesize: Callable[[str], Awaitable[Sound]],
        track: Track,
        clock: Clock,
        record: TurnRecord,
        told: Callable[[str, float], None],
    ) -> None:
        """``told`` is called with each clause and the time from which it is played."""
        self._synthesize = synthesize
        self._track = track
        self._clock = clock
        self._record = record
        self._told = told

    async def run(self, clauses: "asyncio.Queue[str | None]") -> None:
        """Speak clauses until ``None`` comes; return when the last one has been heard."""
        while (text := await clauses.get()) is not None:
            began_s = self._clock.now()
            sound = await self._synthesize(text)
            clause = ClauseRecord(text, (began_s, self._clock.now()), self._track.play(sound))
            self._record.clauses.append(clause)
            assert clause.played is not None
            if self._record.marks.first_audio is None:
                self._record.marks.first_audio = clause.played[0] + sound.silence_s
            self._told(text, clause.played[0])
        await self._clock.sleep_until(self._track.end_s)

    def settle(self) -> None:
        """Stop whatever still sounds, and put down what was heard until now."""
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
        ends = [clause.played[1] for clause in self._record.clauses if clause.played]
        self._record.marks.reply_end = max(ends, default=None)
