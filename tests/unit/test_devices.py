"""Which device is meant, what is wrong with it, and the memory that it shares with the assistant."""

import asyncio
import errno
import mmap
import os
import time
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.scripted import on_virtual_time
from voice_livemind.clock import Clock
from voice_livemind.config import load_settings
from voice_livemind.devices import supervisor as supervisor_module
from voice_livemind.devices.choice import Device, choose
from voice_livemind.devices.faults import open_fault, sound_card_forbidden
from voice_livemind.devices.memory import HeardRing, PlayedRing, map_memory, new_memory
from voice_livemind.devices.process import DeviceProcess
from voice_livemind.devices.supervisor import STUCK_AFTER_S, Supervisor, back_off, supervised, trouble
from voice_livemind.errors import UserError
from voice_livemind.hear import microphone as microphone_module
from voice_livemind.hear.frames import RATE_HZ, Samples
from voice_livemind.hear.microphone import Microphone
from voice_livemind.play.loudspeaker import Loudspeaker
from voice_livemind.play.sent import Sent
from voice_livemind.sound import Sound

HEADSET = Device(0, "USB Headset: Audio (hw:1,0)", "ALSA", 1, 2, 48000)
SCREEN = Device(1, "HDMI 0", "ALSA", 0, 8, 44100)
CAMERA = Device(2, "USB Camera", "ALSA", 2, 0, 16000)
DEFAULT = Device(3, "default", "ALSA", 32, 32, 44100, ("microphone", "loudspeaker"))
ALL = [HEADSET, SCREEN, CAMERA, DEFAULT]


@pytest.mark.parametrize(
    ("wanted", "found"), [("", DEFAULT), ("2", CAMERA), ("usb", HEADSET), ("camera", CAMERA), ("DEFAULT", DEFAULT)]
)
def test_a_microphone_is_found(wanted: str, found: Device) -> None:
    assert choose(ALL, "microphone", wanted) == found


def test_what_only_plays_is_no_microphone() -> None:
    assert choose(ALL, "loudspeaker", "hdmi") == SCREEN
    with pytest.raises(UserError, match=r"'hdmi': no microphone is named so; there are: 0 USB Headset.*2 USB Camera"):
        choose(ALL, "microphone", "hdmi")


def test_without_a_default_the_first_that_fits_is_taken() -> None:
    assert choose([SCREEN, CAMERA], "microphone", "") == CAMERA


def test_no_microphone_at_all() -> None:
    with pytest.raises(UserError, match="no microphone found: plug one in"):
        choose([SCREEN], "microphone", "")


def test_an_index_needs_no_quotes() -> None:
    settings = load_settings(None, ["microphone.device=2", "loudspeaker.device=hdmi"])
    assert (settings.microphone.device, settings.loudspeaker.device) == ("2", "hdmi")


@pytest.mark.parametrize(
    ("code", "system_error", "mend"),
    [
        (-9985, None, "is busy: close the program that uses it"),
        (-9999, -errno.EBUSY, "is busy: close the program that uses it"),
        (-9999, -errno.EACCES, "permission denied: "),
        (-9993, None, "choose another of `voice-livemind devices`"),
    ],
)
def test_a_device_that_cannot_be_opened(code: int, system_error: int | None, mend: str) -> None:
    line = open_fault("microphone", "USB", code, system_error, "Illegal combination of I/O devices")
    assert line.startswith("microphone 'USB'") and mend in line and "\n" not in line


def test_a_sound_card_that_may_not_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pcmC0D0c").touch()
    # Root, as whom the tests may run, may open everything.
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert sound_card_forbidden(tmp_path)


def test_without_a_sound_card_nothing_is_forbidden(tmp_path: Path) -> None:
    assert not sound_card_forbidden(tmp_path)
    (tmp_path / "pcmC0D0c").touch()
    assert not sound_card_forbidden(tmp_path)


def test_a_device_is_looked_for_at_once_and_then_ever_more_seldom_but_often_enough() -> None:
    waits = list(islice(back_off(), 20))
    assert waits == sorted(waits)
    assert waits[0] <= 0.1 and waits[-1] == 2


def test_trouble() -> None:
    assert trouble(ended=True, idle_s=0) == "is lost"
    assert trouble(ended=False, idle_s=STUCK_AFTER_S + 0.1) == "is stuck"
    assert trouble(ended=False, idle_s=2.0) is None


