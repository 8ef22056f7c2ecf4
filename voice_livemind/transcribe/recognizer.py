"""faster-whisper, with an encoder window as short as the sound allows.

Whisper pads every clip to 30 s and pays for all of it. Here the features are computed on the sound padded to ten
seconds, which makes a pass three to five times quicker. A short window makes the decoder repeat itself now and then, so
the length of the text is capped and repeats are cut off; the full window is used when the cap was reached without one.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from numpy.typing import NDArray

from voice_livemind.config import Transcribe
from voice_livemind.hear.frames import RATE_HZ, Samples, as_float
from voice_livemind.transcribe.hypothesis import Hypothesis, Word, without_repeats

FULL_WINDOW_S = 30.0
_SHORT_WINDOW_S = 10.0
_MARGIN_S = 0.3
_TOKENS_PER_S = 8
"""Nobody speaks faster; longer texts are loops."""


class Recognizer:
    """A loaded Whisper model. One call at a time; blocking, so that it belongs on a thread of its own."""

    def __init__(self, folder: Path, settings: Transcribe) -> None:
        self._whisper = WhisperModel(
            str(folder),
            device=settings.device,
            compute_type=settings.compute_type,
            cpu_threads=settings.threads,
            local_files_only=True,
        )
        multilingual = self._whisper.model.is_multilingual
        self._tokenizer = Tokenizer(
            self._whisper.hf_tokenizer, multilingual, task="transcribe", language=settings.language
        )
        self._suppressed = get_suppressed_tokens(self._tokenizer, [-1])
        self._marks = set(self._token_ids(".", ",", "?", "!", "...", "-", "--", ";", ":"))
        self._trailing = self._token_ids("...", "-", "--", ",")

    def transcribe(self, samples: Samples, start_s: float) -> Hypothesis:
        """Words of at most 30 s of sound that starts at ``start_s``, with their times on the same clock."""
        sound = as_float(samples)
        sound_s = len(sound) / RATE_HZ
        window_s = max(sound_s + _MARGIN_S, _SHORT_WINDOW_S)
        hypothesis, capped = self._pass(sound, window_s, start_s)
        if capped and window_s < FULL_WINDOW_S:
            hypothesis, _ = self._pass(sound, FULL_WINDOW_S, start_s)
        return hypothesis

    def _token_ids(self, *marks: str) -> list[int]:
        """The tokens of punctuation marks, with and without a space before them."""
        spelt = [spelling for mark in marks for spelling in (mark, f"Ġ{mark}")]
        found = [self._whisper.hf_tokenizer.token_to_id(spelling) for spelling in spelt]
        return [token for token in found if token is not None]

    def _pass(self, sound: NDArray[np.float32], window_s: float, start_s: float) -> tuple[Hypothesis, bool]:
        """One pass with the given window, and whether the text ran into its cap."""
        sound_s = len(sound) / RATE_HZ
        padded = np.pad(sound, (0, max(0, int(window_s * RATE_HZ) - len(sound))))
        encoded = self._whisper.encode(self._whisper.feature_extractor(padded, padding=0))
        prompt = self._whisper.get_prompt(self._tokenizer, [], without_timestamps=True)
        longest = 16 + math.ceil(_TOKENS_PER_S * sound_s)
        result = self._whisper.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            max_length=len(prompt) + min(longest, 220),
            return_scores=True,
            return_no_speech_prob=True,
            return_logits_vocab=True,
            suppress_tokens=self._suppressed,
        )[0]
        tokens = result.sequences_ids[0]
        heard = self._align(encoded, tokens, sound_s, start_s)
        words = without_repeats(heard, sound_s)
        trailing, last_word = self._ending(tokens, result.logits[0])
        hypothesis = Hypothesis(words, float(result.scores[0]), float(result.no_speech_prob), trailing, last_word)
        return hypothesis, len(words) == len(heard) and len(tokens) >= longest

    def _ending(self, tokens: list[int], logits: Sequence[Any]) -> tuple[float | None, float | None]:
        """How probable it is that the text trails off after its last word, and how probable that word is."""
        last = len(tokens)
        while last > 0 and tokens[last - 1] in self._marks:
            last -= 1
        if last == 0 or last >= len(logits):
            return None, None
        after, word = _probabilities(logits[last]), _probabilities(logits[last - 1])
        return float(after[self._trailing].sum()), float(word[tokens[last - 1]])

    def _align(self, encoded: Any, tokens: list[int], sound_s: float, start_s: float) -> list[Word]:
        """Give each word its time by the decoder's cross-attention (as openai/whisper's timing.py does)."""
        found = self._whisper.find_alignment(self._tokenizer, [tokens], encoded, int(sound_s * 100))
        words: list[Word] = []
        for piece in found[0] if found else []:
            text = piece["word"]
            begin_s = start_s + min(float(piece["start"]), sound_s)
            end_s = start_s + min(float(piece["end"]), sound_s)
            if words and not text.startswith(" "):
                # Punctuation, and the rest of a word that was split, belong to what stands before.
                words[-1] = Word(words[-1].text + text, words[-1].start_s, end_s if text.isalnum() else words[-1].end_s)
            elif text.strip():
                words.append(Word(text.strip(), begin_s, end_s))
        return words


def _probabilities(logits: Any) -> NDArray[np.float64]:
    """Softmax of one step's logits."""
    values = np.ravel(np.asarray(logits)).astype(np.float64)
    powers = np.exp(values - values.max())
    return np.asarray(powers / powers.sum(), np.float64)
