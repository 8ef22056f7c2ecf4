"""Model servers that fail while visitors are there, on virtual time: each visitor hears something within 3 s."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bad_server import MISBEHAVIOURS, answers, misbehaving
from tests.flawed import CLUSTER, FLAWS, Flaw, Flawed, Served, Spell
from tests.lobby import Lobby
from tests.scripted import ScriptedModel
from voice_livemind import clock
from voice_livemind.config import Role, Settings, load_settings
from voice_livemind.errors import Failure
from voice_livemind.kiosk.ladder import Rung
from voice_livemind.kiosk.prepared import TEXTS
from voice_livemind.record.turn import TurnRecord
from voice_livemind.serving import process, servers
from voice_livemind.serving.chat import Completion, Message, ModelError
from voice_livemind.serving.engines import ENGINES
from voice_livemind.stations import Stations

WITHIN_S = 3.0
EVERY_S = 8.0
ASKS = [(EVERY_S * number + 1, EVERY_S * number + 2, "What is one?") for number in range(12)]
ANSWER, OUT_OF_ORDER = "It is one.", TEXTS["out_of_order"]


def heard_in_time(lobby: Lobby, *changes: str) -> list[str]:
    """What each visitor has heard; all of them something, and in time."""
    turns = lobby.serve(*changes, until_s=lobby.spoken.end_s + 10)
    assert len(turns) == len(ASKS)
    for turn in turns:
        assert turn.heard, turn
        assert turn.first_sound_s is not None and turn.first_sound_s <= WITHIN_S, turn
    return [turn.heard for turn in turns]


# Servers that misbehave for a minute


STORY = ("Tom has two boxes.", "Each holds four eggs.", "How many eggs are there?")
THOUGHT, EGGS = "eggs = 2 * 4 = 8", "There are eight eggs."
LAST_WORDS = (EGGS, "eggs equals 2 times 4 equals 8", TEXTS["sorry"], OUT_OF_ORDER)
"""An answer, be it by the thinker, or that there is none."""
LASTS_S = 40.0


def visits(count: int, every_s: float) -> list[tuple[float, float, str]]:
    """Three sentences from each visitor, so that there is something to think about."""
    return [
        (number * every_s + at_s, number * every_s + at_s + 1.0, text)
        for number in range(count)
        for at_s, text in zip((1.0, 2.5, 4.0), STORY, strict=True)
    ]


@pytest.mark.parametrize("roles", ["thinker", "speaker", "both"])
@pytest.mark.parametrize("flaw", FLAWS)
@pytest.mark.parametrize(
    ("begins_s", "limits"),
    [(34.9, CLUSTER), (38.3, ()), (43.0, CLUSTER)],
    ids=["mid-thought, cluster", "mid-reply, default", "in silence, cluster"],
)
def test_whatever_servers_do_each_visitor_hears_something_in_time_and_all_is_well_again_soon(
    roles: str, flaw: Flaw, begins_s: float, limits: Sequence[str]
) -> None:
    spell = Spell(flaw, begins_s, begins_s + LASTS_S)
    thinker = Flawed(THOUGHT, *([spell] if roles != "speaker" else []))
    speaker = Flawed(EGGS, *([spell] if roles != "thinker" else []))
    lobby = Served(thinker, speaker, *visits(8, 16.0))
    turns = lobby.serve("reply.max_s=20", *limits, until_s=8 * 16.0)
    assert len(turns) == 8
    for turn in turns:
        start_s = turn.marks.speech_start
        assert start_s is not None
        assert turn.heard, turn
        assert turn.first_sound_s is not None and turn.first_sound_s <= WITHIN_S, turn
        # It is not all that there is to hear.
        assert turn.interrupted or turn.heard.endswith(LAST_WORDS), turn
        if start_s + 16 < begins_s or start_s > spell.end_s + 20 or roles == "thinker":
            assert turn.heard == EGGS, turn
    if roles != "thinker" and flaw in ("refuses", "hangs"):
        assert OUT_OF_ORDER in [turn.heard for turn in turns], "no step down"
    climbed_s, rung = lobby.seen.rungs[-1]
    assert rung is Rung.FULL and climbed_s < spell.end_s + 20


# The same over HTTP; what takes long passes in real time, and is left to virtual time above


class OverHttp(Lobby):
    """A kiosk with one real server for both roles."""

    probes = True
    local = None

    def __init__(self, url: str, *spoken: tuple[float, float, str]) -> None:
        super().__init__(*spoken)
        self._url = url

    @asynccontextmanager
    async def models(self, settings: Settings) -> AsyncIterator[Stations]:
        async with servers.models_at(settings, {"thinker": self._url, "speaker": self._url}) as models:
            yield replace(self.stations(), thinker=models.thinker, speaker=models.speaker, healthy=models.healthy)


@pytest.mark.parametrize(
    "flaw", ["stops", "crawls", "writes garbage", "writes something else", "breaks the protocol", "is busy"]
)
def test_real_servers_that_misbehave_for_a_while_cost_no_visitor_his_reply(flaw: str) -> None:
    async def main() -> tuple[OverHttp, list[TurnRecord]]:
        loop = asyncio.get_running_loop()
        begins_s, ends_s = loop.time() + 7, loop.time() + 27

        async def answer(writer: asyncio.StreamWriter) -> None:
            await (MISBEHAVIOURS[flaw] if begins_s < loop.time() < ends_s else answers)(writer)

        async with misbehaving(answer) as server:
            spoken = [(at_s, at_s + 1, "What is one?") for at_s in (2.0, 10.0, 20.0, 60.0)]
            lobby = OverHttp(server.url, *spoken)
            return lobby, await lobby.visited(*CLUSTER, until_s=66)

    lobby, turns = clock.run(main(), "skipping")
    assert len(turns) == 4
    for turn in turns:
        assert turn.first_sound_s is not None and turn.first_sound_s <= WITHIN_S, turn
        assert turn.heard.endswith((ANSWER, TEXTS["sorry"], OUT_OF_ORDER)), turn
    assert turns[0].heard == turns[-1].heard == ANSWER
    assert lobby.seen.rungs[-1][1] is Rung.FULL


# A model server of our own that does not start


class Unwilling(process.ServerProcess):
    """A server that takes 2 s over each start, and starts from ``works_from_s`` on; till then it dies instead."""

    works_from_s: dict[str, float]
    """By model."""
    lasts_s: float
    running: dict[str, "Unwilling"]
    """By URL."""
    starts_s: list[float]

    def __init__(self, role: Role, weights: Path, port: int, say: Callable[[str], None], slots: int = 1) -> None:
        del weights, slots
        self.url = f"http://127.0.0.1:{port}/v1"
        self._role, self._say = role, say
        self._process: Any = None

    async def start(self) -> None:
        now = asyncio.get_running_loop().time
        self.starts_s.append(now())
        await asyncio.sleep(2)
        if now() < self.works_from_s.get(self._role.model, 0.0):
            raise Failure(f"the server of {self._role.model} did not start: its port is in use")
        self.running[self.url] = self
        self._process = self

    @property
    def pid(self) -> int:
        return 0

    async def wait(self) -> int:
        """As a process."""
        await asyncio.sleep(self.lasts_s)
        del self.running[self.url]
        return 1

    async def stop(self) -> None:
        pass

    def _cause(self, status: int) -> str:
        return f"status {status}"


class Behind(ScriptedModel):
    """A client of such a server."""

    def __init__(self, url: str, *_: object, **__: object) -> None:
        super().__init__(ANSWER)
        self._url = url

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
        self._find()
        async with super().ask(messages, max_tokens, stop, choices=choices, priority=priority) as completion:
            yield completion
            self._find()

    async def remember(self, messages: Sequence[Message]) -> None:
        self._find()
        await super().remember(messages)

    async def close(self) -> None:
        pass

    def _find(self) -> None:
        if self._url not in Unwilling.running:
            raise ModelError("connection refused")


class Starting(Lobby):
    """A kiosk that serves its own models, as ``kiosk`` does, and has just been started."""

    rung = Rung.PREPARED
    probes = True
    local = None

    @asynccontextmanager
    async def models(self, settings: Settings) -> AsyncIterator[Stations]:
        self.log: list[str] = []
        async with servers.models_ready(settings, Path, self.log.append, at_once=True) as models:
            thinker, speaker = models.thinker, models.speaker
            yield replace(self.stations(), thinker=thinker, speaker=speaker, healthy=models.healthy)


@pytest.fixture
def own_servers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets from when on the servers of the thinker and the speaker start, and for how long they last then."""

    async def nowhere(*_: object) -> str:
        return ""

    monkeypatch.setattr(servers, "ServerProcess", Unwilling)
    monkeypatch.setattr(servers, "OpenAIChat", Behind)
    monkeypatch.setattr(servers, "_already_served", nowhere)
    monkeypatch.setattr(ENGINES["llama.cpp"], "kept_prompts", lambda _: None)
    monkeypatch.setattr(process, "_kill_group", lambda _: None)
    roles = load_settings(None)

    def work_from(thinker_s: float, speaker_s: float, lasts_s: float = 1e9) -> None:
        monkeypatch.setattr(
            Unwilling, "works_from_s", {roles.thinker.model: thinker_s, roles.speaker.model: speaker_s}, raising=False
        )
        monkeypatch.setattr(Unwilling, "lasts_s", lasts_s, raising=False)
        monkeypatch.setattr(Unwilling, "running", {}, raising=False)
        monkeypatch.setattr(Unwilling, "starts_s", [], raising=False)

    return work_from


