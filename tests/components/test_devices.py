"""Real PortAudio on a virtual sound card: what is played is heard, and devices that are lost come back."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.sound_card import SoundCard
from tests.system.command import run as run_command
from voice_livemind.clock import Clock
from voice_livemind.config import Settings, load_settings
from voice_livemind.devices.process import list_devices
from voice_livemind.errors import UserError
from voice_livemind.hear.frames import FRAME_S, RATE_HZ, Frame
from voice_livemind.hear.microphone import Microphone, open_microphone
from voice_livemind.play.loudspeaker import Loudspeaker, open_loudspeaker
from voice_livemind.sound import Sound

VOICE_RATE_HZ = 22050
BACK_WITHIN_S = 3.0


@pytest.fixture
def card(sound_card: SoundCard, monkeypatch: pytest.MonkeyPatch) -> SoundCard:
    """The card, seen from here."""
    for name, value in sound_card.environment.items():
        monkeypatch.setenv(name, value)
    return sound_card


@pytest.fixture
def devices(settings: Settings) -> Settings:
    """The card's own devices are chosen by a part of their names."""
    del settings
    return load_settings(None, ["microphone.device=virtual_mic", "loudspeaker.device=virtual_loud"])


def tone(seconds: float, frequency_hz: float = 1000, rate_hz: int = VOICE_RATE_HZ) -> Sound:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return Sound((0.3 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32), rate_hz)


@pytest.fixture
def tone_file(tmp_path: Path) -> Path:
    """A second of 700 Hz, in stereo."""
    file = tmp_path / "tone.wav"
    soundfile.write(file, np.stack([tone(1, 700, 44100).samples] * 2, axis=1), 44100)
    return file


async def until(condition: Callable[[], bool], within_s: float = BACK_WITHIN_S) -> float:
    """Wait; how long it took."""
    start_s = time.monotonic()
    while not condition():
        assert time.monotonic() - start_s < within_s, "not in time"
        await asyncio.sleep(0.02)
    return time.monotonic() - start_s


