"""Where speech truly starts and ends in a clean recording: measured by its energy, with the whole of it known.

::

    level        ▁▁▁▂▁▁▁▁▅▇█▇▅▆▁▂▇█▆▅▃▂▁▁▄▁▁▁▁▁▁▁▃▁▁
    above on              ┌────┐  ┌──┐                   surely speech
    above off            ┌┴────┴┐┌┴──┴─┐ ┌┐      ┌┐      stretches
    span                 [───────────────]               the last: a "k" released after its closure; the click is none

The level is that of the speech band in windows of 20 ms, every 5 ms. ``off`` stands 7 dB above the noise floor (a low
percentile), but never more than 38 dB below the speech: what the room echoes is no speech. ``on`` stands 7 dB higher; a
stretch counts when it reaches ``on``. No hangover is added: the end is the middle of the last window above ``off``.

Bias of the end: on the clean synthetic recordings in ``audio/``, whose spans are known, 4 ms early in the median, 18 ms
at worst (but 0.2 s in ``noisy.flac``: noise hides soft endings, hence clean). On the 58 real ones of
``spoken_commands``, whose ends nobody knows, it lies 0.04 s before the last frame of the neural VAD, which lags by its
window of 32 ms (5 to 95 %: 0.07 before to 0.01 after), and 0.13 s after Whisper's last word (0.01 to 0.22), which ends
before final consonants do; in one of them Whisper adds a "Thank you" 2.4 s later.
"""

import numpy as np
from numpy.typing import NDArray

from voice_livemind.hear.frames import RATE_HZ, Samples, as_float

HOP_S = 0.005
_HOP = round(HOP_S * RATE_HZ)
_WINDOW = 4 * _HOP
_BAND_HZ = (120.0, 6000.0)
"""Below it mains hum and steps, above it the hiss of the room."""
_SILENCE_DB = -70.0
"""Digital silence is below this; it says nothing about the floor of the room."""
_FLOOR_PERCENTILE = 15
_SPEECH_PERCENTILE = 80
_OFF_DB = 7.0
_ON_DB = 14.0
_BELOW_SPEECH_DB = 38.0
_SHORTEST_S = 0.06
"""Of a stretch that counts; clicks are shorter."""
_RELEASE_S = 0.02
_RELEASE_WITHIN_S = 0.12
"""A stretch from ``_RELEASE_S`` on, so soon after the speech, belongs to its last word."""


def levels_db(samples: Samples) -> NDArray[np.float64]:
    """Levels in the speech band, dB of no fixed reference; that of number ``i`` stands for ``(i + 2) * HOP_S``."""
    sound = as_float(samples).astype(np.float64)
    sound = np.pad(sound, (0, max(0, _WINDOW - len(sound))))
    windows = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_HOP] * np.hanning(_WINDOW)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    hz = np.fft.rfftfreq(_WINDOW, 1 / RATE_HZ)
    in_band = (hz >= _BAND_HZ[0]) & (hz <= _BAND_HZ[1])
    levels: NDArray[np.float64] = 10 * np.log10(power[:, in_band].sum(axis=1) + 1e-10)
    return levels


def speech_span(samples: Samples) -> tuple[float, float] | None:
    """Start and end of the speech, seconds; ``None`` where nothing stands out."""
    level = levels_db(samples)
    sounding = level[level > _SILENCE_DB]
    if not len(sounding):
        return None
    floor = float(np.percentile(sounding, _FLOOR_PERCENTILE))
    loud = level[level >= floor + _ON_DB]
    if not len(loud):
        return None
    off = max(floor + _OFF_DB, float(np.percentile(loud, _SPEECH_PERCENTILE)) - _BELOW_SPEECH_DB)
    stretches = _stretches(level >= off)
    surely = [
        (begin, end)
        for begin, end in stretches
        if (end - begin) * HOP_S >= _SHORTEST_S and level[begin:end].max() >= off + _ON_DB - _OFF_DB
    ]
    if not surely:
        return None
    first, last = surely[0][0], surely[-1][1]
    for begin, end in stretches:
        if 0 <= (begin - last) * HOP_S <= _RELEASE_WITHIN_S and (end - begin) * HOP_S >= _RELEASE_S:
            last = end
    # ``last`` is the first window below: the middle of the one before it is one hop less.
    return (first + 2) * HOP_S, (last + 1) * HOP_S


def _stretches(above: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and after-last index of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]
