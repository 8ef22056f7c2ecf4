"""A room with a loudspeaker and a microphone, simulated: what is played comes back late, softer and with echoes."""

import numpy as np
from numpy.typing import NDArray

from voice_livemind.hear.echo import LEAD_S, EchoCanceller
from voice_livemind.hear.frames import FRAME_SAMPLES, RATE_HZ, Frame, Samples

FADES_S = 0.3


def echo_of(played: Samples, delay_s: float, level_db: float = -6.0) -> NDArray[np.float64]:
    """What the microphone hears of ``played``."""
    random = np.random.default_rng(1)
    count = round(FADES_S * RATE_HZ)
    response = random.normal(size=count) * 10 ** (-3 * np.arange(count) / count)
    response *= 0.5 / np.sqrt(np.square(response).sum())
    response[0] += 1
    response *= 10 ** (level_db / 20) / np.sqrt(np.square(response).sum())
    size = 1 << (len(played) + count - 1).bit_length()
    echo = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(response, size), size)[: len(played)]
    delay = round(delay_s * RATE_HZ)
    return np.concatenate([np.zeros(max(0, delay)), echo, np.zeros(max(0, -delay))])[max(0, -delay) :][: len(played)]


def microphone(*sounds: NDArray[np.float64] | Samples, noise_db: float = -60.0) -> Samples:
    """All sounds together in a room with some noise; padded to the longest."""
    count = max(len(sound) for sound in sounds)
    total = np.random.default_rng(2).normal(0, 32768 * 10 ** (noise_db / 20), count)
    for sound in sounds:
        total[: len(sound)] += sound
    return np.clip(np.round(total), -32768, 32767).astype(np.int16)


def cleaned(canceller: EchoCanceller, heard: Samples, played: Samples) -> Samples:
    """All frames of ``heard`` behind the canceller, as the conversation asks for them."""
    ahead = np.concatenate([played, np.zeros(len(heard) + RATE_HZ, np.int16)])
    lead = round(LEAD_S * RATE_HZ)
    frames = []
    for number in range(len(heard) // FRAME_SAMPLES):
        at = number * FRAME_SAMPLES
        frame = Frame(number, heard[at : at + FRAME_SAMPLES])
        frames.append(canceller.clean(frame, ahead[at + lead : at + lead + FRAME_SAMPLES]).samples)
    return np.concatenate(frames)


def speech_like(seconds: float, seed: int) -> Samples:
    """Noise in syllables, each of its own colour: as changeable as speech, without a model."""
    random = np.random.default_rng(seed)
    pieces = []
    for _ in range(round(seconds / 0.2)):
        spectrum = np.fft.rfft(random.normal(size=round(0.2 * RATE_HZ)))
        frequency_hz = np.fft.rfftfreq(round(0.2 * RATE_HZ), 1 / RATE_HZ)
        for formant_hz in random.uniform((200, 800, 2000), (800, 2000, 3500)):
            spectrum *= 0.05 + np.exp(-np.square((frequency_hz - formant_hz) / 500))
        piece = np.fft.irfft(spectrum)
        pieces.append(piece / np.abs(piece).max() * random.choice([0.0, 0.3, 0.5]) * np.hanning(len(piece)))
    return (32767 * np.concatenate(pieces)).astype(np.int16)
