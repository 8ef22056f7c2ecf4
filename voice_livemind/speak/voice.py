"""Piper: text becomes sound."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from piper import AudioChunk, PiperConfig, PiperVoice, SynthesisConfig

from voice_livemind.config import Speak
from voice_livemind.sound import Sound
from voice_livemind.speak.durations import with_durations
from voice_livemind.speak.word_ends import Lasting, word_ends

_LEAD_S = 0.01


def rate_of(folder: Path) -> int:
    """Samples a second of the voice in ``folder``, which is not loaded for it."""
    config = next(folder.glob("*.onnx.json")).read_text(encoding="utf-8")
    return int(json.loads(config)["audio"]["sample_rate"])


class Voice:
    """A loaded Piper voice. Blocking, so that it belongs on a thread of its own."""

    def __init__(self, folder: Path, settings: Speak) -> None:
        model = next(folder.glob("*.onnx"))
        # The voice draws random numbers (its variation); seeded, it says the same thing in the same way in every run.
        onnxruntime.set_seed(1)
        options = onnxruntime.SessionOptions()
        # Piper's own loader leaves the number of threads to ONNX, which takes twice as long on two cores.
        options.intra_op_num_threads = settings.threads
        options.inter_op_num_threads = 1
        speaking = with_durations(model.read_bytes())
        session = onnxruntime.InferenceSession(speaking, options, providers=["CPUExecutionProvider"])
        config = json.loads(Path(f"{model}.json").read_text(encoding="utf-8"))
        self._voice = PiperVoice(session=session, config=PiperConfig.from_dict(config))
        self._synthesis = SynthesisConfig(length_scale=self._voice.config.length_scale / settings.rate)
        self.rate_hz = self._voice.config.sample_rate

    def synthesize(self, text: str) -> Sound:
        """Say ``text``; the silence before it is cut, so that what is played is heard at once."""
        chunks = list(self._voice.synthesize(text, self._synthesis, include_alignments=True))
        samples = [chunk.audio_float_array for chunk in chunks]
        sound = Sound(np.concatenate(samples) if chunks else np.zeros(0, np.float32), self.rate_hz)
        lead = max(0, int((sound.silence_s - _LEAD_S) * self.rate_hz))
        ends = tuple(max(0, end - lead) / self.rate_hz for end in self._word_ends(text, chunks))
        return Sound(sound.samples[lead:], self.rate_hz, ends)

    def _word_ends(self, text: str, chunks: Sequence[AudioChunk]) -> list[float]:
        """In samples; none where the voice does not tell."""
        lasting: list[Lasting] = []
        for chunk in chunks:
            if chunk.phoneme_alignments is None:
                return []
            lasting += [(aligned.phoneme, float(aligned.num_samples)) for aligned in chunk.phoneme_alignments]
            lasting.append((" ", 0.0))
        spelt = [[phoneme for part in self._voice.phonemize(word) for phoneme in part] for word in text.split()]
        return word_ends(lasting, spelt)
