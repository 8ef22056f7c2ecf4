"""A recording of the virtual sound card whose samples have times."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import numpy as np

from tests.sound_card import SoundCard
from voice_livemind.hear.frames import RATE_HZ, Samples

_READ_BYTES = 640
LOUD = 300
"""A step of int16: what is above it can be heard."""


class Ear:
    """Hears one of the card's monitors as long as it is open; see ``listening``."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._data = bytearray()
        self._began_s = float("inf")
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def samples(self, start_s: float, end_s: float) -> Samples:
        """What sounded between two times of ``time.monotonic``, right to within about 20 ms; shorter at the ends."""
        start, end = (max(0, 2 * round((at_s - self._began_s) * RATE_HZ)) for at_s in (start_s, end_s))
        return np.frombuffer(bytes(self._data[start : min(end, len(self._data) // 2 * 2)]), np.int16)

    def sounds(self) -> bool:
        """Whether there was sound just now."""
        return loudest(np.frombuffer(bytes(self._data[-RATE_HZ // 5 & ~1 :]), np.int16)) > LOUD

    def sounds_lately(self) -> bool:
        """Whether there was sound within the last second."""
        return loudest(np.frombuffer(bytes(self._data[-2 * RATE_HZ :]), np.int16)) > LOUD or not self._data

    def close(self) -> None:
        """No more."""
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), _READ_BYTES):
            self._data += data
            # A piece can come late, but never before it has sounded.
            self._began_s = min(self._began_s, time.monotonic() - len(self._data) / 2 / RATE_HZ)


def loudest(samples: Samples) -> int:
    """The highest amplitude."""
    return int(np.abs(samples.astype(np.int32)).max(initial=0))


@contextmanager
def listening(card: SoundCard, monitor: str) -> Iterator[Ear]:
    """Hear ``vspk`` (the loudspeaker) or ``vmic`` (all that goes into the microphone)."""
    form = ["--rate=16000", "--channels=1", "--format=s16le", "--latency-msec=20"]
    command = ["parec", f"--device={monitor}.monitor", *form]
    ear = Ear(subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | card.environment))
    try:
        yield ear
    finally:
        ear.close()