class Told:
    """What the user was told of a device."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.working = True

    def __call__(self, line: str, working: bool) -> None:
        self.lines.append(line)
        self.working = working


class Ears:
    """Hears a microphone."""

    def __init__(self, microphone: Microphone, clock: Clock) -> None:
        self.microphone = microphone
        self.clock = clock
        self.frames: list[Frame] = []
        self.lags_s: list[float] = []

    async def listen(self) -> None:
        async for frame in self.microphone.frames(self.clock):
            self.frames.append(frame)
            self.lags_s.append(self.clock.now() - frame.end_s)

    def sounding(self, since_s: float) -> tuple[float, float]:
        """When there was sound first since then, and how many seconds of it; the card itself leaves gaps under load."""
        samples = np.concatenate([frame.samples for frame in self.frames])[round(since_s * RATE_HZ) :]
        loud = np.abs(samples[: len(samples) // 80 * 80].reshape(-1, 80)).max(axis=1) > 300
        return since_s + float(loud.argmax()) * 0.005, float(np.count_nonzero(loud)) * 0.005


@asynccontextmanager
async def ears(settings: Settings, told: Told) -> AsyncIterator[Ears]:
    async with open_microphone(settings.microphone, told) as microphone:
        heard = Ears(microphone, Clock())
        listening = asyncio.create_task(heard.listen())
        await until(lambda: microphone.last_ns > 0)
        yield heard
        listening.cancel()


@asynccontextmanager
async def mouth(settings: Settings, told: Told) -> AsyncIterator[tuple[Loudspeaker, Clock]]:
    clock = Clock()
    async with open_loudspeaker(settings.loudspeaker, clock, VOICE_RATE_HZ, told) as loudspeaker:
        # The virtual card takes its time over the first blocks.
        await asyncio.sleep(2.2)
        yield loudspeaker, clock


def in_real_time(test: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(test())


@pytest.mark.usefixtures("card")
def test_the_command_lists_devices_and_names_those_that_are_chosen() -> None:
    listed = run_command("devices", "--set", "microphone.device=VIRTUAL_mic")
    assert listed.returncode == 0, listed.stderr
    assert "microphone: " in listed.stdout and "virtual_microphone\n" in listed.stdout.split("microphone: ")[1]
    none = run_command("devices", "--set", "microphone.device=no-such")
    assert none.returncode == 1
    assert "microphone.device = 'no-such': no microphone is named so; there are: " in none.stdout


def test_without_a_sound_card_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, devices: Settings
) -> None:
    for name in ("HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH"):
        monkeypatch.setenv(name, str(tmp_path))

    async def test() -> None:
        async with open_microphone(devices.microphone, Told()):
            pass

    with pytest.raises(UserError, match="no microphone found: plug one in") as caught:
        in_real_time(test)
    assert "\n" not in str(caught.value)


def test_without_portaudio_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path.cwd()}")
    with pytest.raises(UserError, match="apt-get install libportaudio2"):
        asyncio.run(list_devices())


def test_a_microphone_hears_in_real_time(card: SoundCard, devices: Settings, tone_file: Path) -> None:
    async def test() -> None:
        async with ears(devices, Told()) as heard:
            await asyncio.sleep(1)
            since_s = heard.clock.now()
            player = card.play(tone_file)
            await asyncio.sleep(2.5)
            player.wait()
            start_s, seconds = heard.sounding(since_s)
            assert seconds == pytest.approx(1, abs=0.03)
            assert start_s - since_s < 0.5
            assert [frame.number for frame in heard.frames] == list(range(len(heard.frames)))
            middle = heard.frames[round((start_s + 0.5) / FRAME_S)].samples
            assert np.abs(np.fft.rfft(middle)).argmax() == pytest.approx(700 * FRAME_S, abs=0.5)
            assert np.percentile(heard.lags_s[50:], 95) < 0.1
            assert heard.microphone.lost_s < 0.05

    in_real_time(test)


def test_a_microphone_is_back_soon_after_the_sound_server(card: SoundCard, devices: Settings, tone_file: Path) -> None:
    async def test() -> None:
        told = Told()
        async with ears(devices, told) as heard:
            await asyncio.sleep(0.5)
            for _ in range(2):
                card.kill()
                await until(lambda: not told.working, 1)
                assert "'virtual_microphone' is lost" in told.lines[-1]
                lost_s = heard.clock.now()
                await asyncio.sleep(1.5)
                assert heard.clock.now() - heard.frames[-1].end_s < 0.2, "frames must go on in silence"
                card.start()
                await until(lambda: told.working)
                assert "'virtual_microphone' is back" in told.lines[-1]
                await until(lambda: heard.microphone.last_ns > 0)
                await asyncio.sleep(1)
                since_s = heard.clock.now()
                card.play(tone_file).wait()
                await asyncio.sleep(0.5)
                _, seconds = heard.sounding(since_s)
                assert seconds == pytest.approx(1, abs=0.03)
                assert heard.microphone.lost_s > since_s - lost_s - 1.5
            assert [frame.number for frame in heard.frames] == list(range(len(heard.frames)))

    in_real_time(test)


def test_a_source_that_is_taken_away_and_given_back_is_heard_again(
    card: SoundCard, devices: Settings, tone_file: Path
) -> None:
    async def test() -> None:
        told = Told()
        async with ears(devices, told) as heard:
            for _ in range(3):
                card.unplug_microphone()
                await asyncio.sleep(0.5)
                card.plug_microphone()
                await until(lambda: told.working)
                await asyncio.sleep(1.5)
                since_s = heard.clock.now()
                card.play(tone_file).wait()
                await asyncio.sleep(0.5)
                _, seconds = heard.sounding(since_s)
                assert seconds == pytest.approx(1, abs=0.03)
            assert heard.clock.now() - heard.frames[-1].end_s < 0.2

    in_real_time(test)


def test_a_reply_is_heard_when_the_loudspeaker_says_so(card: SoundCard, devices: Settings) -> None:
    async def test() -> None:
        with card.record() as recorded:
            async with mouth(devices, Told()) as (loudspeaker, clock):
                start_s, end_s = loudspeaker.play(tone(1))
                assert start_s - clock.now() < 0.2
                assert loudspeaker.play(tone(0.5))[0] == pytest.approx(end_s, abs=0.001)
                await clock.sleep_until(loudspeaker.end_s - 0.5)
                assert loudspeaker.heard == pytest.approx(1.0 * VOICE_RATE_HZ, abs=0.05 * VOICE_RATE_HZ)
                await clock.sleep_until(loudspeaker.end_s)
                # The last sample is just sounding.
                assert loudspeaker.queued - loudspeaker.heard <= 1
                assert loudspeaker.end_s == pytest.approx(end_s + 0.5, abs=0.03)
                first = loudspeaker.queued
                again_s, _ = loudspeaker.play(tone(0.2))
                await clock.sleep_until(loudspeaker.end_s + 0.3)
                assert loudspeaker.heard_at(first) == pytest.approx(again_s, abs=0.03)
                ((one_s, one_end_s), (two_s, two_end_s)) = recorded.audible()
                assert one_end_s - one_s == pytest.approx(1.5, abs=0.02)
                assert two_end_s - two_s == pytest.approx(0.2, abs=0.02)
                assert two_s - one_s == pytest.approx(loudspeaker.heard_at(first) - loudspeaker.heard_at(0), abs=0.03)

    in_real_time(test)


def test_held_it_is_silent_at_once_and_goes_on_where_it_was(card: SoundCard, devices: Settings) -> None:
    async def test() -> None:
        with card.record() as recorded:
            async with mouth(devices, Told()) as (loudspeaker, clock):
                loudspeaker.play(tone(1))
                await clock.sleep_until(loudspeaker.heard_at(0) + 0.4)
                loudspeaker.hold()
                held_s, heard = clock.now(), loudspeaker.heard
                await asyncio.sleep(0.4)
                assert loudspeaker.heard == heard
                assert heard / VOICE_RATE_HZ == pytest.approx(0.4, abs=0.03)
                loudspeaker.go_on()
                await asyncio.sleep(0.05)
                assert loudspeaker.end_s - clock.now() < 0.8
                await clock.sleep_until(loudspeaker.end_s + 0.3)
                assert loudspeaker.heard_at(heard) > held_s + 0.4
                ((one_s, one_end_s), (two_s, two_end_s)) = recorded.audible()
                # The virtual card has given the recorder up to 20 ms more by then than it would play.
                assert one_end_s - one_s == pytest.approx(heard / VOICE_RATE_HZ, abs=0.04)
                assert (one_end_s - one_s) + (two_end_s - two_s) == pytest.approx(1, abs=0.05)

    in_real_time(test)


def test_stopped_it_drops_the_rest_and_the_next_reply_is_whole(card: SoundCard, devices: Settings) -> None:
    async def test() -> None:
        with card.record() as recorded:
            async with mouth(devices, Told()) as (loudspeaker, clock):
                loudspeaker.play(tone(5))
                await clock.sleep_until(loudspeaker.heard_at(0) + 0.5)
                loudspeaker.stop()
                cut = loudspeaker.queued
                assert loudspeaker.heard == cut
                assert cut / VOICE_RATE_HZ == pytest.approx(0.5, abs=0.03)
                await asyncio.sleep(0.3)
                assert loudspeaker.end_s < clock.now()
                loudspeaker.play(tone(0.3))
                await clock.sleep_until(loudspeaker.end_s + 0.3)
                assert loudspeaker.heard == loudspeaker.queued == cut + round(0.3 * VOICE_RATE_HZ)
                lengths = [end_s - start_s for start_s, end_s in recorded.audible()]
                assert lengths == pytest.approx([0.5, 0.3], abs=0.04)

    in_real_time(test)


def test_a_reply_goes_on_after_the_sound_server_died_and_nothing_is_said_twice(
    card: SoundCard, devices: Settings
) -> None:
    async def test() -> None:
        told = Told()
        async with mouth(devices, told) as (loudspeaker, clock):
            with card.record():
                loudspeaker.play(tone(3))
                await clock.sleep_until(loudspeaker.heard_at(0) + 1)
                card.kill()
            await until(lambda: not told.working, 1)
            heard = loudspeaker.heard
            assert heard / VOICE_RATE_HZ == pytest.approx(1, abs=0.1)
            await asyncio.sleep(1)
            assert loudspeaker.heard == heard
            assert loudspeaker.end_s > clock.now() + 1.9
            card.start()
            with card.record() as recorded:
                await until(lambda: told.working)
                await until(lambda: loudspeaker.heard == loudspeaker.queued, 6)
                await asyncio.sleep(0.3)
                lengths = [end_s - start_s for start_s, end_s in recorded.audible()]
                assert sum(lengths) == pytest.approx(3 - heard / VOICE_RATE_HZ, abs=0.15)

    in_real_time(test)


def test_the_reference_is_what_the_room_hears(card: SoundCard, devices: Settings) -> None:
    async def test() -> None:
        random = np.random.default_rng(1)
        # As dull as speech: half a sample off, high tones would be unlike themselves.
        dull = np.convolve(random.normal(0, 0.1, VOICE_RATE_HZ), np.hanning(12) / 3, "same")
        noise = Sound(dull.astype(np.float32), VOICE_RATE_HZ)
        with card.record() as recorded:
            async with mouth(devices, Told()) as (loudspeaker, clock):
                loudspeaker.play(noise)
                start_s = loudspeaker.heard_at(0)
                pieces = []
                for number in range(60):
                    await clock.sleep_until(start_s + number * FRAME_S)
                    pieces.append(loudspeaker.reference(start_s + number * FRAME_S, start_s + (number + 1) * FRAME_S))
                reference = np.concatenate(pieces).astype(float)
                assert len(reference) == 60 * FRAME_S * RATE_HZ
                await asyncio.sleep(0.3)
                room = recorded.samples().astype(float)
        size = len(room) + len(reference)
        matched = np.fft.irfft(np.fft.rfft(room, size) * np.conj(np.fft.rfft(reference, size)), size)
        begin = int(matched.argmax())
        part = room[begin : begin + len(reference)]
        likeness = np.dot(part, reference) / np.sqrt(np.dot(part, part) * np.dot(reference, reference))
        assert likeness > 0.95

    in_real_time(test)


@pytest.mark.usefixtures("card")
def test_no_process_is_left(devices: Settings) -> None:
    async def test() -> None:
        async with ears(devices, Told()), mouth(devices, Told()):
            assert len(_children()) == 2
        assert _children() == []

    def _children() -> list[str]:
        lines = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        return [pid for pid in lines if "devices.child" in Path(f"/proc/{pid}/cmdline").read_text()]

    in_real_time(test)
