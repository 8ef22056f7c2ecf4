"""Which texts of the recogniser are believed."""

from dataclasses import replace

import numpy as np
import pytest

from voice_livemind.transcribe.hypothesis import Hypothesis, Word, doubt, within_speech
from voice_livemind.transcribe.language import AUTO, SpokenLanguage


def heard(text: str, mean_logprob: float, no_speech: float) -> Hypothesis:
    words = [Word(word, 1.0 + place * 0.3, 1.25 + place * 0.3) for place, word in enumerate(text.split())]
    return Hypothesis(words, mean_logprob, no_speech)


@pytest.mark.parametrize(
    ("text", "mean_logprob", "no_speech", "voiced_s", "reason"),
    [
        ("Large tea.", -0.3, 0.05, 0.6, None),
        ("", -0.3, 0.05, 0.6, "no words"),
        ("...", -0.3, 0.05, 0.6, "no words"),
        ("Thank you.", -0.8, 0.7, 0.5, "no speech"),
        ("Bye.", -1.5, 0.3, 2.0, "improbable"),
        ("Bye.", -1.5, 0.05, 0.5, "improbable"),
        ("Breach will shot Americano.", -1.5, 0.05, 2.0, None),
        ("Breach will shot Americano.", -2.5, 0.05, 2.0, "improbable"),
        ("Thank you for watching, see you in the next one.", -0.3, 0.05, 0.4, "10 words in 0.4 s"),
    ],
)
def test_what_is_doubted_and_why(
    text: str, mean_logprob: float, no_speech: float, voiced_s: float, reason: str | None
) -> None:
    doubted = doubt(heard(text, mean_logprob, no_speech), voiced_s)
    assert doubted is None if reason is None else doubted is not None and doubted.startswith(reason)


def test_the_first_and_the_last_word_lie_where_the_speech_does() -> None:
    def spans(text: str, from_s: float, until_s: float) -> list[tuple[float, float]]:
        return [(word.start_s, word.end_s) for word in within_speech(heard(text, -0.1, 0.0), from_s, until_s).words]

    assert np.ravel(spans("One two", 1.2, 1.8)) == pytest.approx([1.2, 1.25, 1.3, 1.8])
    assert np.ravel(spans("One two", 1.4, 1.5)) == pytest.approx([1.25, 1.25, 1.4, 1.55])
    # Speech after the last word that is too long to be its end was not understood.
    assert np.ravel(spans("One", 0.0, 3.0)) == pytest.approx([1.0, 1.25])
    assert spans("", 0.0, 3.0) == []


def test_the_language_is_heard_once_on_speech_that_is_long_enough() -> None:
    def in_language(language: str, probability: float) -> Hypothesis:
        return replace(heard("ja", -0.3, 0.0), language=language, language_probability=probability)

    language = SpokenLanguage(AUTO)
    assert (language.known, language.code) == (None, "")
    language.heard(in_language("th", 0.9), voiced_s=0.8)
    assert (language.known, language.code) == (None, "th")
    language.heard(in_language("nl", 0.5), voiced_s=4.0)
    assert (language.known, language.code) == (None, "nl")
    language.heard(in_language("de", 0.9), voiced_s=4.0)
    language.heard(in_language("en", 1.0), voiced_s=9.0)
    assert (language.known, language.code) == ("de", "de")
    fixed = SpokenLanguage("en")
    fixed.heard(in_language("de", 1.0), voiced_s=9.0)
    assert (fixed.known, fixed.code) == ("en", "en")
