"""The real Piper, heard by the real Whisper."""

import shutil
from itertools import pairwise

import numpy as np
import pytest
import soxr

from tests.audio import plain, says
from voice_livemind.config import Settings
from voice_livemind.speak.voice import CONTEXT, Voice
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


LONG = "She needs 15 more minutes to finish the letter to her old friend in London."
TWO_SENTENCES = "Yes. There are twelve of them in all."


@pytest.fixture(scope="module")
def whole_voice(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Voice:
    """The same voice, built so that its decoder isn't found."""
    folder, own = tmp_path_factory.mktemp("voice"), model_path("joe-us")
    for file in own.iterdir():
        shutil.copy(file, folder)
    model = next(folder.glob("*.onnx"))
    model.write_bytes(model.read_bytes().replace(b"/dec/conv_pre/Conv", b"/voc/conv_pre/Conv"))
    return Voice(folder, settings.speak)


def test_the_parts_are_the_whole(whole_voice: Voice, settings: Settings) -> None:
    # Which random numbers a voice draws depends on all that it has said.
    in_parts = Voice(model_path("joe-us"), settings.speak)
    for text in ("David saves 9 rides", LONG, "20 seconds", "Sure.", "", TWO_SENTENCES):
        (whole,) = whole_voice.parts(text)
        parts = list(in_parts.parts(text))
        joined = np.concatenate([part.samples for part in parts])
        assert len(joined) == len(whole.samples) and parts[0].word_ends_s == whole.word_ends_s
        different = np.flatnonzero(np.abs(joined - whole.samples) > 1e-5)
        if text == TWO_SENTENCES:
            # The second is decoded after the first, not after nothing: only where they meet that is heard.
            assert np.ptp(different) < 2 * CONTEXT * 256
        else:
            assert not len(different)
        for part, following in pairwise(parts):
            count = min(len(part.after), len(following.samples))
            assert count > 0
            np.testing.assert_allclose(part.after[:count], following.samples[:count], atol=1e-3)


def test_the_first_part_is_short_and_each_is_made_while_those_before_are_heard(voice: Voice) -> None:
    parts = list(voice.parts(LONG))
    assert 0.3 < parts[0].seconds < 0.55
    for place in range(1, len(parts)):
        assert parts[place].seconds < 2.5 * sum(part.seconds for part in parts[:place])


def test_a_long_clause_is_understood_across_its_seams(voice: Voice, recognizer: Recognizer) -> None:
    sound = voice.synthesize(LONG)
    samples = (soxr.resample(sound.samples, sound.rate_hz, 16_000) * 32767).astype(np.int16)
    heard = plain(recognizer.transcribe(samples, 0.0).text).split()
    # Of what is spoken whole, too, a word is misheard now and then.
    spoken = plain(LONG).split()
    assert len(heard) == len(spoken)
    assert sum(one != other for one, other in zip(heard, spoken, strict=True)) <= 1, heard


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
