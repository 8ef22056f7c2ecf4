"""A last sentence that is corrected: how many notes survive, and what that saves against thinking all over again."""

import asyncio
import statistics
import time
from collections.abc import Sequence

from voice_livemind.bench.questions import Question
from voice_livemind.clock import Clock
from voice_livemind.config import load_settings
from voice_livemind.mind.pace import Pace
from voice_livemind.mind.prompts import thinking_messages
from voice_livemind.mind.thinking import Plan, Thinking
from voice_livemind.record.turn import SegmentRecord
from voice_livemind.segments.segment import Segment
from voice_livemind.serving.chat import OpenAIChat


async def revisions(chat: OpenAIChat, questions: Sequence[Question]) -> Sequence[str]:
    """Lines that say how many notes were kept, and seconds of thinking after the correction, both ways."""
    await chat.remember(thinking_messages([], [], ["Hello."]))
    kept = written = 0
    salvaged_s, anew_s = [], []
    for question in questions:
        async with asyncio.TaskGroup() as tasks:
            mind = _Mind(chat, tasks)
            for place, sentence in enumerate(question.sentences):
                await mind.hears(place, 0, sentence)
            before = [step.note for step in mind.thinking.steps]
            last = len(question.sentences) - 1
            corrected = f"No, sorry: {question.sentences[-1]}"
            salvaged_s.append(await mind.hears(last, 1, corrected))
            kept += sum(note is not None and note in before for note in (s.note for s in mind.thinking.steps[:-1]))
            written += sum(note is not None for note in before[:-1])
            mind.over()
            mind = _Mind(chat, tasks)
            *earlier, _ = question.sentences
            anew_s.append(sum([await mind.hears(place, 0, text) for place, text in enumerate((*earlier, corrected))]))
            mind.over()
    saved_s = [anew - salvaged for anew, salvaged in zip(anew_s, salvaged_s, strict=True)]
    return [
        f"{len(questions)} questions: {kept} of {written} notes on earlier sentences kept",
        f"thinking after the correction: {_spread(salvaged_s)}; all over again: {_spread(anew_s)}; "
        f"saved: {_spread(saved_s)}",
    ]


class _Mind:
    """Thinks about every sentence, the last one too: the speaker seems to go on after each."""

    def __init__(self, chat: OpenAIChat, tasks: asyncio.TaskGroup) -> None:
        plan = Plan(notes=True, frugal=True, warm=None)
        self._clock = Clock()
        self.thinking = Thinking(chat, [], plan, load_settings(None).mind, self._clock, Pace(), lambda _: None)
        self._task = tasks.create_task(self.thinking.run())

    async def hears(self, index: int, revision: int, text: str) -> float:
        """Seconds until it has thought about a sentence."""
        record = SegmentRecord(index, revision, text, float(index), index + 1.0)
        began_s = time.monotonic()
        self.thinking.add(Segment(index, revision, text, float(index), index + 1.0), record)
        self.thinking.goes_on(index + 2.0)
        # A sentence that is spared is told of by nothing else.
        while record.action == "none":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return time.monotonic() - began_s

    def over(self) -> None:
        self._task.cancel()


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} s in the median ({min(seconds):.2f} to {max(seconds):.2f})"