class Doubted:
    """Works with a device, and doubts the first that it gets."""

    last_ns = 0
    device: DeviceProcess | None = None

    def __init__(self) -> None:
        self.trusts = asyncio.Event()

    def attach(self, device: DeviceProcess) -> None:
        self.device, self.last_ns = device, time.monotonic_ns()
        if device.name != "1":
            self.trusts.set()

    def detach(self) -> None:
        self.device = None

    @property
    def doubtful(self) -> str | None:
        return "delivers silence only" if self.device is not None and self.device.name == "1" else None


@pytest.mark.parametrize("shared", [True, False])
def test_a_device_that_is_doubted_is_opened_anew_even_where_it_can_be_open_only_once(shared: bool) -> None:
    opened: list[DeviceProcess] = []
    processes: list[asyncio.subprocess.Process] = []
    said: list[tuple[str, bool]] = []

    async def open_it() -> DeviceProcess:
        if not shared and opened and not opened[-1].ended:
            raise UserError("microphone '1' is busy: close the program that uses it")
        processes.append(await asyncio.create_subprocess_exec("sleep", "60"))
        opened.append(DeviceProcess(str(len(opened) + 1), 48000, 1, memory(), processes[-1]))
        return opened[-1]

    async def test() -> None:
        owner = Doubted()
        async with supervised(Supervisor(open_it, owner, lambda line, working: said.append((line, working)))):
            await owner.trusts.wait()
            await processes[0].wait()
            assert len(opened) == 2 and owner.device is opened[1] and not opened[1].ended
        assert opened[1].ended

    asyncio.run(test())
    assert said[0] == ("'1' delivers silence only", True)
    assert said[-1][1] and all(working for _, working in said) == shared


def memory() -> mmap.mmap:
    descriptor = new_memory()
    try:
        return map_memory(descriptor)
    finally:
        os.close(descriptor)


def test_the_microphone_ring_gives_back_what_was_written_across_its_end() -> None:
    ring = HeardRing(memory(), channels=2)
    random = np.random.default_rng(1)
    for number in range(2500):
        block = random.integers(-32768, 32767, (480, 2), np.int16)
        ring.write(block, 1000 + number, 1e-7, overflowed=False)
        got, end_ns = ring.read()
        assert np.array_equal(got, block) and end_ns == 900 + number
    assert len(ring.read()[0]) == ring.dropped == 0


def test_the_microphone_ring_keeps_the_oldest_and_counts_what_it_drops() -> None:
    ring = HeardRing(memory(), channels=1)
    written = 0
    while not ring.dropped:
        ring.write(np.full((480, 1), written % 1000, np.int16), written, 0.0, overflowed=written == 5)
        written += 1
    got, end_ns = ring.read()
    assert len(got) == 480 * (written - 1) and len(got) / 48000 > 10
    assert end_ns == written - 2
    assert (ring.dropped, ring.overflows) == (480, 1)


def test_a_stream_that_lags_is_noticed_at_its_start_and_later() -> None:
    ring = HeardRing(memory(), channels=1)

    def deliver(*lags_s: float) -> int:
        for lag_s in lags_s:
            ring.write(np.zeros((480, 1), np.int16), 10**9, lag_s, overflowed=False)
        return ring.read()[1]

    deliver(0.8, 0.7, 0.72)
    assert ring.blocks == 3 and ring.lag_s == pytest.approx(0.7)
    ring.start_anew()
    deliver(0.8, *[0.03] * 60)
    assert ring.lag_s == pytest.approx(0.03)
    deliver(*[0.5, 0.6] * 20)
    assert ring.lag_s == pytest.approx(0.5)
    ring.accept_lag()
    assert ring.lag_s == 0
    assert deliver(0.6) == 10**9 - 10**8


def fill(ring: PlayedRing, samples: int, heard_ns: int = 0) -> list[int]:
    block = np.full((samples, 2), 77, np.int16)
    ring.fill(block, heard_ns)
    assert np.array_equal(block[:, 0], block[:, 1])
    left: list[int] = block[:, 0].tolist()
    return left


