"""A model server that misbehaves for a while, on virtual time; what `tests/bad_server.py` is over HTTP."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

from tests.lobby import Lobby
from voice_livemind.config import Settings
from voice_livemind.modes import Answerer
from voice_livemind.serving.breaker import Breaker
from voice_livemind.serving.chat import Completion, Message, ModelError, Usage
from voice_livemind.serving.guarded import Guarded
from voice_livemind.serving.shedding import Shedding
from voice_livemind.stations import Stations

Flaw: TypeAlias = Literal["refuses", "hangs", "stops", "crawls", "writes garbage", "babbles"]
FLAWS: Sequence[Flaw] = ("refuses", "hangs", "stops", "crawls", "writes garbage", "babbles")


CLUSTER = (
    # Those of configs/cluster.toml.
    "requests.connect_s=1",
    "requests.first_token_s=2.5",
    "requests.between_tokens_s=1",
    "requests.whole_s=20",
    "requests.shed_after_s=0.5",
)


class Spell(NamedTuple):
    """From when to when it misbehaves, on the loop's time."""

    flaw: Flaw
    start_s: float
    end_s: float


class Flawed:
    """Says ``reply`` to everything, a word every ``token_s``, where nothing is wrong."""

    def __init__(self, reply: str, *spells: Spell, first_token_s: float = 0.2, token_s: float = 0.05) -> None:
        self.reply = reply
        self.spells = list(spells)
        self._first_token_s = first_token_s
        self._token_s = token_s

    @asynccontextmanager
    async def ask(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        stop: Sequence[str] = (),
        *,
        choices: Sequence[str] = (),
        priority: int = 0,
    ) -> AsyncIterator[Completion]:
        """See ChatModel."""
        del messages, stop, choices, priority
        if self._flaw() == "refuses":
            raise ModelError("connection refused")
        yield _FlawedCompletion(self, max_tokens)

    async def remember(self, messages: Sequence[Message]) -> None:
        """See ChatModel."""
        async with self.ask(messages, 1) as completion:
            async for _ in completion:
                pass

    async def pieces(self, max_tokens: int) -> AsyncIterator[str]:
        """Those of one answer. What begins in the middle of it counts as well."""
        words = re.findall(r"\s*\S+", self.reply)[:max_tokens]
        await self._wait(self._first_token_s)
        number = 0
        while number < len(words) or self._flaw() == "babbles":
            match self._flaw():
                case "writes garbage":
                    raise ModelError("the model's answer can't be understood")
                case "babbles":
                    yield "\ufffd]} "
                case "stops" | "refuses" if number:
                    raise ModelError("the model stopped in the middle of its answer")
                case _:
                    yield words[number]
            number += 1
            await self._wait(self._token_s)

    async def _wait(self, seconds: float) -> None:
        if self._flaw() == "hangs":
            # A server that has hung does not remember what it was doing.
            await asyncio.Event().wait()
        await asyncio.sleep(1.0 if self._flaw() == "crawls" else seconds)

    def _flaw(self) -> Flaw | None:
        now_s = asyncio.get_running_loop().time()
        return next((spell.flaw for spell in self.spells if spell.start_s <= now_s < spell.end_s), None)


class _FlawedCompletion:
    def __init__(self, model: Flawed, max_tokens: int) -> None:
        self._model = model
        self._max_tokens = max_tokens
        self.usage = Usage()

    async def __aiter__(self) -> AsyncIterator[str]:
        async for piece in self._model.pieces(self._max_tokens):
            self.usage.generated_tokens += 1
            yield piece


class Served(Lobby):
    """A kiosk whose servers misbehave now and then, behind all that guards against it."""

    probes = True
    local = None

    def __init__(self, thinker: Flawed, speaker: Flawed, *spoken: tuple[float, float, str]) -> None:
        super().__init__(*spoken)
        self._models = thinker, speaker

    @asynccontextmanager
    async def models(self, settings: Settings) -> AsyncIterator[Stations]:
        requests = settings.requests
        shedding = Shedding(requests.shed_after_s, 10)
        thinker, speaker = (Guarded(model, requests, Breaker(), shedding) for model in self._models)

        def healthy(role: Answerer) -> bool:
            return (thinker if role == "thinker" else speaker).healthy

        yield replace(
            self.stations(),
            thinker=thinker,
            speaker=speaker,
            healthy=healthy,
            sheds=lambda: shedding.level(asyncio.get_running_loop().time()),
        )
