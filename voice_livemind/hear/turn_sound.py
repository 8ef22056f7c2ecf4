"""The sound of the turn that runs, and of the moments before it."""

from dataclasses import dataclass

import numpy as np

from voice_livemind.hear.frames import FRAME_S, RATE_HZ, Frame, Samples

LEAD_S = 0.3
"""Sound kept before speech was noticed: soft first consonants are below the detectors' threshold."""

KEEP_AFTER_S = 0.2
"""Sound after the end of speech that still belongs to it: soft last consonants."""


@dataclass(frozen=True)
class Chunk:
    """Sound for one pass of the recogniser."""

    samples: Samples
    start_s: float
    voiced_s: float
    """Seconds of it that the VAD took for speech."""
    voiced: tuple[float, float]
    """Start of the first speech in it, and end of the last; its own where there is none."""
    language: str | None = None
    """Of the speech, where it is known."""

    @property
    def end_s(self) -> float:
        """Time after the last sample."""
        return self.start_s + len(self.samples) / RATE_HZ


class TurnSound:
    """Keeps the frames since the turn started, or the last moments while nobody speaks."""

    def __init__(self) -> None:
        self._frames: list[tuple[Frame, bool]] = []

    def add(self, frame: Frame, is_speech: bool, in_turn: bool) -> None:
        """Take the next frame."""
        self._frames.append((frame, is_speech))
        if not in_turn:
            del self._frames[: -round(2 * LEAD_S / FRAME_S)]

    def start(self, speech_start_s: float) -> None:
        """A turn starts: forget what is long before it."""
        self._frames = [item for item in self._frames if item[0].start_s >= speech_start_s - LEAD_S - 1e-6]

    def forget(self) -> None:
        """Nothing of it is needed any more."""
        self._frames.clear()

    @property
    def start_s(self) -> float:
        """Time of the first sample that is kept."""
        return self._frames[0][0].start_s if self._frames else 0.0

    def between(self, start_s: float, end_s: float) -> Chunk:
        """The whole frames within a span."""
        within = [item for item in self._frames if item[0].start_s >= start_s - 1e-6 and item[0].end_s <= end_s + 1e-6]
        if not within:
            return Chunk(np.zeros(0, np.int16), start_s, 0.0, (start_s, start_s))
        speech = [frame for frame, is_speech in within if is_speech]
        return Chunk(
            np.concatenate([frame.samples for frame, _ in within]),
            within[0][0].start_s,
            voiced_s=len(speech) * FRAME_S,
            voiced=(speech[0].start_s, speech[-1].end_s) if speech else (within[0][0].start_s, within[-1][0].end_s),
        )

    def quietest(self, near_s: float, reach_s: float) -> float:
        """The quietest moment within ``reach_s`` of ``near_s``, for a cut that hits no word."""
        chunk = self.between(near_s - reach_s, near_s + reach_s)
        width = 3 * round(FRAME_S * RATE_HZ)
        if len(chunk.samples) < width:
            return near_s
        loudness = np.convolve(np.abs(chunk.samples.astype(np.float64)), np.ones(width), mode="valid")
        return chunk.start_s + (int(np.argmin(loudness)) + width / 2) / RATE_HZ
