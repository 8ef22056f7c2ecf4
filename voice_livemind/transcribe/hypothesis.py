"""What the recogniser believes it heard, and whether to believe it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

_ENDING_S = 0.5
"""Speech for longer than this after the last word is no part of it: words were not heard."""


class Word(NamedTuple):
    """One word with its punctuation."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Hypothesis:
    """One pass of the recogniser over one chunk of sound. Times are seconds on the sample clock."""

    words: Sequence[Word]
    mean_logprob: float
    """Mean log-probability of the text's tokens."""
    no_speech: float
    """Probability that there is no speech at all."""
    trailing: float | None = None
    """Probability that the text trails off ("...", "-", ",") after its last word, where known."""
    last_word: float | None = None
    """Probability of the last token of the last word, where known."""
    language: str = ""
    """In which it was heard, as "en"; empty where there is no choice."""
    language_probability: float = 1.0

    @property
    def text(self) -> str:
        """The words with single spaces between them."""
        return " ".join(word.text for word in self.words)


def doubt(hypothesis: Hypothesis, voiced_s: float) -> str | None:
    """Why this hypothesis is no speech, or ``None``. ``voiced_s``: seconds of the chunk that the VAD took for speech.

    Whisper invents text for noise and silence; such text is improbable to itself, or too long for the sound. What is
    surely speech may be understood badly: with noise at 5 dB, orders as a whole were as improbable as -1.5 and had a
    ``no_speech`` of at most 0.06, talk in the background one of 0.3 and more.
    """
    if not any(character.isalnum() for character in hypothesis.text):
        return "no words"
    if hypothesis.no_speech > 0.6 and hypothesis.mean_logprob < -0.7:
        return f"no speech ({hypothesis.no_speech:.2f})"
    surely_speech = hypothesis.no_speech < 0.2 and voiced_s >= 1
    if hypothesis.mean_logprob < (-2.0 if surely_speech else -1.2):
        return f"improbable ({hypothesis.mean_logprob:.2f})"
    if len(hypothesis.words) > 3 + 7 * voiced_s:
        return f"{len(hypothesis.words)} words in {voiced_s:.1f} s of speech"
    return None


def within_speech(hypothesis: Hypothesis, from_s: float, until_s: float) -> Hypothesis:
    """The same, with its first and last word at the first and last speech of the chunk.

    Whisper lets the first word begin with the sound before it, and the last end with its vowel.
    """
    words = [word._replace(start_s=min(max(word.start_s, from_s), word.end_s)) for word in hypothesis.words]
    if words and words[-1].end_s < until_s <= words[-1].end_s + _ENDING_S:
        words[-1] = words[-1]._replace(end_s=until_s)
    return replace(hypothesis, words=words)


def without_repeats(words: Sequence[Word], sound_s: float) -> list[Word]:
    """Drop the copies where the whole text is one passage of three or more words over and over.

    A short encoder window makes Whisper start again from the beginning now and then. A passage that somebody really
    repeated is kept: nobody speaks faster than 4.5 words a second for long.
    """
    if len(words) <= 4.5 * sound_s:
        return list(words)
    spelt = [word.text.strip(".,!?;:").lower() for word in words]
    for length in range(3, len(words) // 2 + 1):
        copies, rest = divmod(len(words), length)
        if spelt == spelt[:length] * copies + spelt[:rest]:
            return list(words[:length])
    return list(words)
