"""One note, or a wait, for what has been said since the last one, while the speaker goes on.

Source: LiveMind, arXiv 2406.14319, section 3 (actions *inference* and *wait*, layout UA-SPI). The newest sentence is
withheld until the speaker goes on: it may be the last one, and the last one belongs to the answer::

    speech    ██ s0 ██   ██ s1 ██   ██ s2 ██
    thoughts            ▐ s0 → n0▐ ▐ s1 → n1▐     s2 is left for the answer

Sentences that come while a thought runs wait, and are thought about together. As published a thought, once begun, ends
by itself and the reply waits for it. A frugal mind is held to a budget, says nothing where nothing new was said, and
is aborted at each pause, and at once when its text is revised: the facts that it had finished by then are kept, and
where there were none its sentences are thought about again when the speaker goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass

from voice_livemind.clock import Clock
from voice_livemind.config import Mind
from voice_livemind.mind.pace import Pace
from voice_livemind.mind.prompts import LINE_END, Exchange, Step, finished_facts, note_in, thinking_messages
from voice_livemind.mind.worth import adds_something, is_new
from voice_livemind.record.turn import SegmentRecord
from voice_livemind.segments.segment import Segment
from voice_livemind.serving.chat import ChatModel, ModelError, Usage


@dataclass(frozen=True)
class Plan:
    """What this turn's thinking is to do."""

    notes: bool
    """Write notes."""
    frugal: bool
    """Spare what is not worth a thought, and abort what is of no use any more."""
    warm: Callable[[Sequence[Step], Sequence[str]], Awaitable[None]] | None
    """Called with the steps, and the sentences without one, after each change: warms the answerer's prompt."""


@dataclass
class _Sentence:
    """A sentence that waits to be thought about, and what is recorded of it."""

    segment: Segment
    record: SegmentRecord


@dataclass
class _Taken:
    """A step of the conversation with the thinker, and the sentences that it was written from."""

    sentences: list[_Sentence]
    step: Step
    tokens: int = 0


