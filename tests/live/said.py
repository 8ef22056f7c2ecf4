"""What is put into the microphone over a reply, as files."""

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tests.audio import MANIFEST, recording
from voice_livemind.bench.no_speech import without_speech
from voice_livemind.hear.frames import RATE_HZ, Samples
from voice_livemind.speak.voice import Voice

QUESTIONS = ("capital", "weeks", "command")
"""Recordings of ``audio/``: other voices than the assistant's."""
ASSENTS = ("Mm-hmm.", "Uh-huh.", "Okay.", "Yeah.", "Right.", "I see.", "Oh, okay.")
_OTHER_VOICE = 1.12
"""Played so much faster the assistant's voice is somebody else's."""
_GAP_S = 0.5
_PEAK = 0.5


def question(name: str) -> tuple[Path, str]:
    """The file, and its words."""
    return recording(name), str(MANIFEST[name]["text"])


def noises(folder: Path, voice: Voice) -> list[tuple[str, Path]]:
    """Twenty, each with its kind, written into ``folder``."""
    random = np.random.default_rng(1)
    made = {found.file: found.samples for found in without_speech(60.0, 1, None)}
    sounds = [("cough", sound) for sound in _single(made["(coughs)"])[:5]]
    sounds += [("clap", sound) for sound in _single(made["(claps)"])[:3]]
    sounds += [("knock", _knocks(random)) for _ in range(3)]
    sounds += [("door", _door(random)) for _ in range(2)]
    for text in ASSENTS:
        assent = voice.synthesize(text)
        sounds.append((text, soxr.resample(assent.samples, assent.rate_hz * _OTHER_VOICE, RATE_HZ)))
    found = []
    for number, (kind, sound) in enumerate(sounds):
        path = folder / f"noise-{number:02}.wav"
        soundfile.write(path, _PEAK * sound / np.abs(sound).max(), RATE_HZ)
        found.append((kind, path))
    return found


def _single(many: Samples) -> list[NDArray[np.float64]]:
    """The sounds of a recording that silence parts."""
    loud = np.flatnonzero(np.abs(many.astype(np.int32)) > 400)
    edges = np.flatnonzero(np.diff(loud) > _GAP_S * RATE_HZ)
    starts, ends = loud[np.r_[0, edges + 1]], loud[np.r_[edges, -1]]
    return [many[start : end + 1].astype(np.float64) for start, end in zip(starts, ends, strict=True)]


def _knocks(random: np.random.Generator) -> NDArray[np.float64]:
    """Three on wood."""
    time_s = np.arange(round(0.15 * RATE_HZ)) / RATE_HZ
    wood_hz = random.uniform(180, 400)
    knock = np.sin(2 * np.pi * wood_hz * time_s) * np.exp(-time_s / 0.025)
    knock += 0.4 * random.normal(size=len(time_s)) * np.exp(-time_s / 0.006)
    return np.concatenate([part for _ in range(3) for part in (knock, np.zeros(round(0.1 * RATE_HZ)))])


def _door(random: np.random.Generator) -> NDArray[np.float64]:
    """It falls shut."""
    time_s = np.arange(round(0.5 * RATE_HZ)) / RATE_HZ
    thump = np.sin(2 * np.pi * random.uniform(60, 110) * time_s) * np.exp(-time_s / 0.12)
    rattle = np.convolve(random.normal(size=len(time_s)), np.hanning(9) / 4, "same") * np.exp(-time_s / 0.08)
    return np.asarray(thump + rattle)
