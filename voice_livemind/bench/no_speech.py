"""Sounds that nobody speaks in, made by chance numbers: what a listener must leave alone."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from voice_livemind.bench.conditions import Recording
from voice_livemind.bench.sound_changes import piece_of, randomness
from voice_livemind.hear.frames import RATE_HZ, Samples

Sound = NDArray[np.float64]
"""At 16 kHz, of any scale."""

_PEAK = 16_000
_ROOM = 20
"""Root mean square of the hiss under claps and coughs, in steps of int16."""
_FORMANTS = ((500, 250, 1.0), (1500, 400, 0.7), (2600, 600, 0.4))
"""Of a cough: centre and width in Hz, and weight."""


def without_speech(seconds: float, seed: int, noise: Samples | None) -> Iterator[Recording]:
    """Silence, music, claps and coughs, and ``noise`` where it is given, each of this length."""
    count = round(seconds * RATE_HZ)
    yield Recording("(silence)", np.zeros(count, np.int16), (), None)
    for name, make in (("music", _music), ("claps", _claps), ("coughs", _coughs)):
        sound = make(count, randomness(seed, name))
        yield Recording(f"({name})", np.round(_PEAK / np.abs(sound).max() * sound).astype(np.int16), (), None)
    if noise is not None:
        random = randomness(seed, "noise")
        minutes = [piece_of(noise, min(60 * RATE_HZ, count - at), random) for at in range(0, count, 60 * RATE_HZ)]
        yield Recording("(noise)", np.concatenate(minutes), (), None)


def _music(count: int, random: np.random.Generator) -> Sound:
    """Notes and chords with overtones, one after another or overlapping, some with vibrato."""
    sound = np.zeros(count)
    at_s = 0.0
    while at_s < count / RATE_HZ:
        lasts_s = float(random.choice([0.2, 0.3, 0.4, 0.6, 0.8, 1.2]))
        time_s = np.arange(round(lasts_s * RATE_HZ)) / RATE_HZ
        root_hz = 110 * 2 ** (random.integers(0, 36) / 12)
        vibrato = 1 + 0.006 * random.integers(2) * np.sin(2 * np.pi * 5.5 * time_s)
        note = np.zeros(len(time_s))
        for interval in ((0,), (0, 4, 7), (0, 7), (0, 3, 7))[random.integers(4)]:
            phase = 2 * np.pi * np.cumsum(root_hz * 2 ** (interval / 12) * vibrato) / RATE_HZ
            note += sum(np.sin(overtone * phase) / overtone**1.3 for overtone in range(1, 7))
        _add(sound, random.uniform(0.4, 1) * note * np.minimum(time_s / 0.02, 1) * np.exp(-time_s / lasts_s), at_s)
        at_s += lasts_s * float(random.choice([0.5, 1, 1, 1.5]))
    return sound


def _claps(count: int, random: np.random.Generator) -> Sound:
    """Bursts of noise between 1 and 3 kHz that die away at once, single ones and applause."""
    sound = random.normal(0, _ROOM / _PEAK, count)
    at_s = 0.5
    while at_s < count / RATE_HZ:
        time_s = np.arange(round(0.15 * RATE_HZ)) / RATE_HZ
        burst = random.normal(size=len(time_s)) * np.exp(-time_s / random.uniform(0.005, 0.03))
        burst = _shaped(burst, ((random.uniform(900, 2500), 900, 1.0),), 0.1)
        _add(sound, random.uniform(0.2, 1) * burst, at_s)
        at_s += float(random.choice([0.25, 0.4, 0.6, 1.5, 4.0])) * random.uniform(0.8, 1.2)
    return sound


def _coughs(count: int, random: np.random.Generator) -> Sound:
    """One to three at a time: an explosion, breath, and a voiced end, through a vocal tract."""
    sound = random.normal(0, _ROOM / _PEAK, count)
    at_s = 0.5
    while at_s < count / RATE_HZ:
        for _ in range(random.integers(1, 4)):
            lasts_s = random.uniform(0.25, 0.45)
            _add(sound, random.uniform(0.3, 1) * _cough(lasts_s, random), at_s)
            at_s += lasts_s + random.uniform(0.1, 0.35)
        at_s += random.uniform(1.5, 6)
    return sound


def _cough(lasts_s: float, random: np.random.Generator) -> Sound:
    time_s = np.arange(round(lasts_s * RATE_HZ)) / RATE_HZ
    breath = np.exp(-time_s / 0.03) + 0.35 * np.exp(-(((time_s - 0.12) / 0.08) ** 2))
    pitch_hz = random.uniform(110, 260) * (1 - 0.4 * time_s / lasts_s)
    pulses = (np.cumsum(pitch_hz) / RATE_HZ % 1 < 0.1) - 0.1
    voiced = 2 * random.uniform() * np.exp(-(((time_s - 0.75 * lasts_s) / 0.06) ** 2))
    cough = random.normal(size=len(time_s)) * breath + pulses * voiced
    opening = np.clip(np.minimum(time_s / 0.003, (lasts_s - time_s) / 0.02), 0, 1)
    formants = [(centre * random.uniform(0.85, 1.15), width, weight) for centre, width, weight in _FORMANTS]
    return np.asarray(_shaped(cough, formants, 0.03) * opening)


def _shaped(sound: Sound, bands: Sequence[tuple[float, float, float]], rest: float) -> Sound:
    """``sound`` with these bands (centre and width in Hz, weight) kept and the ``rest`` made quieter; peak 1."""
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    gain = rest + sum(weight * np.exp(-(((hz - centre) / width) ** 2)) for centre, width, weight in bands)
    shaped: Sound = np.fft.irfft(np.fft.rfft(sound) * gain, len(sound))
    return np.asarray(shaped / np.abs(shaped).max())


def _add(sound: Sound, more: Sound, at_s: float) -> None:
    begin = round(at_s * RATE_HZ)
    end = min(begin + len(more), len(sound))
    sound[begin:end] += more[: end - begin]
