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
from voice_livemind.segments.segmenter import Segment
from voice_livemind.serving.chat import ChatModel, ModelError


@dataclass
class Thought:
    """A sentence of the turn and what is recorded of it."""

    segment: Segment
    record: SegmentRecord


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
        self._pending: list[Thought] = []
        self._settled = 0
        """How many of the pending sentences may be thought about."""
        self._speech_start_s = 0.0
        self._closed = False
        self._changed = asyncio.Event()
        self.steps: list[Step] = []
        self.tokens = 0
        self.failure: str | None = None

    @property
    def unthought(self) -> list[str]:
        """Sentences without a step: they are left for the answer."""
        return [thought.segment.text for thought in self._pending]

    def add(self, thought: Thought) -> None:
        """A sentence is whole."""
        self._settled = len(self._pending) + (thought.segment.end_s <= self._speech_start_s)
        self._pending.append(thought)
        self._changed.set()

    def resumed(self, speech_start_s: float) -> None:
        """The speaker goes on: no sentence so far is the last one."""
        self._speech_start_s = speech_start_s
        self._settled = len(self._pending)
        self._changed.set()

    def close(self) -> None:
        """The turn is over: ``run`` ends after the thought that is under way, which is not cancelled."""
        self._closed = True
        self._changed.set()

    async def run(self) -> None:
        """Think until closed."""
        while not self._closed:
            if self._settled:
                thoughts, self._pending = self._pending[: self._settled], self._pending[self._settled :]
                self._settled = 0
                await self._think(thoughts)
            else:
                self._changed.clear()
                await self._changed.wait()

    async def _think(self, thoughts: list[Thought]) -> None:
        texts = [thought.segment.text for thought in thoughts]
        record = thoughts[-1].record
        record.note_start_s = self._clock.now()
        try:
            messages = thinking_messages(self._history, self.steps, texts)
            async with self._thinker.ask(messages, self._note_max_tokens, (LINE_END,)) as completion:
                written = "".join([piece async for piece in completion])
            self.tokens += completion.usage.generated_tokens
        except ModelError as error:
            self.failure = f"a thought failed: {error}"
            written = ""
        record.note_end_s = self._clock.now()
        record.note = note_in(written)
        record.action = "infer" if record.note else "wait"
        record.fate = "used" if record.note else None
        self.steps.append(Step(tuple(texts), record.note))
        self._told(record)
