"""A sound card that is software: PulseAudio with a microphone and a loudspeaker, in a folder of its own.

::

    play(file) ──▶ vmic ──▶ mic ──▶ the microphone          the loudspeaker ──▶ vspk ──▶ record()
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from voice_livemind.hear.frames import RATE_HZ, Samples

_SINKS = """
load-module module-native-protocol-unix auth-anonymous=1
load-module module-null-sink sink_name=vmic rate=48000 channels=1
load-module module-null-sink sink_name=vspk rate=48000 channels=1
load-module module-remap-source master=vmic.monitor source_name=mic
set-default-sink vspk
set-default-source mic
"""
# What ALSA, and through it PortAudio, calls them.
_ALSA = """
pcm.virtual_microphone { type pulse device mic }
pcm.virtual_loudspeaker { type pulse device vspk }
"""


class SoundCard:
    """Its devices are PulseAudio's defaults, and named ``virtual_microphone`` and ``virtual_loudspeaker``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "run").mkdir(mode=0o700)
        (folder / "home").mkdir()
        (folder / "default.pa").write_text(_SINKS)
        (folder / "home" / ".asoundrc").write_text(_ALSA)
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "PULSE_RUNTIME_PATH": str(folder / "run" / "pulse"),
            "HOME": str(folder / "home"),
        }
        """For every process that is to see the card."""
        if "XDG_CACHE_HOME" not in os.environ:
            # Where the models are does not move with HOME.
            self.environment["XDG_CACHE_HOME"] = str(Path.home() / ".cache")

    def start(self) -> None:
        """Start PulseAudio."""
        options = ["-n", "-F", str(self._folder / "default.pa"), "--daemonize=yes", "--exit-idle-time=-1"]
        self._run("pulseaudio", *options, "--use-pid-file=yes", "--disable-shm=yes")

    def kill(self) -> None:
        """PulseAudio dies at once."""
        file = self._folder / "run" / "pulse" / "pid"
        os.kill(int(file.read_text()), signal.SIGKILL)
        # Where nobody reaps it, its successor would take it for alive.
        file.unlink()

    def unplug_microphone(self) -> None:
        """Its source is there no more. PulseAudio puts who listens to it on another one that it has."""
        self._pactl("unload-module", "module-remap-source")

    def plug_microphone(self) -> None:
        """It is back."""
        self._pactl("load-module", "module-remap-source", "master=vmic.monitor", "source_name=mic")
        self._pactl("set-default-source", "mic")

    def unplug_loudspeaker(self) -> None:
        """Its sink is there no more. PulseAudio puts who plays on it on another one that it has."""
        for line in self._pactl("list", "short", "modules").splitlines():
            if "sink_name=vspk" in line:
                self._pactl("unload-module", line.split()[0])

    def plug_loudspeaker(self) -> None:
        """It is back."""
        self._pactl("load-module", "module-null-sink", "sink_name=vspk", "rate=48000", "channels=1")
        self._pactl("set-default-sink", "vspk")

    @contextmanager
    def echo(self, latency_ms: int) -> Iterator[None]:
        """What the loudspeaker plays comes back into the microphone."""
        # No room changes the pitch, as its control of the rate would.
        ways = ["source=vspk.monitor", "sink=vmic", f"latency_msec={latency_ms}", "adjust_time=0"]
        module = self._pactl("load-module", "module-loopback", *ways)
        try:
            yield
        finally:
            self._pactl("unload-module", module.strip())

    def play(self, file: Path) -> "subprocess.Popen[bytes]":
        """Somebody speaks: ``file`` goes into the microphone."""
        command = ["paplay", "--device=vmic", "--latency-msec=20", str(file)]
        return subprocess.Popen(command, env=os.environ | self.environment)

    @contextmanager
    def record(self) -> "Iterator[Recorded]":
        """What the loudspeaker gives to the room."""
        file = self._folder / "recorded.raw"
        form = ["--rate=16000", "--channels=1", "--format=s16le"]
        command = ["parec", "--device=vspk.monitor", "--latency-msec=20", *form]
        with file.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, env=os.environ | self.environment)
        try:
            while not file.stat().st_size:
                time.sleep(0.01)
            yield Recorded(file)
        finally:
            process.terminate()
            process.wait()

    def _pactl(self, *arguments: str) -> str:
        return self._run("pactl", *arguments)

    def _run(self, *command: str) -> str:
        environment = os.environ | self.environment
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=20)
        return done.stdout


class Recorded:
    """A recording that goes on."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def samples(self) -> Samples:
        """All until now."""
        data = self._file.read_bytes()
        return np.frombuffer(data[: len(data) // 2 * 2], np.int16)

    def latest(self, seconds: float) -> Samples:
        """The end of it."""
        with self._file.open("rb") as data:
            count = min(round(seconds * RATE_HZ), data.seek(0, os.SEEK_END) // 2)
            data.seek(-2 * count - data.tell() % 2, os.SEEK_END)
            return np.frombuffer(data.read(2 * count), np.int16)

    def audible(self) -> list[tuple[float, float]]:
        """Stretches of sound, in seconds since the recording began; pauses under 30 ms do not end one."""
        samples = self.samples()
        step = RATE_HZ // 200
        loud = np.abs(samples[: len(samples) // step * step].reshape(-1, step)).max(axis=1, initial=0) > 300
        found: list[tuple[float, float]] = []
        for place in (np.flatnonzero(loud) * step / RATE_HZ).tolist():
            start = found.pop()[0] if found and place - found[-1][1] < 0.03 else place
            found.append((start, place + step / RATE_HZ))
        return found


@contextmanager
def software_card() -> Iterator[SoundCard]:
    """A card of its own, started."""
    missing = [name for name in ("pulseaudio", "pactl", "paplay", "parec") if shutil.which(name) is None]
    if missing:
        pytest.fail(f"{', '.join(missing)} missing: apt-get install pulseaudio pulseaudio-utils libasound2-plugins")
    folder = Path(tempfile.mkdtemp(prefix="sound-card-"))
    card = SoundCard(folder)
    card.start()
    try:
        yield card
    finally:
        with suppress(FileNotFoundError):
            card.kill()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def sound_card() -> Iterator[SoundCard]:
    """One for all tests; a test leaves it as it was."""
    with software_card() as card:
        yield card
