"""Voice activity: which frames are speech.

webrtcvad judges each 20 ms frame by its spectrum: quick, but it fires on steady noise. What it passes must be confirmed
by the neural Silero VAD (the ONNX model that faster-whisper ships), which judges windows of 32 ms, and must have risen
above the noise floor: talk in the background, that both take for speech, is part of the noise.
"""

import math
from pathlib import Path

import faster_whisper.utils
import numpy as np
import onnxruntime
import webrtcvad
from numpy.typing import NDArray

from voice_livemind.config import Hear
from voice_livemind.hear.frames import FRAME_S, RATE_HZ, Frame, Samples, as_float

_WINDOW = 512
_CONTEXT = 64

# Chosen on 58 real recordings with kitchen noise at 10 and 5 dB: 6 dB keep out a third of the talk in the background at
# 5 dB and cost 0.6 % of the speech, the first frames after a gap.
_RISE_DB = 6.0
"""Above the noise floor, for speech to begin."""
_FLOOR_RISES_DB = 1.5 * FRAME_S
"""A frame: the floor stays below speech, which falls back to it between words."""
_FLOOR_FALLS = 0.3
"""Part of the way to a quieter frame."""


class VoiceActivity:
    """Judges frames in their order; holds the state of both detectors, and the noise floor."""

    def __init__(self, settings: Hear) -> None:
        self._quick = webrtcvad.Vad(settings.vad_aggressiveness)
        self._neural = _Silero()
        self._confirm_at = settings.speech_probability
        self._floor = NoiseFloor()
        self._in_speech = False

    def speech(self, frame: Frame) -> float:
        """The probability that this frame is speech, by the neural detector; 0 where there is none."""
        probability = self._neural.probability(frame.samples)
        above_db = self._floor.above_db(frame.samples)
        self._in_speech = (
            probability >= self._confirm_at
            and (self._in_speech or above_db >= _RISE_DB)
            and bool(self._quick.is_speech(frame.samples.tobytes(), RATE_HZ))
        )
        return probability if self._in_speech else 0.0


class NoiseFloor:
    """The level of the room without speech: follows a fall at once, a rise slowly."""

    def __init__(self) -> None:
        self._floor_db: float | None = None

    def above_db(self, samples: Samples) -> float:
        """How far the next frame stands above the floor."""
        # One is added to the power: below one step of int16 there is no level.
        level_db = 10 * math.log10(float(np.mean(np.square(samples, dtype=np.float64))) + 1)
        if self._floor_db is None:
            self._floor_db = level_db
        rise_db = level_db - self._floor_db
        self._floor_db += min(rise_db, _FLOOR_RISES_DB) if rise_db > 0 else _FLOOR_FALLS * rise_db
        return level_db - self._floor_db


class _Silero:
    """Silero VAD v6 on a stream: windows of 512 samples, each with 64 samples of context and a recurrent state."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        model = Path(faster_whisper.utils.get_assets_path()) / "silero_vad_v6.onnx"
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._h: NDArray[np.float32] = np.zeros((1, 1, 128), np.float32)
        self._c: NDArray[np.float32] = np.zeros((1, 1, 128), np.float32)
        self._pending: NDArray[np.float32] = np.zeros(_CONTEXT, np.float32)
        self._probability = 0.0

    def probability(self, samples: Samples) -> float:
        """The speech probability of the newest whole window."""
        self._pending = np.concatenate([self._pending, as_float(samples)])
        while len(self._pending) >= _CONTEXT + _WINDOW:
            window = self._pending[None, : _CONTEXT + _WINDOW]
            output, self._h, self._c = self._session.run(None, {"input": window, "h": self._h, "c": self._c})
            self._probability = float(np.ravel(output)[0])
            self._pending = self._pending[_WINDOW:]
        return self._probability