def test_the_loudspeaker_plays_its_row_and_then_silence() -> None:
    ring = PlayedRing(memory())
    ring.write(np.arange(1, 6, dtype=np.int16))
    assert fill(ring, 3) == [0, 0, 0], "it was not told to play"
    ring.let_play(True)
    assert fill(ring, 3) == [1, 2, 3]
    assert fill(ring, 3) == [4, 5, 0]
    assert fill(ring, 3) == [0, 0, 0]
    block = ring.block(2)
    assert (block.position, block.filled, block.samples) == (3, 2, 3)
    assert ring.samples(block).tolist() == [4, 5, 0]


def test_after_a_cut_the_row_goes_on_where_it_was_heard_and_not_before_the_cut_is_done() -> None:
    ring = PlayedRing(memory())
    ring.let_play(True)
    ring.write(np.arange(1, 10, dtype=np.int16))
    assert fill(ring, 6) == [1, 2, 3, 4, 5, 6]
    ring.cut(2, end=5)
    assert fill(ring, 3) == [0, 0, 0]
    ring.cut_done()
    assert fill(ring, 5) == [3, 4, 5, 0, 0]
    assert ring.void_until == 2


def test_the_loudspeaker_ring_takes_no_more_than_it_has_room_for() -> None:
    ring = PlayedRing(memory())
    ring.let_play(True)
    given = 0
    taken: list[int] = []
    while len(taken) < 3_000_000:
        room = min(ring.room(), 100_000)
        ring.write((np.arange(given, given + room) % 30_000).astype(np.int16))
        given += room
        taken += fill(ring, 48_000)
    assert taken[:given] == (np.arange(len(taken)) % 30_000).tolist()[:given]


def test_what_was_sent_is_found_at_its_time_and_what_was_taken_back_is_not() -> None:
    sent = Sent(48000)
    tone = (8000 * np.sin(2 * np.pi * 500 * np.arange(48000) / 48000)).astype(np.int16)
    random = np.random.default_rng(1)
    for start in range(0, 48000, 1200):
        # Devices are a little uncertain of their times.
        sent.add(tone[start : start + 1200], 5 + start / 48000 + random.uniform(-0.001, 0.001))
    got = sent.between(5.2, 5.7)
    ideal = 8000 * np.sin(2 * np.pi * 500 * np.arange(0.2 * RATE_HZ, 0.7 * RATE_HZ) / RATE_HZ)
    assert max(np.corrcoef(got[40:-40], np.roll(ideal, shift)[40:-40])[0, 1] for shift in range(-32, 33)) > 0.99
    assert not sent.between(4.5, 4.9).any() and not sent.between(6.1, 6.2).any()
    assert len(sent.between(5.99, 6.05)) == 960
    sent.silence_from(5.5)
    assert sent.between(5.4, 5.49).any() and not sent.between(5.51, 6).any()


def test_after_a_cut_sound_is_sent_for_earlier_than_what_it_replaces() -> None:
    sent = Sent(48000)
    loud = np.full(1200, 8000, np.int16)
    for number in range(8):
        sent.add(loud, 2 + number * 0.025)
    sent.silence_from(2.05)
    sent.add(np.zeros(1200, np.int16), 2.052)
    sent.add(-loud, 2.077)
    assert not sent.between(2.053, 2.074).any()
    assert sent.between(2.08, 2.1).mean() == pytest.approx(-8000, rel=0.05)
    assert not sent.between(2.105, 2.2).any()


@pytest.mark.parametrize("device_rate_hz", [48000, 44100, 16000])
def test_what_comes_in_parts_is_played_as_if_it_had_come_whole(device_rate_hz: int) -> None:
    time_s = np.arange(30_000) / 22050
    samples = (0.5 * np.sin(2 * np.pi * 300 * time_s) + 0.3 * np.sin(2 * np.pi * 1234 * time_s)).astype(np.float32)
    seams = [7001, 7300, 20_003, 30_000]

    async def played(*sounds: Sound, device_first: bool) -> Samples:
        loudspeaker = Loudspeaker(load_settings(None).loudspeaker, Clock(), 22050)
        process = await asyncio.create_subprocess_exec("true")
        device = DeviceProcess("", device_rate_hz, 1, memory(), process)
        if device_first:
            loudspeaker.attach(device)
        for sound in sounds:
            loudspeaker.play(sound)
        if not device_first:
            loudspeaker.attach(device)
        block = np.zeros((3 * device_rate_hz, 1), np.int16)
        PlayedRing(device.memory).fill(block, 0)
        await process.wait()
        return block[:, 0].astype(np.int16)

    parts = [
        Sound(samples[begin:end], 22050, after=samples[end : end + 200])
        for begin, end in zip([0, *seams], seams, strict=False)
    ]
    whole = asyncio.run(played(Sound(samples, 22050), device_first=True)).astype(int)
    assert np.count_nonzero(whole) > 0.99 * device_rate_hz * 30_000 / 22050
    for device_first in (True, False):
        in_parts = asyncio.run(played(*parts, device_first=device_first)).astype(int)
        assert np.abs(in_parts - whole).max() <= 2


