"""A reply from its request to its last sample: private until it is released.

::

    pause        text final                    commitment
      ├─ transcribe ─┤ reply ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒│
                          └ synthesis ▒▒▒▒▒▒▒ held ├ heard ▓▓▓▓▓▓▓▓▓▓
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from voice_livemind.mind.prompts import Exchange, Step
from voice_livemind.record.turn import ReplyRecord
from voice_livemind.reply.answer import Answer
from voice_livemind.segments.segment import same_words
from voice_livemind.speak.speaking import Speaking
from voice_livemind.surroundings import Excuse, Prepared, Surroundings

Prepare: TypeAlias = Callable[[], Awaitable[tuple[Sequence[Step], Sequence[str]]]]
"""Gives what was thought about, and the sentences after that."""


class Draft:
    """Owns the task that writes one reply and has it spoken, and its record."""

    def __init__(self, words: str, around: Surroundings) -> None:
        """``words``: the transcript that is replied to."""
        self.record = ReplyRecord()
        self.whole = False
        """All of it is written."""
        self._words = words
        self._reception = around.host.receive(words)
        self._excuse = around.host.excuse
        self._clauses: asyncio.Queue[str | Prepared | None] = asyncio.Queue()
        stations, settings = around.stations, around.settings.reply
        self._clock = clock = around.clock
        torn = self._excuse.sorry if self._excuse is not None else None
        self._answer = Answer(around.mode, stations, settings, clock, self.record, self._clauses, torn)
        speak = stations.synthesize, around.output, clock, self.record, around.view.clause
        self._speaking = Speaking(*speak, settings.max_s)
        self._task: asyncio.Task[None] | None = None
        self._due_from_s: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """The end of the speech that it replies to, once it may be heard."""

    def begin(self, tasks: asyncio.TaskGroup, history: Sequence[Exchange], prepare: Prepare) -> None:
        """Start writing."""
        self._task = tasks.create_task(self._run(history, prepare))

    def replies_to(self, words: str) -> bool:
        """Whether ``words`` are those that it replies to, but for case, space and punctuation."""
        return same_words(self._words, words)

    @property
    def answer(self) -> str | None:
        """What was heard of the model's answer, once it is over; ``None`` where no model was to answer."""
        return self._speaking.answer if self._reception.answered else None

    @property
    def sounds(self) -> bool:
        """It is being heard, or would be if nothing held it."""
        return self._speaking.begun and self._task is not None and not self._task.done()

    @property
    def heard(self) -> str:
        """The words of it that have been heard until now."""
        return self._speaking.heard

    def release(self, speech_end_s: float) -> None:
        """It may be heard, from now on; the speech that it replies to ended at ``speech_end_s``."""
        if not self._due_from_s.done():
            self._due_from_s.set_result(speech_end_s)
        self._speaking.release()

    def cancel(self) -> None:
        """Nobody is to hear any more of it."""
        if self._task is not None:
            self._task.cancel()

    async def over(self) -> None:
        """Wait until it was heard, or its cancellation is done."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self, history: Sequence[Exchange], prepare: Prepare) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._reception.said is not None:
                    self._speaking.say(self._reception.said)
                work = [tasks.create_task(self._write(history, prepare))]
                if self._excuse is not None and self._reception.answered:
                    work.append(tasks.create_task(self._hurry(work[0], self._excuse)))
                await self._speaking.run(self._clauses)
                # It may be over before all is written: a reply has its longest time.
                for task in work:
                    task.cancel()
        finally:
            self._speaking.settle()

    async def _write(self, history: Sequence[Exchange], prepare: Prepare) -> None:
        if self._reception.answered:
            steps, unthought = await prepare()
            await self._answer.write(history, steps, unthought)
        else:
            said, self.record.fallback = self._reception.said, self._reception.why
            self.record.text = said.text if said is not None else ""
            self._clauses.put_nowait(None)
        self.whole = True

    async def _hurry(self, writing: "asyncio.Task[None]", excuse: Excuse) -> None:
        """Nobody is to wait in silence, nor for ever."""
        speech_end_s = await self._due_from_s
        await self._clock.sleep_until(speech_end_s + excuse.wait_after_s)
        if not self._speaking.answering:
            self._speaking.say(excuse.wait)
        await self._clock.sleep_until(speech_end_s + excuse.sorry_after_s)
        if self.record.first_clause is None and not self.whole:
            writing.cancel()
            self.record.fallback = f"no reply within {excuse.sorry_after_s:g} s"
            self._speaking.say(excuse.sorry)
            self._clauses.put_nowait(None)
