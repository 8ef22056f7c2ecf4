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
from voice_livemind.surroundings import Surroundings

Prepare: TypeAlias = Callable[[], Awaitable[tuple[Sequence[Step], Sequence[str]]]]
"""Gives what was thought about, and the sentences after that."""


class Draft:
    """Owns the task that writes one reply and has it spoken, and its record."""

    def __init__(self, words: str, around: Surroundings) -> None:
        """``words``: the transcript that is replied to."""
        self.record = ReplyRecord()
        self.whole = False
        """The model has written all of it."""
        self._words = words
        self._clauses: asyncio.Queue[str | None] = asyncio.Queue()
        stations, clock = around.stations, around.clock
        self._answer = Answer(around.mode, stations, around.settings.reply, clock, self.record, self._clauses)
        self._speaking = Speaking(stations.synthesize, around.output, clock, self.record, around.view.clause)
        self._task: asyncio.Task[None] | None = None

    def begin(self, tasks: asyncio.TaskGroup, history: Sequence[Exchange], prepare: Prepare) -> None:
        """Start writing."""
        self._task = tasks.create_task(self._run(history, prepare))

    def replies_to(self, words: str) -> bool:
        """Whether ``words`` are those that it replies to, but for case, space and punctuation."""
        return same_words(self._words, words)

    @property
    def sounds(self) -> bool:
        """It is being heard, or would be if nothing held it."""
        return self._speaking.begun and self._task is not None and not self._task.done()

    @property
    def heard(self) -> str:
        """The words of it that have been heard until now."""
        return self._speaking.heard

    def release(self) -> None:
        """It may be heard, from now on."""
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
            steps, unthought = await prepare()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._speaking.run(self._clauses))
                await self._answer.write(history, steps, unthought)
                self.whole = True
        finally:
            self._speaking.settle()
