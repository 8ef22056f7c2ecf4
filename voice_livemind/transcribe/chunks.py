"""Cuts the sound of a turn into chunks: at pauses, or at the quietest place of speech that knows none."""

from dataclasses import dataclass

import numpy as np

from voice_livemind.hear.frames import FRAME_S, Frame, Samples

_KEEP_BEFORE_S = 0.3
"""Sound kept before speech was noticed: soft first consonants are below the detectors' threshold."""
_KEEP_AFTER_S = 0.2
_CUT_AMONG_LAST_S = 3.0


@dataclass(frozen=True)
class Chunk:
    """Sound for one pass of the recogniser."""

    samples: Samples
    start_s: float
    voiced_s: float
    """Seconds of it that the VAD took for speech."""

    @property
    def end_s(self) -> float:
        """Time after the last sample."""
        return self.start_s + len(self.samples) / 16_000


class Chunker:
    """Keeps the frames that no chunk has taken yet."""

    def __init__(self, chunk_max_s: float) -> None:
        self._chunk_max_s = chunk_max_s
        self._frames: list[tuple[Frame, bool]] = []

    def add(self, frame: Frame, is_speech: bool, in_speech: bool) -> Chunk | None:
        """Take a frame. While nobody speaks only the last moments are kept; speech without a pause is cut somewhere."""
        self._frames.append((frame, is_speech))
        if not in_speech:
            self._frames = self._frames[-round((_KEEP_BEFORE_S + _CUT_AMONG_LAST_S) / FRAME_S) :]
            return None
        if len(self._frames) * FRAME_S < self._chunk_max_s:
            return None
        last = self._frames[-round(_CUT_AMONG_LAST_S / FRAME_S) : -1]
        loudness = np.array([np.abs(frame.samples.astype(np.int32)).mean() for frame, _ in last])
        # Three frames together: a single quiet frame may be the closure of a "t" within a word.
        place = int(np.argmin(np.convolve(loudness, np.ones(3), mode="valid"))) + 1
        return self._take(len(self._frames) - 1 - len(last) + place)

    def start(self, speech_start_s: float) -> None:
        """Speech starts: forget what is long before it."""
        self._frames = [item for item in self._frames if item[0].start_s >= speech_start_s - _KEEP_BEFORE_S - 1e-6]

    def cut(self, speech_end_s: float) -> Chunk | None:
        """Speech pauses: take what was said, with a little of the silence after it."""
        ends = sum(1 for frame, _ in self._frames if frame.end_s <= speech_end_s + _KEEP_AFTER_S + 1e-6)
        return self._take(ends)

    def _take(self, count: int) -> Chunk | None:
        taken, self._frames = self._frames[:count], self._frames[count:]
        if not taken:
            return None
        voiced = sum(is_speech for _, is_speech in taken)
        return Chunk(np.concatenate([frame.samples for frame, _ in taken]), taken[0][0].start_s, voiced * FRAME_S)
