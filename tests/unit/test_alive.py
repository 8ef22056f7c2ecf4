"""Staying alive: the ladder, the watchdog, the self-test, and what the service manager is told."""

import asyncio
import os
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.scripted import Dialogue, ScriptedModel, on_virtual_time
from voice_livemind.config import load_settings
from voice_livemind.errors import UserError
from voice_livemind.hear.turn_sound import Chunk
from voice_livemind.kiosk import notify, probing, self_test, watchdog
from voice_livemind.kiosk.back_off import main as back_off
from voice_livemind.kiosk.back_off import wait_s
from voice_livemind.kiosk.ladder import Health, Ladder, Rung
from voice_livemind.kiosk.state import Activity, KioskState, SelfTest
from voice_livemind.kiosk.unit import require_network, servers_of, unit_text
from voice_livemind.kiosk.watchdog import Signs, Watch, unfit
from voice_livemind.kiosk.work import Work, watched
from voice_livemind.modes import Answerer
from voice_livemind.serving.chat import Completion, Message, ModelError
from voice_livemind.serving.shedding import Shed
from voice_livemind.transcribe.hypothesis import Hypothesis, Word

ALL = Health(thinker=True, speaker=True, local_speaker=True)
NO_THINKER = ALL._replace(thinker=False)
NO_SERVER = Health(thinker=False, speaker=False, local_speaker=True)
NOTHING = Health(thinker=False, speaker=False, local_speaker=False)


def seconds_until(rung: Rung, ladder: Ladder, from_s: float, health: Health) -> float:
    """How long it takes to get there, looked at twice a second."""
    for half in range(1000):
        if ladder.observe(from_s + half / 2, health) == rung:
            return half / 2
    raise AssertionError(f"never {rung}")


class TestLadder:
    def test_every_loss_is_a_step_down_at_once(self) -> None:
        ladder = Ladder()
        assert ladder.observe(0, ALL) == Rung.FULL
        assert ladder.observe(1, NO_THINKER) == Rung.WITHOUT_THINKER
        assert ladder.observe(2, NO_SERVER) == Rung.LOCAL_SPEAKER
        assert ladder.observe(3, NOTHING) == Rung.PREPARED

    def test_a_local_speaker_that_there_is_not_is_no_step_on_the_way_up(self) -> None:
        chance, ladder, rungs = random.Random(1), Ladder(), set[Rung]()
        for second in range(0, 4000, 2):
            health = Health(chance.random() < 0.9, chance.random() < 0.9, local_speaker=False)
            rungs |= {ladder.observe(second, health), ladder.observe(second + 1, health)}
        assert rungs == {Rung.FULL, Rung.WITHOUT_THINKER, Rung.PREPARED}

    def test_at_the_start_each_model_counts_from_its_first_answer_on(self) -> None:
        ladder = Ladder()
        assert ladder.observe(0, NOTHING) == Rung.PREPARED
        assert ladder.observe(5, NO_THINKER) == Rung.WITHOUT_THINKER
        assert ladder.observe(6, ALL) == Rung.FULL

    def test_a_thinker_without_a_speaker_answers_nobody(self) -> None:
        assert Ladder().observe(0, NOTHING._replace(thinker=True)) == Rung.PREPARED

    def test_it_climbs_only_when_a_step_has_been_well_for_some_seconds(self) -> None:
        ladder = Ladder()
        ladder.observe(-100, ALL)
        ladder.observe(0, NOTHING)
        assert ladder.observe(10, ALL) == ladder.observe(12.9, ALL) == Rung.PREPARED
        assert ladder.observe(13, ALL) == Rung.FULL

    def test_what_flaps_is_not_climbed_to_but_what_holds_meanwhile_is(self) -> None:
        ladder = Ladder()
        ladder.observe(-100, ALL)
        ladder.observe(0, NOTHING)
        rungs = [ladder.observe(1 + second, ALL if second % 2 else NO_THINKER) for second in range(60)]
        assert Rung.FULL not in rungs and rungs[-1] == Rung.WITHOUT_THINKER

    def test_each_relapse_makes_it_wait_twice_as_long_up_to_a_minute_and_a_good_time_is_forgiven(self) -> None:
        ladder, now_s, waits = Ladder(), 0.0, []
        ladder.observe(-100, ALL)
        for stays_s in [5.0] * 6 + [300.0, 5.0]:
            ladder.observe(now_s, NOTHING)
            waits.append(seconds_until(Rung.FULL, ladder, now_s + 1, ALL))
            now_s += 1 + waits[-1] + stays_s
        assert waits == [3, 6, 12, 24, 48, 60, 60, 3]


