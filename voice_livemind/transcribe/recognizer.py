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
from voice_livemind.transcribe.language import AUTO

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
        self._multilingual = bool(self._whisper.model.is_multilingual)
        self._language = None if settings.language == AUTO else settings.language
        self._tokenizers: dict[str, Tokenizer] = {}
        self._suppressed = get_suppressed_tokens(self._tokenizer("en"), [-1])
        self._marks = set(self._token_ids(".", ",", "?", "!", "...", "-", "--", ";", ":"))
        self._trailing = self._token_ids("...", "-", "--", ",")

    def transcribe(self, samples: Samples, start_s: float, language: str | None = None) -> Hypothesis:
        """Words of at most 30 s of sound that starts at ``start_s``, with their times on the same clock.

        ``language``: of the speech; by default that of the configuration, and where that is "auto" it is heard, which
        costs nothing more.
        """
        sound = as_float(samples)
        sound_s = len(sound) / RATE_HZ
        window_s = max(sound_s + _MARGIN_S, _SHORT_WINDOW_S)
        language = language or self._language
        hypothesis, capped = self._pass(sound, window_s, start_s, language)
        if capped and window_s < FULL_WINDOW_S:
            hypothesis, _ = self._pass(sound, FULL_WINDOW_S, start_s, language)
        return hypothesis

    def _tokenizer(self, language: str) -> Tokenizer:
        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._whisper.hf_tokenizer, self._multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]

    def _heard_language(self, encoded: Any) -> tuple[str, float]:
        """The most probable language, and its probability."""
        if not self._multilingual:
            return "en", 1.0
        token, probability = self._whisper.model.detect_language(encoded)[0][0]
        return token.strip("<|>"), float(probability)

    def _token_ids(self, *marks: str) -> list[int]:
        """The tokens of punctuation marks, with and without a space before them."""
        spelt = [spelling for mark in marks for spelling in (mark, f"Ġ{mark}")]
        found = [self._whisper.hf_tokenizer.token_to_id(spelling) for spelling in spelt]
        return [token for token in found if token is not None]

    def _pass(
        self, sound: NDArray[np.float32], window_s: float, start_s: float, language: str | None
    ) -> tuple[Hypothesis, bool]:
        """One pass with the given window, and whether the text ran into its cap."""
        sound_s = len(sound) / RATE_HZ
        padded = np.pad(sound, (0, max(0, int(window_s * RATE_HZ) - len(sound))))
        encoded = self._whisper.encode(self._whisper.feature_extractor(padded, padding=0))
        spoken, sure = (language, 1.0) if language else self._heard_language(encoded)
        tokenizer = self._tokenizer(spoken)
        prompt = self._whisper.get_prompt(tokenizer, [], without_timestamps=True)
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
        heard = self._align(encoded, tokens, tokenizer, sound_s, start_s)
        words = without_repeats(heard, sound_s)
        trailing, last_word = self._ending(tokens, result.logits[0])
        hypothesis = Hypothesis(
            words,
            mean_logprob=float(result.scores[0]),
            no_speech=float(result.no_speech_prob),
            trailing=trailing,
            last_word=last_word,
            language=spoken,
            language_probability=sure,
        )
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

    def _align(
        self, encoded: Any, tokens: list[int], tokenizer: Tokenizer, sound_s: float, start_s: float
    ) -> list[Word]:
        """Give each word its time by the decoder's cross-attention (as openai/whisper's timing.py does)."""
        found = self._whisper.find_alignment(tokenizer, [tokens], encoded, int(sound_s * 100))
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
