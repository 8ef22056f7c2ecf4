"""Harder conditions made of clean recordings: a hesitation, more room after the end, noise. All of it seeded."""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voice_livemind.bench.labels import Span
from voice_livemind.bench.speech_span import HOP_S, levels_db
from voice_livemind.errors import UserError
from voice_livemind.hear.frames import RATE_HZ, Samples

_FADE = round(0.005 * RATE_HZ)
_HESITATE_BETWEEN = (0.35, 0.65)
"""Parts of the speech."""
_NEAR_DB = 3.0
"""Places this much louder than the quietest are as good."""
_QUIET = round(0.05 / HOP_S)
"""Windows that the quietness of a place is taken over."""
_AWAY_S = 0.3
"""Room tone starts and ends this far from the speech, whose echo it would hold."""
_ACTIVE_DB = 25.0
"""Frames of speech this much below the loudest ones are pauses."""
_FRAME = round(0.02 * RATE_HZ)


def randomness(seed: int, *names: str) -> np.random.Generator:
    """Numbers that depend on the seed and the names alone, not on what else is measured."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def hesitate(
    samples: Samples, speech: Sequence[Span], seconds: float, random: np.random.Generator
) -> tuple[Samples, tuple[Span, ...]]:
    """Splice room tone of the recording into its longest stretch of speech; the spans with it.

    The place is the quietest between 35 and 65 % of that stretch, by chance among those within 3 dB of it. Edges are
    cross-faded; no sample of the speech is lost. Raises UserError where there is no room tone.
    """
    place = _quiet_place(samples, max(speech, key=lambda span: span[1] - span[0]), random)
    count = round(seconds * RATE_HZ)
    tone = _room_tone(samples, speech, count).astype(np.float64)
    fade = min(_FADE, count // 2, place, len(samples) - place)
    if fade:
        rise = np.linspace(0, 1, fade)
        tone[:fade] = tone[:fade] * rise + samples[place : place + fade] * (1 - rise)
        tone[-fade:] = tone[-fade:] * (1 - rise) + samples[place - fade : place] * rise
    longer = np.concatenate([samples[:place], _as_samples(tone), samples[place:]])
    place_s, added_s = place / RATE_HZ, count / RATE_HZ
    shifted = tuple(
        (start_s + added_s * (start_s >= place_s), end_s + added_s * (end_s > place_s)) for start_s, end_s in speech
    )
    return longer, shifted


def _quiet_place(samples: Samples, span: Span, random: np.random.Generator) -> int:
    start_s, end_s = span
    loudness = np.convolve(10 ** (levels_db(samples) / 10), np.ones(_QUIET), mode="same")
    first, last = (round((start_s + part * (end_s - start_s)) / HOP_S) - 2 for part in _HESITATE_BETWEEN)
    first = min(max(first, 0), len(loudness) - 1)
    between = loudness[first : max(last, first) + 1]
    good = np.flatnonzero(between <= between.min() * 10 ** (_NEAR_DB / 10))
    return round((first + int(random.choice(good)) + 2) * HOP_S * RATE_HZ)


def _room_tone(samples: Samples, speech: Sequence[Span], count: int) -> Samples:
    """The quietest ``count`` samples outside the speech, repeated forwards and backwards where there are too few."""
    edges = [-_AWAY_S, *(edge for span in speech for edge in span), len(samples) / RATE_HZ + _AWAY_S]
    gaps = [
        samples[round((begin + _AWAY_S) * RATE_HZ) : max(0, round((end - _AWAY_S) * RATE_HZ))]
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
    ]
    long_enough = [gap for gap in gaps if len(gap) >= count]
    if long_enough:
        return min((_quietest(gap, count) for gap in long_enough), key=_power)
    longest = max(gaps, key=len)
    if len(longest) < 4 * _FADE:
        raise UserError("--hesitate: the recording holds no room tone before or after its speech")
    # A mirrored copy goes on where the last one ended: no click.
    return np.pad(longest, (0, count - len(longest)), mode="symmetric")


def _quietest(samples: Samples, count: int) -> Samples:
    energy = np.concatenate([[0], np.cumsum(samples.astype(np.int64) ** 2)])
    begin = int(np.argmin(energy[count:] - energy[:-count]))
    return samples[begin : begin + count]


def append(samples: Samples, more: Samples) -> Samples:
    """``more`` after the recording, faded in."""
    tail = more.astype(np.float64)
    fade = min(_FADE, len(tail))
    tail[:fade] *= np.linspace(0, 1, fade)
    return np.concatenate([samples, _as_samples(tail)])


def piece_of(sound: Samples, count: int, random: np.random.Generator) -> Samples:
    """``count`` samples from a place by chance, from the beginning again where the sound ends."""
    return np.take(sound, np.arange(count) + int(random.integers(len(sound))), mode="wrap")


def add_noise(samples: Samples, speech: Sequence[Span], noise: Samples, snr_db: float) -> Samples:
    """The recording with ``noise`` of the same length, so loud that the speech is ``snr_db`` above it.

    Speech counts with its active level, noise with its mean level. Where the sum would clip, both are made quieter.
    """
    power = _power(noise)
    if not power:
        raise UserError("--noise: the file is silent")
    gain = np.sqrt(active_power(samples, speech) / power / 10 ** (snr_db / 10))
    mixed = samples + gain * noise
    return _as_samples(mixed / max(1.0, float(np.abs(mixed).max()) / 32767))


def active_power(samples: Samples, speech: Sequence[Span]) -> float:
    """Mean power of the frames of 20 ms within the speech that are not pauses: at most 25 dB below the loudest 5 %."""
    spoken = [samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] for start_s, end_s in speech]
    frames = [part[: len(part) // _FRAME * _FRAME].reshape(-1, _FRAME) for part in spoken]
    powers = (np.concatenate(frames).astype(np.float64) ** 2).mean(axis=1)
    if not len(powers):
        return _power(np.concatenate(spoken))
    loudest = float(np.percentile(powers, 95))
    return float(powers[powers >= loudest / 10 ** (_ACTIVE_DB / 10)].mean())


def _power(samples: Samples) -> float:
    return float((samples.astype(np.float64) ** 2).mean())


def _as_samples(sound: NDArray[np.float64]) -> Samples:
    return np.clip(np.round(sound), -32768, 32767).astype(np.int16)
