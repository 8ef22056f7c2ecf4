"""The recordings as they are listened to: what was asked for, done to each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voice_livemind.bench.labels import Label, Span
from voice_livemind.bench.sound_changes import add_noise, append, hesitate, piece_of, randomness
from voice_livemind.bench.speech_span import speech_span
from voice_livemind.errors import UserError
from voice_livemind.hear.frames import RATE_HZ, Samples
from voice_livemind.hear.recording import read_recording

APPENDED_S = 4.0


@dataclass(frozen=True)
class Recording:
    """A file, and what is known of it."""

    file: str
    """Base name."""
    samples: Samples
    speech: tuple[Span, ...]
    """True spans: from the label, or measured on the clean recording. Empty where nobody speaks."""
    label: Label | None

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / RATE_HZ


@dataclass(frozen=True)
class Changes:
    """What is done to clean recordings before anybody listens."""

    hesitate_s: float | None = None
    appended: Samples | None = None
    """What ``--append`` takes its seconds from."""
    noise: Samples | None = None
    seed: int = 1


def read_recordings(files: Sequence[Path], labels: Mapping[str, Label]) -> list[Recording]:
    """Read all of them, clean. Raises UserError: no recording, or no speech in it where words are expected."""
    return [_recording(path, labels.get(path.name)) for path in files]


def _recording(path: Path, label: Label | None) -> Recording:
    samples = read_recording(path)
    if label is None or not label.speaks:
        return Recording(path.name, samples, (), label)
    speech = label.speech
    if speech is None:
        measured = speech_span(samples)
        if measured is None:
            raise UserError(f"{path}: no speech stands out from its noise; give its spans as speech in the label")
        speech = (measured,)
    if speech[-1][1] > len(samples) / RATE_HZ + 0.1:
        raise UserError(f"{path}: it ends before the speech of its label does ({speech[-1][1]} s)")
    return Recording(path.name, samples, speech, label)


def changed(recording: Recording, changes: Changes, snr_db: float | None) -> Recording:
    """The recording under one condition. Noise goes by the level of the speech: without speech there is none added."""
    samples, speech, file = recording.samples, recording.speech, recording.file
    if changes.hesitate_s is not None and speech:
        samples, speech = hesitate(samples, speech, changes.hesitate_s, randomness(changes.seed, file, "hesitate"))
    if changes.appended is not None:
        count = round(APPENDED_S * RATE_HZ)
        samples = append(samples, piece_of(changes.appended, count, randomness(changes.seed, file, "append")))
    if changes.noise is not None and snr_db is not None and speech:
        noise = piece_of(changes.noise, len(samples), randomness(changes.seed, file, "noise"))
        samples = add_noise(samples, speech, noise, snr_db)
    return Recording(file, samples, speech, recording.label)


def silence() -> Samples:
    """For ``--append silence``."""
    return np.zeros(RATE_HZ, np.int16)
