"""LiveMind as published: one note, or a wait, for what has been said since the last one.

Source: LiveMind, arXiv 2406.14319, section 3 (actions *inference* and *wait*, layout UA-SPI). The newest sentence is
withheld until the speaker goes on: it may be the last one, and the last one belongs to the answer::

    speech    ██ s0 ██   ██ s1 ██   ██ s2 ██
    thoughts            ▐ s0 → n0▐ ▐ s1 → n1▐     s2 is left for the answer
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voice_livemind.clock import Clock
from voice_livemind.mind.prompts import LINE_END, Exchange, Step, note_in, thinking_messages
from voice_livemind.record.turn import SegmentRecord
from voice_livemind.segments.segment import Segment
from voice_livemind.serving.chat import ChatModel, ModelError


@dataclass
class _Thought:
    """A sentence that waits to be thought about, and what is recorded of it."""

    segment: Segment
    record: SegmentRecord


@dataclass
class _Taken:
    """A step of the conversation with the thinker, and the segments that it was written from."""

    thoughts: list[_Thought]
    step: Step


class Thinking:
    """The thoughts of one turn. ``run`` is the only task; all else is told to it."""

    def __init__(
        self,
        thinker: ChatModel,
        history: Sequence[Exchange],
        note_max_tokens: int,
        clock: Clock,
        told: Callable[[SegmentRecord], None],
    ) -> None:
        """``told`` is called with the record of a segment when its note is written."""
        self._thinker = thinker
        self._history = history
        self._note_max_tokens = note_max_tokens
        self._clock = clock
        self._told = told
        self._taken: list[_Taken] = []
        self._pending: list[_Thought] = []
        self._speech_s = 0.0
        self._resting = False
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self.tokens = 0
        self.failure: str | None = None

    @property
    def steps(self) -> list[Step]:
        """What was thought about."""
        return [taken.step for taken in self._taken if taken.step.sentences]

    @property
    def unthought(self) -> list[str]:
        """Sentences without a step: they are left for the answer."""
        return [thought.segment.text for thought in self._pending if thought.segment.text]

    def add(self, segment: Segment, record: SegmentRecord) -> None:
        """A sentence is new or was heard otherwise. A note on its earlier words is stale, and so are the later ones."""
        kept = next((place for place, taken in enumerate(self._taken) if _has(taken.thoughts, segment.index)), None)
        if kept is not None:
            stale, self._taken = self._taken[kept:], self._taken[:kept]
            for taken in stale:
                taken.thoughts[-1].record.fate = "stale" if taken.step.note else None
            self._pending = [thought for taken in stale for thought in taken.thoughts] + self._pending
        self._pending = [thought for thought in self._pending if thought.segment.index != segment.index]
        self._pending.append(_Thought(segment, record))
        self._pending.sort(key=lambda thought: thought.segment.index)
        self._changed.set()

    def goes_on(self, speech_s: float) -> None:
        """There is speech at ``speech_s``: no sentence before it is the last one."""
        self._speech_s = speech_s
        self._changed.set()

    async def rest(self) -> None:
        """The turn is over: think no further. Returns when the thought under way has ended, which is not cancelled."""
        self._resting = True
        self._changed.set()
        await self._idle.wait()

    def go_on(self) -> None:
        """The turn was not over: think on."""
        self._resting = False
        self._changed.set()

    def stop(self) -> None:
        """Nobody needs these thoughts any more."""
        self._resting = True

    async def run(self) -> None:
        """Think until cancelled."""
        while True:
            settled = [] if self._resting else self._settled()
            if settled:
                self._idle.clear()
                self._pending = self._pending[len(settled) :]
                await self._think(settled)
            else:
                self._idle.set()
                self._changed.clear()
                await self._changed.wait()

    def _settled(self) -> list[_Thought]:
        """The pending sentences that may be thought about: not the newest, until the speaker goes on."""
        count = 0
        for place, thought in enumerate(self._pending):
            is_last = place == len(self._pending) - 1
            if is_last and (not thought.segment.whole or thought.segment.end_s > self._speech_s):
                break
            count = place + 1
        return self._pending[:count]

    async def _think(self, thoughts: list[_Thought]) -> None:
        texts = tuple(thought.segment.text for thought in thoughts if thought.segment.text)
        record = thoughts[-1].record
        taken = _Taken(thoughts, Step(texts, None))
        before = self.steps
        self._taken.append(taken)
        if not texts:
            return
        record.note_start_s = self._clock.now()
        written = ""
        try:
            messages = thinking_messages(self._history, before, texts)
            async with self._thinker.ask(messages, self._note_max_tokens, (LINE_END,)) as completion:
                written = "".join([piece async for piece in completion])
            self.tokens += completion.usage.generated_tokens
        except ModelError as error:
            self.failure = f"a thought failed: {error}"
        record.note_end_s = self._clock.now()
        record.note = note_in(written)
        record.action = "infer" if record.note else "wait"
        if taken in self._taken:
            taken.step = Step(texts, record.note)
            record.fate = "used" if record.note else None
        else:
            record.fate = "stale" if record.note else None
        self._told(record)


def _has(thoughts: list[_Thought], index: int) -> bool:
    return any(thought.segment.index == index for thought in thoughts)
