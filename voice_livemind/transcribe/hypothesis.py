"""What the recogniser believes it heard, and whether to believe it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


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

    @property
    def text(self) -> str:
        """The words with single spaces between them."""
        return " ".join(word.text for word in self.words)


def doubt(hypothesis: Hypothesis, voiced_s: float) -> str | None:
    """Why this hypothesis is no speech, or ``None``. ``voiced_s``: seconds of the chunk that the VAD took for speech.

    Whisper invents text for noise and silence; such text is improbable to itself, or too long for the sound.
    """
    if not any(character.isalnum() for character in hypothesis.text):
        return "no words"
    if hypothesis.no_speech > 0.6 and hypothesis.mean_logprob < -0.7:
        return f"no speech ({hypothesis.no_speech:.2f})"
    if hypothesis.mean_logprob < -1.2:
        return f"improbable ({hypothesis.mean_logprob:.2f})"
    if len(hypothesis.words) > 3 + 7 * voiced_s:
        return f"{len(hypothesis.words)} words in {voiced_s:.1f} s of speech"
    return None


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