class TestWatchdog:
    def test_it_is_fed_while_sound_comes_and_not_six_seconds_after_the_last(self) -> None:
        assert unfit(Signs(deaf_s=5.9)) is None
        assert "nothing was heard for 7 s" in str(unfit(Signs(deaf_s=7.0)))

    def test_a_lost_device_is_given_the_time_to_come_back(self) -> None:
        assert unfit(Signs(deaf_s=100, microphone_lost=True)) is None
        assert unfit(Signs(deaf_s=121, microphone_lost=True)) is not None

    def test_nothing_is_expected_before_there_are_devices(self) -> None:
        state = KioskState(0.0)
        state.becomes("waiting", 0.0, "for the microphone")
        watch = Watch(state, Work(), 0.0)
        assert all(unfit(watch.signs(float(second))) is None for second in range(3600))

    def test_frames_are_expected_from_when_it_serves_and_silence_of_the_device_is_noticed(self) -> None:
        state = KioskState(0.0)
        watch = Watch(state, Work(), 0.0)
        for second in range(20):
            assert unfit(watch.signs(float(second))) is None
        state.becomes("idle", 20.0)
        for second in range(20, 30):
            state.last_frame_s = second - 0.1
            assert unfit(watch.signs(float(second))) is None
        dead_for = next(second for second in range(30, 60) if unfit(watch.signs(float(second))))
        assert dead_for == 35

    def test_who_stood_still_does_not_blame_the_microphone(self) -> None:
        state, work = KioskState(0.0, "idle"), Work()
        watch = Watch(state, work, 0.0)
        state.last_frame_s = 0.0
        assert unfit(watch.signs(1.0)) is None
        # The whole process was stopped for three minutes.
        assert unfit(watch.signs(181.0)) is None
        assert [unfit(watch.signs(181.0 + second)) is None for second in (2, 4, 6, 8)] == [True, True, True, False]

    def test_a_turn_that_stands_still_and_a_failed_self_test_are_noticed(self) -> None:
        assert unfit(Signs(busy_s=601)) and not unfit(Signs(busy_s=500))
        state = KioskState(0.0, "idle", self_test=SelfTest(ok=False, at_s=0.0, detail="the recogniser heard ''"))
        state.last_frame_s = 0.0
        assert "the recogniser heard ''" in str(unfit(Watch(state, Work(), 0.0).signs(0.5)))

    def test_a_recogniser_that_never_returns_starves_it(self) -> None:
        async def wedged() -> float:
            state, work = KioskState(0.0), Work()
            dialogue = Dialogue()
            dialogue.recognition_s = 1e9
            stations = watched(dialogue.stations(), work)
            chunk = Chunk(self_test.recording(), 0.0, 3.0, (0.0, 3.0))
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            passing = asyncio.ensure_future(stations.recognize(chunk))
            watch = Watch(state, work, loop.time())
            for _ in range(60):
                if unfit(watch.signs(loop.time())) is None:
                    await asyncio.sleep(1)
            passing.cancel()
            return loop.time() - began_s

        assert on_virtual_time(wedged()) == pytest.approx(31, abs=1)

    def test_the_feeder_feeds_says_what_goes_on_and_gives_up_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with manager() as (listener, address):
            monkeypatch.setenv("NOTIFY_SOCKET", address)

            async def feed() -> None:
                state = KioskState(0.0, "idle")
                feeding = asyncio.create_task(watchdog.feed_watchdog(state, Work()))
                await asyncio.sleep(60)
                feeding.cancel()

            on_virtual_time(feed())
            told = messages(listener)
        assert told[:2] == ["WATCHDOG=1", "STATUS=idle, full"]
        assert told[-1] == "WATCHDOG=trigger" and told[-2].startswith("STATUS=nothing was heard")
        assert told.count("WATCHDOG=1") == 7


