"""The real Piper, heard by the real Whisper."""

import numpy as np
import pytest
import soxr

from tests.audio import plain, says
from voice_livemind.config import Settings
from voice_livemind.speak.voice import Voice
from voice_livemind.transcribe.recognizer import Recognizer
from voice_livemind.weights.cache import model_path


@pytest.mark.parametrize(
    ("text", "what_counts"),
    [
        ("The capital of France is Paris.", "Paris"),
        ("Anna has 17 apples.", "17 apples"),
        ("It costs 80 dollars.", "80"),
    ],
)
def test_what_is_spoken_is_understood(text: str, what_counts: str, voice: Voice, recognizer: Recognizer) -> None:
    sound = voice.synthesize(text)
    samples = (soxr.resample(sound.samples, sound.rate_hz, 16_000) * 32767).astype(np.int16)
    heard = recognizer.transcribe(samples, 0.0).text
    assert says(heard.replace("$", ""), what_counts), heard


def test_the_first_sound_comes_at_once(voice: Voice) -> None:
    assert voice.synthesize("Sure.").silence_s <= 0.011


def test_nothing_to_say_is_no_sound(voice: Voice) -> None:
    assert voice.synthesize("").seconds == 0


def test_a_higher_rate_is_quicker(voice: Voice, settings: Settings) -> None:
    text = "This is a sentence of some length, spoken at two rates."
    quick = Voice(model_path("joe-us"), settings.speak.model_copy(update={"rate": 1.5}))
    assert quick.synthesize(text).seconds < 0.8 * voice.synthesize(text).seconds


@pytest.mark.parametrize(
    "text",
    [
        "There are twenty apples, eleven oranges and a lemon in the basket.",
        "Of the 24 boxes, Mr. Smith sold eleven to Anna on Monday morning.",
    ],
)
def test_the_voice_tells_when_each_word_is_over(text: str, voice: Voice, recognizer: Recognizer) -> None:
    sound = voice.synthesize(text)
    words = text.split()
    ends_s = sound.word_ends_s
    assert len(ends_s) == len(words) and list(ends_s) == sorted(ends_s) and ends_s[-1] <= sound.seconds
    for count in (4, 6, 8):
        cut = sound.samples[: round(ends_s[count - 1] * sound.rate_hz)]
        samples = (soxr.resample(cut, sound.rate_hz, 16_000) * 32767).astype(np.int16)
        heard = plain(recognizer.transcribe(samples, 0.0).text).split()
        # What is cut off in the middle is misheard; the last word that is understood tells how far it came.
        spoken = plain(text).split()
        reached = max(spoken.index(word) for word in heard if word in spoken) + 1
        assert abs(reached - len(plain(" ".join(words[:count])).split())) <= 1, heard
