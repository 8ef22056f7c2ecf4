"""Whether the voice, not the words, says that the speaker has finished: Smart Turn v3.2, an ONNX model in int8.

It hears the last eight seconds as Whisper's log-mel picture: the tempo of the last syllables and the fall of the voice.
"""

from pathlib import Path

import numpy as np
import onnxruntime
from faster_whisper.feature_extractor import FeatureExtractor

from voice_livemind.hear.frames import RATE_HZ, Samples, as_float

_WINDOW_SAMPLES = 8 * RATE_HZ


class VoiceEnd:
    """A loaded model. A call takes 60 ms on one free core; blocking, so that it belongs on a thread."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(next(folder.glob("*.onnx"))), options, providers=["CPUExecutionProvider"]
        )
        self._log_mel = FeatureExtractor(chunk_length=8)

    def probability(self, samples: Samples) -> float:
        """How probable it is that the turn is over, by its sound from its start to ``LULL_S`` after speech ended."""
        sound = as_float(samples[-_WINDOW_SAMPLES:])
        sound = np.pad(sound, (_WINDOW_SAMPLES - len(sound), 0))
        normal = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
        features = self._log_mel(normal, padding=0).astype(np.float32)
        return float(np.ravel(self._session.run(None, {"input_features": features[None]})[0])[0])
