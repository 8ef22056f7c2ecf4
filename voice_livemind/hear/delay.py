"""Where in a microphone's sound is what the loudspeaker played, and how loud: pure functions of arrays."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voice_livemind.hear.frames import RATE_HZ, Samples

_BAND_HZ = (200.0, 6000.0)
"""Small loudspeakers play nothing below, and microphones at 16 kHz hear little above."""
_PEAK = round(0.002 * RATE_HZ)
"""Samples around a peak that belong to it."""
_ROOM = round(0.2 * RATE_HZ)
"""Samples in which a room's own echoes fade."""


class Echo(NamedTuple):
    """What was found of the loudspeaker in the microphone."""

    delay_s: float
    """From the reference to the microphone; negative where the reference comes too late."""
    level_db: float
    """What arrives, the room's own echoes included, against what was played; other sounds don't count."""
    sureness: float
    """The peak against the next highest one: around 1 it is chance."""


def find_echo(heard: Samples, played: Samples, earliest_s: float = 0.0) -> Echo | None:
    """Find ``played`` in ``heard``, whose first samples are of the same time; None where one of them is silent.

    Delays from ``earliest_s`` (0 or negative) to the end of ``heard`` are looked at, by cross-correlation with the
    phase transform, which a room with echoes of its own does not mislead. The delay is that of the strongest way.
    """
    first = round(earliest_s * RATE_HZ)
    size = 1 << (len(heard) + len(played) - 1).bit_length()
    spectrum = np.fft.rfft(played, size)
    cross = np.fft.rfft(heard, size) * np.conj(spectrum)
    frequency_hz = np.fft.rfftfreq(size, 1 / RATE_HZ)
    cross[(frequency_hz < _BAND_HZ[0]) | (frequency_hz > _BAND_HZ[1])] = 0
    strength, power = np.abs(cross), np.square(np.abs(spectrum))
    if not strength.any():
        return None
    # Frequencies of which hardly anything was played would add nothing but noise.
    likeness = np.abs(np.roll(np.fft.irfft(cross / (strength + 1e-3 * strength.mean())), -first)[: len(heard) - first])
    peak = int(np.argmax(likeness))
    others = np.delete(likeness, slice(max(0, peak - _PEAK), peak + _PEAK))
    response = np.roll(np.fft.irfft(cross / (power + 1e-3 * power.mean())), _PEAK - first - peak)
    response[_PEAK + _ROOM :] = 0
    arrived = np.square(np.abs(np.fft.rfft(response) * spectrum))
    level = 10 * math.log10(float(arrived.sum() / power[strength > 0].sum()) + 1e-10)
    return Echo((peak + first) / RATE_HZ, level, float(likeness[peak] / (others.max(initial=0.0) + 1e-12)))


def level_db(samples: NDArray[np.float64] | Samples) -> float:
    """Mean level against full scale; -100 for digital silence."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return 10 * math.log10(power / 32768**2 + 1e-10)
