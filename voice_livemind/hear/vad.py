"""Voice activity: which frames are speech.

webrtcvad judges each 20 ms frame by its spectrum: quick, but it fires on steady noise. What it passes must be confirmed
by the neural Silero VAD (the ONNX model that faster-whisper ships), which judges windows of 32 ms.
"""

from pathlib import Path

import faster_whisper.utils
import numpy as np
import onnxruntime
import webrtcvad
from numpy.typing import NDArray

from voice_livemind.config import Hear
from voice_livemind.hear.frames import RATE_HZ, Frame, Samples, as_float

_WINDOW = 512
_CONTEXT = 64


class VoiceActivity:
    """Judges frames in their order; holds the state of both detectors."""

    def __init__(self, settings: Hear) -> None:
        self._quick = webrtcvad.Vad(settings.vad_aggressiveness)
        self._neural = _Silero()
        self._confirm_at = settings.speech_probability

    def is_speech(self, frame: Frame) -> bool:
        """Whether both detectors take this frame for speech."""
        probability = self._neural.probability(frame.samples)
        return bool(self._quick.is_speech(frame.samples.tobytes(), RATE_HZ)) and probability >= self._confirm_at


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
