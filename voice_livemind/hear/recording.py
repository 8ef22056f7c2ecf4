"""A recording as a source: the same frames at the same times as from a microphone."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from voice_livemind.clock import Clock
from voice_livemind.errors import UserError
from voice_livemind.hear.frames import FRAME_SAMPLES, RATE_HZ, Frame, Samples


def read_recording(path: Path) -> Samples:
    """The whole recording (WAV, FLAC, OGG; any rate, channels, sample format) as mono int16 at 16 kHz.

    Raises UserError: no such file, not a recording, no sound in it.
    """
    if path.is_dir():
        raise UserError(f"{path}: a folder, not a recording")
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty")
    try:
        channels, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError):
        raise UserError(f"{path}: not a recording that can be read (WAV, FLAC and OGG can)") from None
    if len(channels) == 0:
        raise UserError(f"{path}: the recording holds no sound (0 samples)")
    mono: NDArray[np.float32] = soxr.resample(np.nan_to_num(channels.mean(axis=1)), rate_hz, RATE_HZ)
    return np.clip(np.round(mono * 32767), -32768, 32767).astype(np.int16)


async def play_frames(samples: Samples, clock: Clock) -> AsyncIterator[Frame]:
    """Yield each frame when its last sample has sounded, and silence without end after the recording."""
    number = 0
    while True:
        samples_left = samples[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES]
        frame = Frame(number, np.pad(samples_left, (0, FRAME_SAMPLES - len(samples_left))))
        await clock.sleep_until(frame.end_s)
        yield frame
        number += 1