class TestNotify:
    def test_messages_reach_a_socket_with_a_file_and_one_without(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        for address in (str(tmp_path / "notify"), f"@voice-livemind-test-{os.getpid()}"):
            with manager(address) as (listener, _):
                monkeypatch.setenv("NOTIFY_SOCKET", address)
                notify.ready()
                notify.status("serving\na visitor")
                notify.feed()
                notify.stopping()
                assert messages(listener) == ["READY=1", "STATUS=serving", "WATCHDOG=1", "STOPPING=1"]

    def test_nobody_listening_is_no_error(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
        notify.ready()
        monkeypatch.delenv("NOTIFY_SOCKET")
        notify.ready()
        assert not notify.listened_to()

    def test_a_manager_that_does_not_read_never_makes_it_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with manager() as (listener, address):
            monkeypatch.setenv("NOTIFY_SOCKET", address)
            for _ in range(5000):
                notify.feed()
            assert 0 < len(messages(listener)) < 5000

    def test_the_watchdog_is_that_of_this_very_process(self) -> None:
        assert notify.watchdog_s({"WATCHDOG_USEC": "20000000"}) == 20
        assert notify.watchdog_s({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}) == 20
        assert notify.watchdog_s({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}) is None
        assert notify.watchdog_s({}) is None and notify.watchdog_s({"WATCHDOG_USEC": "soon"}) is None


class TestSelfTest:
    """The recogniser is scripted; the voice detector and the recording are the real ones."""

    def test_it_passes_where_the_words_come_out(self) -> None:
        state, passes = keep_testing_for(60, "What is the capital of France?")
        assert state.self_test is not None and state.self_test.ok and passes == 1

    def test_it_is_repeated(self) -> None:
        _, passes = keep_testing_for(1900, "The capital of France.")
        assert passes == 4

    def test_wrong_words_fail_it_the_second_time_in_a_row(self) -> None:
        state, passes = keep_testing_for(60, "Thank you.")
        assert state.self_test is not None and not state.self_test.ok and passes == 2
        assert "Thank you." in state.self_test.detail
        state, _ = keep_testing_for(60, "Thank you.", "What is the capital of France?")
        assert state.self_test is not None and state.self_test.ok

    def test_a_deaf_voice_detector_fails_it(self) -> None:
        async def deaf() -> str:
            return await self_test.test(self_test.recording() // 10000, hears("capital France")[0], load_settings(None))

        assert "0.0 s of speech" in asyncio.run(deaf())

    def test_not_while_somebody_is_there(self) -> None:
        state, passes = keep_testing_for(600, "The capital of France.", activity="listening")
        assert state.self_test is None and passes == 0


class TestRung:
    def test_a_dead_thinker_costs_one_step_and_gives_it_back(self) -> None:
        rungs = rungs_of(lambda thinker, _: thinker.dead_between(30, 60))
        assert [rung for _, rung in rungs] == [Rung.FULL, Rung.WITHOUT_THINKER, Rung.FULL]
        assert 30 <= rungs[1][0] < 51 and 60 <= rungs[2][0] < 70

    def test_without_a_speaker_only_the_prepared_sentence_is_left_unless_there_is_one_here(self) -> None:
        rungs = rungs_of(lambda _, speaker: speaker.dead_between(30, 60))
        assert [rung for _, rung in rungs] == [Rung.FULL, Rung.PREPARED, Rung.FULL]
        rungs = rungs_of(lambda _, speaker: speaker.dead_between(30, 60), local=Server())
        assert [rung for _, rung in rungs] == [Rung.FULL, Rung.LOCAL_SPEAKER, Rung.FULL]

    def test_a_server_that_hangs_counts_as_dead(self) -> None:
        rungs = rungs_of(lambda thinker, _: thinker.hangs_between(30, 60))
        assert [rung for _, rung in rungs] == [Rung.FULL, Rung.WITHOUT_THINKER, Rung.FULL]

    def test_failed_requests_of_a_visitor_count_at_once_and_probes_do_not_disturb_him(self) -> None:
        server = Server()
        server.well_after_s = 100
        rungs = rungs_of(lambda _, __: None, activity="speaking", thinker=server)
        assert [rung for _, rung in rungs] == [Rung.WITHOUT_THINKER, Rung.FULL]
        assert len(server.asked) + len(server.remembered) < 60
        healthy = Server()
        rungs_of(lambda _, __: None, activity="speaking", thinker=healthy)
        # But for the first time, at the start.
        assert healthy.asked == [] and len(healthy.remembered) == 1

    def test_what_is_shed_is_written_down_beside_it(self) -> None:
        state = KioskState(0.0, "idle")

        async def keep() -> list[Shed]:
            loop = asyncio.get_running_loop()
            stations = replace(
                Dialogue().stations(), sheds=lambda: Shed.THINKING if 5 <= loop.time() < 10 else Shed.NOTHING
            )
            keeping = asyncio.create_task(probing.keep_rung(state, stations, None))
            seen = []
            for _ in range(3):
                await asyncio.sleep(4)
                seen.append(state.shed)
            keeping.cancel()
            return seen

        assert on_virtual_time(keep()) == [Shed.NOTHING, Shed.THINKING, Shed.NOTHING]


class TestRestarting:
    def test_often_started_lately_waits_twice_as_long_each_time(self) -> None:
        starts: list[float] = []
        waits = []
        for _ in range(10):
            waits.append(wait_s(starts, 10.0))
            starts.append(9.0)
        assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]

    def test_what_was_long_ago_and_another_boot_do_not_count(self) -> None:
        assert wait_s([0.0, 1.0, 2.0, 3.0], 700.0) == 0
        assert wait_s([5000.0, 5001.0, 5002.0], 30.0) == 0

    def test_starts_are_kept_and_a_full_disk_does_no_harm(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        waited: list[float] = []
        monkeypatch.setattr(time, "sleep", waited.append)
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
        for _ in range(4):
            back_off()
        assert waited == [1, 2]
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "missing"))
        back_off()


class TestUnit:
    TEMPLATE = Path(__file__).parents[2] / "scripts" / "voice-livemind-kiosk.service"

    def unit(self, *settings: str, here: str = "/opt/voice-livemind") -> str:
        loaded = load_settings(None, settings)
        template = self.TEMPLATE.read_text()
        servers = servers_of(loaded, lambda _: ["192.0.2.7"], ["192.0.2.53"])
        return unit_text(template, Path(here), "somebody", Path("/etc/kiosk.toml"), loaded, servers)

    def test_everything_is_filled_in(self) -> None:
        unit = self.unit()
        assert "@" not in unit.replace("@system-service", "")
        assert "ExecStart=/opt/voice-livemind/.venv/bin/voice-livemind kiosk --config /etc/kiosk.toml" in unit
        assert "User=somebody" in unit and "ProtectHome=yes" in unit
        assert "ProtectHome=read-only" in self.unit(here="/home/somebody/voice-livemind")

    def test_only_this_machine_and_the_servers_of_the_configuration_can_be_reached(self) -> None:
        assert "IPAddressDeny=any\nIPAddressAllow=localhost\n" in self.unit()
        assert "IPAddressAllow=localhost 10.1.2.3\n" in self.unit("thinker.url=http://10.1.2.3:8000/v1")
        named = self.unit("speaker.url=https://models.example/v1", "thinker.url=http://127.0.0.1:1/v1")
        assert "IPAddressAllow=localhost 192.0.2.7 192.0.2.53\n" in named

    def test_transcripts_are_the_only_place_to_write_besides_its_own(self) -> None:
        assert "ReadWritePaths" not in self.unit()
        assert "ReadWritePaths=-/srv/said\n" in self.unit("kiosk.transcripts=/srv/said")

    def test_a_network_that_is_none_is_refused(self) -> None:
        assert require_network("192.168.1.0/24") == "192.168.1.0/24"
        with pytest.raises(UserError, match="--allow lobby"):
            require_network("lobby")


@contextmanager
def manager(address: str = "") -> Iterator[tuple[socket.socket, str]]:
    """A socket on which a service manager listens, and its name."""
    address = address or f"@voice-livemind-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + address[1:] if address.startswith("@") else address)
        listener.setblocking(False)
        yield listener, address


def messages(listener: socket.socket) -> list[str]:
    """All that have come."""
    found: list[str] = []
    with suppress(BlockingIOError):
        while True:
            found.append(listener.recv(4096).decode())
    return found


def hears(*texts: str) -> tuple[Callable[[Chunk], Awaitable[Hypothesis]], list[Chunk]]:
    """A recogniser that hears ``texts`` in turn, the last from then on; and what it was given."""
    given: list[Chunk] = []

    async def recognize(chunk: Chunk) -> Hypothesis:
        given.append(chunk)
        text = texts[min(len(given), len(texts)) - 1]
        return Hypothesis([Word(word, 0.0, 1.0) for word in text.split()], -0.1, 0.0)

    return recognize, given


def keep_testing_for(seconds: float, *texts: str, activity: Activity = "idle") -> tuple[KioskState, int]:
    """The state after so long, and how many passes the recogniser made."""
    recognize, given = hears(*texts)
    state = KioskState(0.0, activity)

    async def test_for_a_while() -> None:
        testing = asyncio.create_task(self_test.keep_testing(state, recognize, load_settings(None)))
        await asyncio.sleep(seconds)
        testing.cancel()

    on_virtual_time(test_for_a_while())
    return state, len(given)


class Server(ScriptedModel):
    """A model that can be dead, or hang, for a while of the loop's time."""

    def __init__(self) -> None:
        super().__init__(".")
        self.well_after_s = 0.0
        """Before that, the requests of visitors are said to fail."""
        self._dead = self._hangs = (0.0, 0.0)

    def dead_between(self, start_s: float, end_s: float) -> None:
        """It refuses."""
        self._dead = start_s, end_s

    def hangs_between(self, start_s: float, end_s: float) -> None:
        """It takes a request and says nothing."""
        self._hangs = start_s, end_s

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
        await self._fail()
        async with super().ask(messages, max_tokens, stop, choices=choices, priority=priority) as completion:
            yield completion

    async def remember(self, messages: Sequence[Message]) -> None:
        await self._fail()
        await super().remember(messages)

    async def _fail(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._dead[0] <= now_s < self._dead[1]:
            raise ModelError("refused")
        if self._hangs[0] <= now_s < self._hangs[1]:
            await asyncio.sleep(1000)


def rungs_of(
    happens: Callable[[Server, Server], None],
    activity: Activity = "idle",
    thinker: Server | None = None,
    local: Server | None = None,
) -> list[tuple[float, Rung]]:
    """The steps in three minutes in which that happens to thinker and speaker, each with when it was taken."""
    thinker, speaker = thinker or Server(), Server()
    happens(thinker, speaker)
    state = KioskState(0.0, activity)
    rungs: list[tuple[float, Rung]] = []

    async def keep() -> None:
        loop = asyncio.get_running_loop()

        def well(role: Answerer) -> bool:
            return loop.time() >= (thinker if role == "thinker" else speaker).well_after_s

        stations = replace(Dialogue().stations(), thinker=thinker, speaker=speaker, healthy=well)
        keeping = asyncio.create_task(probing.keep_rung(state, stations, local))
        # Let it find out first who answers.
        await asyncio.sleep(0.6)
        for _ in range(720):
            await asyncio.sleep(0.25)
            if not rungs or rungs[-1][1] != state.rung:
                rungs.append((loop.time() - 0.25, state.rung))
        keeping.cancel()

    on_virtual_time(keep())
    return rungs
