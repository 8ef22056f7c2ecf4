"""Finds out which models answer, and keeps the step of the ladder.

What fails is noticed by the turns themselves; where one is left without an answer the models are probed. Probes notice
it before a visitor does, and they alone notice that a model is there, or back: where one does not answer, no visitor is
to wait for it. A probe is the first prompt of every conversation, so that it keeps the prompt in the server's cache as
well.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from voice_livemind.kiosk.ladder import Health, Ladder
from voice_livemind.kiosk.state import KioskState
from voice_livemind.mind.prompts import Step, thinking_messages
from voice_livemind.modes import DEFAULT_MODE, MODES
from voice_livemind.reply.answer import reply_messages
from voice_livemind.serving.chat import ChatModel, Message, ModelError, Priority, complete
from voice_livemind.stations import Stations

_LOOK_EVERY_S = 0.25
_PROBE_S = 10.0
"""A model that reads its prompt for the first time takes some seconds."""
_IDLE_EVERY_S = 20.0
_RETRY_S = 0.5
_LONGEST_RETRY_S = 5.0

log = logging.getLogger("voice_livemind.kiosk")


class Probed:
    """Whether one model answers, as far as is known."""

    def __init__(self, model: ChatModel, prompts: Sequence[Sequence[Message]], well: Callable[[], bool]) -> None:
        """``prompts``: what it is to have read, the first of them its probe; ``well``: whether its requests have been
        answered of late."""
        self._model = model
        self._prompts = prompts
        self._well = well
        self._answers = False
        self._tried_s = float("-inf")
        self._retry_s = _RETRY_S

    @property
    def healthy(self) -> bool:
        """Its last probe was answered, and its requests are."""
        return self._answers and self._well()

    def due(self, now_s: float, idle: bool, doubted: bool) -> bool:
        """Whether to probe it now; one that answers is only probed where nobody is there who would have to wait, or
        where it is doubted."""
        if self.healthy:
            return doubted or (idle and now_s - self._tried_s >= _IDLE_EVERY_S)
        return now_s - self._tried_s >= self._retry_s

    async def probe(self) -> None:
        """Ask it for one token; where it did not answer until now, it is to read all of its prompts."""
        try:
            if self.healthy:
                async with asyncio.timeout(_PROBE_S):
                    await complete(self._model, self._prompts[0], 1, priority=Priority.WARMING)
            else:
                for prompt in self._prompts:
                    async with asyncio.timeout(_PROBE_S):
                        await self._model.remember(prompt)
        except (ModelError, TimeoutError):
            self._answers = False
        else:
            self._answers = True
        self._retry_s = _RETRY_S if self.healthy else min(2 * self._retry_s, _LONGEST_RETRY_S)
        # From its end on: one that hangs is not asked again at once.
        self._tried_s = asyncio.get_running_loop().time()


async def keep_rung(state: KioskState, stations: Stations, local: ChatModel | None) -> None:
    """Write the step into ``state.rung``, and what the servers are spared into ``state.shed``. Runs until cancelled.

    ``local``: the speaker on this machine, if any.
    """
    loop, ladder = asyncio.get_running_loop(), Ladder()
    thinking = thinking_messages([], [], ["Hello."])
    # One-sentence turns are answered without notes, all others with them.
    less = reply_messages(MODES["preempt"], [], [], ["Hello."])
    full = reply_messages(MODES[DEFAULT_MODE], [], [Step(("Hello.",), None)], ["Hello."])
    thinker = Probed(stations.thinker, [thinking], lambda: stations.healthy("thinker"))
    speaker = Probed(stations.speaker, [less, full], lambda: stations.healthy("speaker"))
    spare = Probed(local, [less], lambda: True) if local is not None else None
    probes: dict[Probed, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as tasks:
        while True:
            now_s, idle = loop.time(), state.at_rest
            doubted, state.unanswered = state.unanswered, False
            for probed in filter(None, (speaker, thinker, spare)):
                if probed is thinker and not speaker.healthy:
                    # It would help nobody, and read its prompt on the processor that the speaker needs for its own.
                    continue
                if probed.due(now_s, idle, doubted) and (probed not in probes or probes[probed].done()):
                    probes[probed] = tasks.create_task(probed.probe())
            health = Health(thinker.healthy, speaker.healthy, spare is not None and spare.healthy)
            rung = ladder.observe(now_s, health)
            if rung != state.rung:
                log.warning("from %s to %s", state.rung, rung)
                state.rung = rung
            state.shed = stations.sheds()
            await asyncio.sleep(_LOOK_EVERY_S)
