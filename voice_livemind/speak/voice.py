"""Piper: text becomes sound."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from piper import PiperConfig, PiperVoice, SynthesisConfig
from piper.const import BOS, EOS, PAD

from voice_livemind.config import Speak
from voice_livemind.sound import Sound
from voice_livemind.speak.graph import halves, with_durations
from voice_livemind.speak.word_ends import Lasting, word_ends

_LEAD_S = 0.01
_FIRST_PART_S = 0.5
"""Long enough for the next part to be made meanwhile, on a machine that has much else to do."""
_GROWTH = 3
"""Each part makes what there is so many times as long: it may take as long to make as half of it takes to be played."""
CONTEXT = 10
"""Latent frames on either side of a part that have a share in its sound: measured, and the tests do so again."""
_AFTER_S = 0.01
_NUMBERS = "1 2 3 4 5 6 7 8 9 10"
"""Can be said in any language."""
_LOUDEST = 0.8
"""Of full scale, in those numbers. The loudest sound of other clauses is a third of that above it or below."""


def rate_of(folder: Path) -> int:
    """Samples a second of the voice in ``folder``, which is not loaded for it."""
    config = next(folder.glob("*.onnx.json")).read_text(encoding="utf-8")
    return int(json.loads(config)["audio"]["sample_rate"])


class Voice:
    """A loaded Piper voice. Blocking, so that it belongs on a thread of its own."""

    def __init__(self, folder: Path, settings: Speak) -> None:
        path = next(folder.glob("*.onnx"))
        # The voice draws random numbers (its variation); seeded, it says the same thing in the same way in every run.
        onnxruntime.set_seed(1)
        options = onnxruntime.SessionOptions()
        # Piper's own loader leaves the number of threads to ONNX, which takes twice as long on two cores.
        options.intra_op_num_threads = settings.threads
        options.inter_op_num_threads = 1

        def session(model: bytes) -> onnxruntime.InferenceSession:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

        model = path.read_bytes()
        cut = halves(model)
        config = PiperConfig.from_dict(json.loads(Path(f"{path}.json").read_text(encoding="utf-8")))
        # Where the decoder is on its own, what Piper takes for the sound are the latent frames.
        self._voice = PiperVoice(session=session(with_durations(model) if cut is None else cut.latents), config=config)
        self._decoder = None if cut is None else session(cut.decoder)
        self._synthesis = SynthesisConfig(length_scale=config.length_scale / settings.rate)
        self.rate_hz = config.sample_rate
        # Piper makes all clauses equally loud, by their loudest sound. That is known too late for the first part.
        self._gain = 1.0
        loudest = np.abs(self.synthesize(_NUMBERS).samples).max(initial=0.0)
        self._gain = _LOUDEST / loudest if loudest else 1.0

    def synthesize(self, text: str) -> Sound:
        """Say ``text``."""
        sound, *rest = self.parts(text)
        for part in rest:
            sound = sound.followed_by(part)
        return sound

    def parts(self, text: str) -> Iterator[Sound]:
        """Say ``text`` in parts, at least one; each is made while those before it can be played.

        The silence before it is cut, so that what is played is heard at once.
        """
        sentences = [phonemes for phonemes in self._voice.phonemize(text) if phonemes]
        if not sentences:
            yield Sound(np.zeros(0, np.float32), self.rate_hz)
            return
        made = [self._make(phonemes) for phonemes in sentences]
        ends = self._word_ends(text, [lasting for _, lasting in made])
        # Without the words' ends, how far it was heard is reckoned by its whole length.
        parts = self._decoded(np.concatenate([frames for frames, _ in made], axis=-1), in_parts=bool(ends))
        first = next(parts)
        lead = max(0, int((first.silence_s - _LEAD_S) * self.rate_hz))
        ends_s = tuple(max(0, end - lead) / self.rate_hz for end in ends)
        yield first._replace(samples=first.samples[lead:], word_ends_s=ends_s)
        yield from parts

    def _make(self, phonemes: list[str]) -> tuple[NDArray[np.float32], list[Lasting] | None]:
        """The latent frames of a sentence, or its sound where the decoder can't be had on its own; how many samples
        each phoneme lasts, where the voice tells."""
        ids = self._voice.phonemes_to_ids(phonemes)
        made, samples = self._voice.phoneme_ids_to_audio(ids, self._synthesis, include_alignments=True)
        id_map = self._voice.config.phoneme_id_map
        pad = len(id_map.get(PAD, ()))
        spoken = [BOS, *(phoneme for phoneme in phonemes if phoneme in id_map)]
        counts = [*(len(id_map.get(phoneme, ())) + pad for phoneme in spoken), len(id_map.get(EOS, ()))]
        if samples is None or len(samples) != sum(counts):
            return made, None
        shares = np.split(samples, np.cumsum(counts)[:-1])
        return made, [(phoneme, float(share.sum())) for phoneme, share in zip([*spoken, EOS], shares, strict=True)]

    def _decoded(self, frames: NDArray[np.float32], in_parts: bool) -> Iterator[Sound]:
        if self._decoder is None:
            yield self._sound(frames)
            return
        count = frames.shape[-1]
        begin, end = 0, round(_FIRST_PART_S * self.rate_hz / self._voice.config.hop_length) if in_parts else count
        while begin < count:
            if end + CONTEXT >= count:
                end = count
            start = max(0, begin - CONTEXT)
            window = frames[np.newaxis, :, start : end + CONTEXT]
            samples = self._decoder.run(None, {self._decoder.get_inputs()[0].name: window})[0].squeeze()
            hop = len(samples) // window.shape[-1]
            made = self._sound(samples[(begin - start) * hop :])
            seam = (end - begin) * hop
            after = made.samples[seam : seam + round(_AFTER_S * self.rate_hz)]
            yield made._replace(samples=made.samples[:seam], after=after)
            begin, end = end, _GROWTH * end

    def _sound(self, samples: NDArray[np.float32]) -> Sound:
        return Sound(np.clip(samples * self._gain, -1.0, 1.0).astype(np.float32), self.rate_hz)

    def _word_ends(self, text: str, sentences: Sequence[list[Lasting] | None]) -> list[float]:
        """In samples; none where the voice does not tell."""
        lasting: list[Lasting] = []
        for sentence in sentences:
            if sentence is None:
                return []
            lasting += [*sentence, (" ", 0.0)]
        spelt = [[phoneme for part in self._voice.phonemize(word) for phoneme in part] for word in text.split()]
        return word_ends(lasting, spelt)