class Card:
    """Microphones on the loop's time: the first hands over what it has every ``bursts_s``, the next every 20 ms."""

    def __init__(self, bursts_s: float, late: int = 1) -> None:
        """``late``: so many of them do so."""
        self._bursts_s = bursts_s
        self._late = late
        self.opened_s: list[float] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> DeviceProcess:
        """The next one."""
        loop = asyncio.get_running_loop()
        self.opened_s.append(loop.time())
        shared = memory()
        every_s = self._bursts_s if len(self.opened_s) <= self._late else 0.02
        self._tasks.append(asyncio.create_task(self._deliver(HeardRing(shared, 1), every_s)))
        return DeviceProcess(str(len(self.opened_s)), RATE_HZ, 1, shared, FakeProcess())

    def close(self) -> None:
        """No more sound."""
        for task in self._tasks:
            task.cancel()

    async def _deliver(self, ring: HeardRing, every_s: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(every_s)
            for _ in range(round(every_s / 0.02)):
                # As PortAudio does where it knows no better: each block is said to be over when it comes.
                ring.write(np.full((320, 1), 1000, np.int16), round(loop.time() * 1e9), 0.0, overflowed=False)


class FakeProcess(asyncio.subprocess.Process):
    """One that ends when it is told to."""

    def __init__(self) -> None:
        self.code: int | None = None

    @property
    def returncode(self) -> int | None:
        return self.code

    def kill(self) -> None:
        self.code = -9

    async def wait(self) -> int:
        return self.code or 0


def heard_of(card: Card, seconds: float, monkeypatch: pytest.MonkeyPatch) -> tuple[list[bool], list[tuple[float, str]]]:
    """Whether each frame sounds, and what was told when."""
    told: list[tuple[float, str]] = []

    async def hear() -> list[bool]:
        loop = asyncio.get_running_loop()
        fake = SimpleNamespace(monotonic=loop.time, monotonic_ns=lambda: round(loop.time() * 1e9))
        monkeypatch.setattr(microphone_module, "time", fake)
        monkeypatch.setattr(supervisor_module, "time", fake)
        microphone = Microphone(lambda line, _: told.append((loop.time(), line)), zeros_s=6.0)
        sounding = []
        async with supervised(Supervisor(card.open, microphone, lambda line, _: told.append((loop.time(), line)))):
            async for frame in microphone.frames(Clock()):
                sounding.append(bool(frame.samples.any()))
                if frame.end_s > seconds:
                    break
        card.close()
        return sounding

    return on_virtual_time(hear()), told


@pytest.mark.parametrize("bursts_s", [1.0, 2.0, 2.4])
def test_sound_that_comes_seconds_late_in_bursts_is_noticed_and_mended_within_ten_seconds(
    bursts_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Card(bursts_s)
    sounding, told = heard_of(card, 30, monkeypatch)
    assert sum(sounding[:250]) < 0.5 * 250, "nothing was wrong"
    assert len(card.opened_s) == 2 and card.opened_s[1] < 10
    assert any("too late to be heard" in line and at_s < 10 for at_s, line in told)
    assert all(sounding[600:])


def test_where_another_device_is_no_better_it_is_tried_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card(2.0, late=99)
    heard_of(card, 160, monkeypatch)
    assert 4 <= len(card.opened_s) <= 7


@pytest.mark.parametrize("bursts_s", [0.02, 0.1, 0.3])
def test_sound_that_comes_in_small_bursts_is_heard_and_nothing_is_doubted(
    bursts_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Card(bursts_s)
    sounding, _ = heard_of(card, 30, monkeypatch)
    assert len(card.opened_s) == 1 and sum(sounding) > 0.95 * len(sounding)