class Thinking:
    """The thoughts of one turn. ``run`` is the only task; all else is told to it."""

    def __init__(
        self,
        thinker: ChatModel,
        history: Sequence[Exchange],
        plan: Plan,
        settings: Mind,
        clock: Clock,
        pace: Pace,
        told: Callable[[SegmentRecord], None],
    ) -> None:
        """``told`` is called with the record of a segment when its note is written."""
        self._thinker = thinker
        self._history = history
        self._plan = plan
        self._settings = settings
        self._clock = clock
        self._pace = pace
        self._told = told
        self._taken: list[_Taken] = []
        self._pending: list[_Sentence] = []
        self._speech_s = 0.0
        self._resting = False
        self._cold = False
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._thought: _Taken | None = None
        self.tokens = 0
        self.wasted = 0
        """Of these, the tokens of thoughts that came to nothing."""
        self.failure: str | None = None

    @property
    def steps(self) -> list[Step]:
        """What was thought about."""
        return [taken.step for taken in self._taken if taken.step.sentences]

    @property
    def unthought(self) -> list[str]:
        """Sentences without a step: they are left for the answer."""
        return [sentence.segment.text for sentence in self._pending if sentence.segment.text]

    def add(self, segment: Segment, record: SegmentRecord) -> None:
        """A sentence is new or was heard otherwise. A note on its earlier words is stale, and so are the later ones."""
        kept = next((place for place, taken in enumerate(self._taken) if _has(taken.sentences, segment.index)), None)
        if kept is not None:
            stale, self._taken = self._taken[kept:], self._taken[:kept]
            for taken in stale:
                taken.sentences[-1].record.fate = "stale" if taken.step.note else None
                self.wasted += taken.tokens
            if self._plan.frugal and self._thought in stale:
                self._abort()
            self._pending = [sentence for taken in stale for sentence in taken.sentences] + self._pending
        self._pending = [sentence for sentence in self._pending if sentence.segment.index != segment.index]
        self._pending.append(_Sentence(segment, record))
        self._pending.sort(key=lambda sentence: sentence.segment.index)
        self._cold = True
        self._changed.set()

    def goes_on(self, speech_s: float) -> None:
        """There is speech at ``speech_s``: no sentence before it is the last one. Think on."""
        self._speech_s = speech_s
        self._resting = False
        self._changed.set()

    def pause(self) -> None:
        """The reply may be due soon: give way at once."""
        self._resting = True
        self._abort()

    async def rest(self) -> None:
        """The turn is over: think no further. Returns when what is under way has ended."""
        self._resting = True
        self._changed.set()
        await self._idle.wait()

    def stop(self) -> None:
        """Nobody needs these thoughts any more."""
        self._resting = True

    async def run(self) -> None:
        """Think until cancelled."""
        while True:
            work = self._due()
            if work is None:
                self._idle.set()
                self._changed.clear()
                await self._changed.wait()
            else:
                self._idle.clear()
                async with asyncio.TaskGroup() as tasks:
                    self._working = tasks.create_task(work())

    def _due(self) -> Callable[[], Coroutine[None, None, None]] | None:
        if self._resting:
            return None
        if self._plan.notes and self._settled():
            return self._think
        return self._warm if self._cold and self._plan.warm is not None else None

    def _abort(self) -> None:
        if self._working is not None:
            self._working.cancel()

    def _settled(self) -> list[_Sentence]:
        """The pending sentences that may be thought about: not the newest, until the speaker goes on."""
        count = 0
        for place, sentence in enumerate(self._pending):
            is_last = place == len(self._pending) - 1
            if is_last and (not sentence.segment.whole or sentence.segment.end_s > self._speech_s):
                break
            count = place + 1
        return self._pending[:count]

    async def _think(self) -> None:
        settled = self._settled()
        self._pending = self._pending[len(settled) :]
        texts = tuple(sentence.segment.text for sentence in settled if sentence.segment.text)
        before = self.steps
        self._thought = taken = _Taken(settled, Step(texts, None))
        self._taken.append(taken)
        self._cold = True
        if not texts:
            return
        if self._plan.frugal and not is_new(" ".join(texts), (text for step in before for text in step.sentences)):
            settled[-1].record.action = "wait"
            return
        await self._ask(taken, before)

    async def _ask(self, taken: _Taken, before: Sequence[Step]) -> None:
        record, texts = taken.sentences[-1].record, taken.step.sentences
        record.note_start_s = self._clock.now()
        most = self._settings.note_max_tokens
        if self._plan.frugal:
            most = self._pace.budget(self._clock.now() - self._taken[0].sentences[0].segment.start_s, most)
        written, usage = "", Usage()
        try:
            messages = thinking_messages(self._history, before, texts)
            async with self._thinker.ask(messages, most, (LINE_END,)) as completion:
                usage, first_s = completion.usage, self._clock.now()
                async for piece in completion:
                    first_s = self._clock.now() if not written else first_s
                    written += piece
                usage = completion.usage
            self._pace.measured(usage.generated_tokens - 1, self._clock.now() - first_s)
            cut_off = self._plan.frugal and usage.generated_tokens >= most
            self._ended(taken, finished_facts(written) if cut_off else note_in(written))
        except ModelError as error:
            self.failure = f"a thought failed: {error}"
            self._ended(taken, finished_facts(written))
        except asyncio.CancelledError:
            self._aborted(taken, finished_facts(written))
            raise
        finally:
            self.tokens += usage.generated_tokens
            taken.tokens = usage.generated_tokens
            if record.fate != "used":
                self.wasted += taken.tokens

    def _ended(self, taken: _Taken, note: str | None) -> None:
        """The thought has run its course; what it led to is of use unless the sentences were revised meanwhile."""
        record, texts = taken.sentences[-1].record, taken.step.sentences
        if note is not None and self._plan.frugal and not adds_something(note, texts):
            note = None
        record.note_end_s = self._clock.now()
        record.note = note
        record.action = "infer" if note else "wait"
        current = taken in self._taken
        if current:
            taken.step = Step(texts, note)
        record.fate = None if not note else "used" if current else "stale"
        self._told(record)

    def _aborted(self, taken: _Taken, facts: str | None) -> None:
        if taken in self._taken and facts is None:
            self._taken.remove(taken)
            self._pending = taken.sentences + self._pending
        elif taken in self._taken:
            self._ended(taken, facts)
            return
        record = taken.sentences[-1].record
        record.note_end_s = self._clock.now()
        record.action, record.fate = "infer", "aborted"
        self._told(record)

    async def _warm(self) -> None:
        assert self._plan.warm is not None
        self._cold = False
        try:
            await self._plan.warm(self.steps, self.unthought)
        except asyncio.CancelledError:
            self._cold = True
            raise


def _has(sentences: list[_Sentence], index: int) -> bool:
    return any(sentence.segment.index == index for sentence in sentences)
