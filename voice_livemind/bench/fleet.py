"""Many kiosks at one cluster: each serves visitor after visitor, in real time, through the ordinary conversation.

Only the ears and the voice are replaced: the words are known at the speed at which they are spoken, and speaking takes
its time without any sound. So a small machine can play many kiosks, and what is measured is the servers.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from voice_livemind.bench.fleet_cost import Cost, Counted
from voice_livemind.bench.fleet_visits import Visit
from voice_livemind.bench.spoken_text import SpokenText
from voice_livemind.clock import Clock
from voice_livemind.config import Settings
from voice_livemind.conversation import Conversation
from voice_livemind.hear.frames import RATE_HZ
from voice_livemind.hear.recording import play_frames
from voice_livemind.mind.thinking import SHED
from voice_livemind.modes import Mode
from voice_livemind.play.track import Track
from voice_livemind.record.turn import TurnRecord
from voice_livemind.reply.answer import APOLOGY
from voice_livemind.serving.servers import Models, models_at
from voice_livemind.sound import Sound
from voice_livemind.stations import Stations
from voice_livemind.surroundings import Surroundings, View
from voice_livemind.warm_up import warm_up

GAP_S = 3.0
"""From the end of one visitor's reply until the next one speaks."""
_ARRIVALS_S = 10.0
"""The first visitors come spread over this time."""
_VOICE_RATE_HZ = 1000
_SECONDS_A_WORD = 0.35


@dataclass(frozen=True)
class FleetTurn:
    """One turn of one visitor; times in seconds."""

    kiosks: int
    shedding: bool
    kiosk: int
    visit: str
    at_s: float
    """When the visitor came, from the start of the run."""
    first_word_s: float | None
    """From the end of speech; ``None``: the visitor heard no answer."""
    notes: int
    """Those that the reply was written from."""
    note_tokens: int
    wasted_tokens: int
    shed: bool
    """A sentence was not thought about, since the servers were slow."""
    fallback: str | None
    cost: Cost
    """Of the whole visit; with the first turn of it."""
    turn: dict[str, Any]
    """Its record."""

    def as_json(self) -> dict[str, Any]:
        """One of the ``runs`` in results.json."""
        return asdict(self)


async def serve_fleet(
    settings: Settings,
    mode: Mode,
    urls: Mapping[str, str],
    kiosks: int,
    seconds: float,
    visits: Sequence[Visit],
    seed: int,
    told: Callable[[FleetTurn], None],
) -> None:
    """Let visitors come to ``kiosks`` kiosks for ``seconds``, and answer all of them. ``told``: of each turn."""
    async with AsyncExitStack() as stack:
        fleet = [await stack.enter_async_context(models_at(settings, urls)) for _ in range(kiosks)]
        await warm_up(mode, _stations(fleet[0], SpokenText(()), Cost()))
        now = Clock()
        async with asyncio.TaskGroup() as tasks:
            for number, models in enumerate(fleet):
                kiosk = _Kiosk(settings, mode, models, kiosks, number)
                come = random.Random(seed * 1000 + number)
                tasks.create_task(kiosk.serve(visits, come, now, seconds, told))


class _Kiosk:
    def __init__(self, settings: Settings, mode: Mode, models: Models, kiosks: int, number: int) -> None:
        self._settings = settings
        self._mode = mode
        self._models = models
        self._kiosks = kiosks
        self._number = number

    async def serve(
        self,
        visits: Sequence[Visit],
        come: random.Random,
        now: Clock,
        seconds: float,
        told: Callable[[FleetTurn], None],
    ) -> None:
        await asyncio.sleep(come.uniform(0, min(_ARRIVALS_S, seconds / 2)))
        while now.now() < seconds:
            at_s, visit, cost = now.now(), come.choice(visits), Cost()
            for record in await self._visit(visit, cost):
                told(self._turn(visit, at_s, record, cost))
                cost = Cost()
            await asyncio.sleep(GAP_S)

    async def _visit(self, visit: Visit, cost: Cost) -> list[TurnRecord]:
        self._models.conversation.renew()
        text, now = SpokenText(visit.said), Clock()
        stations = _stations(self._models, text, cost)
        around = Surroundings(self._settings, self._mode, stations, now, Track(now, _VOICE_RATE_HZ), View())
        conversation = Conversation(around, text.is_speech)
        samples = text.samples()
        await conversation.listen(play_frames(samples, now), len(samples) / RATE_HZ)
        return conversation.records

    def _turn(self, visit: Visit, at_s: float, record: TurnRecord, cost: Cost) -> FleetTurn:
        answered = record.reply != APOLOGY
        return FleetTurn(
            kiosks=self._kiosks,
            shedding=self._settings.requests.shed_after_s > 0,
            kiosk=self._number,
            visit=visit.name,
            at_s=at_s,
            first_word_s=record.first_word_s if answered else None,
            notes=sum(segment.fate == "used" for segment in record.segments),
            note_tokens=record.tokens.notes,
            wasted_tokens=record.tokens.wasted,
            shed=SHED in (record.fallback or ""),
            fallback=record.fallback,
            cost=cost,
            turn=json.loads(record.as_json()),
        )


def _stations(models: Models, text: SpokenText, cost: Cost) -> Stations:
    return Stations(
        text.recognize,
        text.hear_end,
        Counted(models.thinker, cost),
        Counted(models.speaker, cost),
        _speak,
        _VOICE_RATE_HZ,
        models.healthy,
        models.sheds,
        models.conversation,
    )


async def _speak(text: str) -> AsyncIterator[Sound]:
    """As long as a voice would take, at once."""
    words = len(text.split())
    ends_s = tuple(_SECONDS_A_WORD * place for place in range(1, words + 1))
    yield Sound(np.full(round(words * _SECONDS_A_WORD * _VOICE_RATE_HZ), 0.5, np.float32), _VOICE_RATE_HZ, ends_s)
