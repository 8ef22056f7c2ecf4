"""One note, or a wait, for what has been said since the last one, while the speaker goes on.

Source: LiveMind, arXiv 2406.14319, section 3 (actions *inference* and *wait*, layout UA-SPI). The newest sentence is
withheld until the speaker goes on: it may be the last one, and the last one belongs to the answer::

    speech    ██ s0 ██   ██ s1 ██   ██ s2 ██
    thoughts            ▐ s0 → n0▐ ▐ s1 → n1▐     s2 is left for the answer

Sentences that come while a thought runs wait, and are thought about together. As published a thought, once begun, ends
by itself and the reply waits for it. A frugal mind is held to a budget, says nothing where nothing new was said, and
is broken off at each lull. If the speaker goes on, so does the thought, from the token at which it was broken off;
otherwise the facts that were whole by then are kept. A thought on words that are revised is aborted at once.

While the servers are slow, no thought is begun: the sentences are left for the answer, and the record says so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass

from voice_livemind.clock import Clock
from voice_livemind.config import Mind
from voice_livemind.mind.pace import Pace
from voice_livemind.mind.prompts import (
    LINE_END,
    NOTE,
    WAIT,
    Exchange,
    Step,
    finished_facts,
    note_in,
    thinking_messages,
)
from voice_livemind.mind.worth import adds_something, is_new
from voice_livemind.record.turn import SegmentRecord
from voice_livemind.segments.segment import Segment
from voice_livemind.serving.chat import ChatModel, ModelError, Priority, Usage, complete
from voice_livemind.serving.shedding import Shed

SHED = "the servers are slow"
_CHOICE_MAX_TOKENS = 4


@dataclass(frozen=True)
class Plan:
    """What this turn's thinking is to do."""

    notes: bool
    """Write notes."""
    frugal: bool
    """Spare what is not worth a thought, and abort what is of no use any more."""
    warm: Callable[[Sequence[Step], Sequence[str]], Awaitable[None]] | None
    """Called with the steps, and the sentences without one, after each change: warms the answerer's prompt."""
    sheds: Callable[[], Shed] = lambda: Shed.NOTHING
    """What the servers are to be spared at present."""


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
    begun: str = ""
    """What was written of the note before it was broken off."""
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
        self._partial = ""
        self._speech_s = 0.0
        self._resting = False
        self._cold = False
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._thought: _Taken | None = None
        """The last one in ``_taken`` while it is not finished."""
        self.tokens = 0
        self._failure: str | None = None
        self._spared: set[int] = set()
        """Indices of the sentences that were due to be thought about, but for the servers' sake."""

    @property
    def failure(self) -> str | None:
        """Why something was not thought about that should have been, in words."""
        spared = sum(sentence.segment.index in self._spared for sentence in self._pending)
        if spared:
            shed = f"{spared} sentence{'s' * (spared > 1)} not thought about: {SHED}"
            return f"{self._failure}; {shed}" if self._failure else shed
        return self._failure

    @property
    def wasted(self) -> int:
        """Of the tokens, those of thoughts that came to nothing."""
        return self.tokens - sum(taken.tokens for taken in self._taken if taken.step.note)

    @property
    def steps(self) -> list[Step]:
        """What was thought about."""
        return [taken.step for taken in self._taken if taken.step.sentences and taken is not self._noteless]

    @property
    def unthought(self) -> list[str]:
        """Sentences without a step: they are left for the answer."""
        begun = self._noteless.sentences if self._noteless is not None else []
        return [sentence.segment.text for sentence in (*begun, *self._pending) if sentence.segment.text]

    @property
    def _noteless(self) -> _Taken | None:
        """The thought under way, or broken off, while it has no whole fact."""
        return self._thought if self._thought is not None and not self._thought.step.note else None

    def add(self, segment: Segment, record: SegmentRecord) -> None:
        """A sentence is new or was heard otherwise. A note on its earlier words is stale, and so are the later ones."""
        kept = next((place for place, taken in enumerate(self._taken) if _has(taken.sentences, segment.index)), None)
        if kept is not None:
            stale, self._taken = self._taken[kept:], self._taken[:kept]
            for taken in stale:
                taken.sentences[-1].record.fate = "stale" if taken.step.note else None
            if self._thought in stale:
                self._thought = None
                if self._plan.frugal:
                    self._abort()
            self._pending = [sentence for taken in stale for sentence in taken.sentences] + self._pending
        self._pending = [sentence for sentence in self._pending if sentence.segment.index != segment.index]
        self._pending.append(_Sentence(segment, record))
        self._pending.sort(key=lambda sentence: sentence.segment.index)
        self._cold = True
        self._changed.set()

    def hears(self, partial: str) -> None:
        """What was heard after the last sentence: words that may still change, but are worth warming."""
        self._cold = self._cold or (bool(partial) and partial != self._partial)
        self._partial = partial
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
        shed = self._plan.sheds()
        if self._cold and self._plan.warm is not None and shed < Shed.WARMING:
            # It takes less time than a thought, and may be all that there is time for.
            return self._warm
        if self._plan.notes and (self._thought is not None or self._settled()):
            if shed < Shed.THINKING:
                return self._think
            self._spared.update(sentence.segment.index for sentence in self._settled())
        return None

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
        taken = self._thought
        if taken is None:
            settled = self._settled()
            self._pending = self._pending[len(settled) :]
            texts = tuple(sentence.segment.text for sentence in settled if sentence.segment.text)
            said = [text for step in self.steps for text in step.sentences]
            taken = _Taken(settled, Step(texts, None))
            self._taken.append(taken)
            if not texts:
                return
            if self._plan.frugal and self._settings.wait_by_rule and not is_new(" ".join(texts), said):
                settled[-1].record.action = "wait"
                self._cold = True
                return
            settled[-1].record.note_start_s = self._clock.now()
        self._thought = taken
        await self._write(taken)

    async def _write(self, taken: _Taken) -> None:
        """Have the thinker write the note, or go on with it."""
        most = self._settings.note_max_tokens
        if self._plan.frugal:
            most = self._pace.budget(self._clock.now() - self._taken[0].sentences[0].segment.start_s, most)
        most = max(1, most - taken.tokens)
        before = [earlier.step for earlier in self._taken[:-1] if earlier.step.sentences]
        usage, first_s = Usage(), None
        try:
            if self._plan.frugal and self._settings.wait_by_choice and not taken.begun:
                question = thinking_messages(self._history, before, taken.step.sentences)
                choice = await complete(
                    self._thinker, question, _CHOICE_MAX_TOKENS, choices=(NOTE, WAIT), priority=Priority.THOUGHT
                )
                if choice == WAIT:
                    self._ended(taken, None)
                    return
                taken.begun = choice
            messages = thinking_messages(self._history, before, taken.step.sentences, taken.begun)
            async with self._thinker.ask(messages, most, (LINE_END,), priority=Priority.THOUGHT) as completion:
                try:
                    async for piece in completion:
                        first_s = self._clock.now() if first_s is None else first_s
                        taken.begun += piece
                finally:
                    usage = completion.usage
                    self.tokens += usage.generated_tokens
                    taken.tokens += usage.generated_tokens
            if first_s is not None:
                self._pace.measured(usage.generated_tokens - 1, self._clock.now() - first_s)
            torn = usage.generated_tokens >= most
            self._ended(taken, finished_facts(taken.begun) if torn else note_in(taken.begun))
        except ModelError as error:
            self._failure = f"a thought failed: {error}"
            self._ended(taken, finished_facts(taken.begun))
        except asyncio.CancelledError:
            self._broken_off(taken)
            raise

    def _ended(self, taken: _Taken, note: str | None) -> None:
        """The thought has run its course; what it led to is of use unless the sentences were revised meanwhile."""
        record, texts = taken.sentences[-1].record, taken.step.sentences
        if note is not None and self._plan.frugal and not adds_something(note, texts):
            note = None
        current = taken is self._thought
        if current:
            taken.step = Step(texts, note)
            self._thought = None
            self._cold = True
        record.note_end_s = self._clock.now()
        record.note = note
        record.action = "infer" if note else "wait"
        record.fate = None if not note else "used" if current else "stale"
        self._told(record)

    def _broken_off(self, taken: _Taken) -> None:
        record = taken.sentences[-1].record
        facts = finished_facts(taken.begun) if taken is self._thought else None
        taken.step = Step(taken.step.sentences, facts)
        record.note_end_s = self._clock.now()
        record.note, record.action = facts, "infer"
        record.fate = "used" if facts else "aborted"

    async def _warm(self) -> None:
        assert self._plan.warm is not None
        self._cold = False
        try:
            await self._plan.warm(self.steps, [*self.unthought, *filter(None, [self._partial])])
        except asyncio.CancelledError:
            self._cold = True
            raise


def _has(sentences: list[_Sentence], index: int) -> bool:
    return any(sentence.segment.index == index for sentence in sentences)