NEVER_S = 1e9


def test_while_a_server_of_our_own_loads_visitors_hear_the_prepared_sentence_and_then_answers(
    own_servers: Callable[..., None],
) -> None:
    own_servers(0, 0)
    lobby = Starting(*ASKS)
    heard = heard_in_time(lobby)
    assert heard == [OUT_OF_ORDER, *[ANSWER] * 11] or heard == [ANSWER] * 12
    assert [rung for _, rung in lobby.seen.rungs] == [Rung.PREPARED, Rung.WITHOUT_THINKER, Rung.FULL]
    assert lobby.seen.rungs[-1][0] < 5


def test_servers_that_never_start_leave_the_prepared_sentence_every_time(own_servers: Callable[..., None]) -> None:
    own_servers(NEVER_S, NEVER_S)
    lobby = Starting(*ASKS)
    assert heard_in_time(lobby) == [OUT_OF_ORDER] * 12
    # It is tried again, ever more slowly, and said once.
    assert 8 <= len(Unwilling.starts_s) <= 16
    assert len(lobby.log) == 2 and all("did not start: its port is in use" in line for line in lobby.log)


def test_a_thinker_that_never_starts_costs_its_thoughts_alone(own_servers: Callable[..., None]) -> None:
    own_servers(NEVER_S, 0)
    lobby = Starting(*ASKS)
    assert set(heard_in_time(lobby)[1:]) == {ANSWER}
    assert [rung for _, rung in lobby.seen.rungs] == [Rung.PREPARED, Rung.WITHOUT_THINKER]


def test_a_speaker_that_never_starts_is_replaced_by_no_thinker(own_servers: Callable[..., None]) -> None:
    own_servers(0, NEVER_S)
    assert set(heard_in_time(Starting(*ASKS))) == {OUT_OF_ORDER}


def test_a_server_that_can_start_at_last_is_used(own_servers: Callable[..., None]) -> None:
    own_servers(30, 40)
    lobby = Starting(*ASKS)
    heard = heard_in_time(lobby)
    assert heard[:5] == [OUT_OF_ORDER] * 5 and heard[-3:] == [ANSWER] * 3
    # The longest wait before the next try is 30 s.
    assert lobby.seen.rungs[-1][1] is Rung.FULL and lobby.seen.rungs[-1][0] < 75


def test_a_server_that_dies_soon_after_each_start_is_never_waited_for(own_servers: Callable[..., None]) -> None:
    own_servers(0, 0, lasts_s=1.2)
    lobby = Starting(*ASKS)
    assert set(heard_in_time(lobby)) <= {
        ANSWER,
        OUT_OF_ORDER,
        TEXTS["sorry"],
        f"{ANSWER} {TEXTS['sorry']}",
    }
    assert len(Unwilling.starts_s) < 20
