"""The voice that asks spoken questions: the real espeak-ng."""

import pytest

from tests.scripted import Dialogue
from voice_livemind import clock
from voice_livemind.bench.questions import Question
from voice_livemind.bench.utterances import Utterance, as_speech
from voice_livemind.config import Settings
from voice_livemind.hear.frames import FRAME_SAMPLES, RATE_HZ, Frame

QUESTION = Question(id=1, question="-v is no option. It is said as it stands.", answer="B", options=("yes", "no"))


@pytest.fixture
def utterance(settings: Settings) -> Utterance:
    """A spoken question."""

    async def utter() -> Utterance:
        return await as_speech(settings)(QUESTION, Dialogue().stations())

    return clock.run(utter(), "real")


def test_a_question_is_spoken_with_its_options(utterance: Utterance) -> None:
    assert 4 < utterance.speech_end_s < len(utterance.samples) / RATE_HZ < 10


def test_its_voice_is_taken_for_speech_up_to_its_true_end(utterance: Utterance) -> None:
    count = len(utterance.samples) // FRAME_SAMPLES
    frames = [Frame(number, utterance.samples[number * FRAME_SAMPLES :][:FRAME_SAMPLES]) for number in range(count)]
    spoken = [frame for frame in frames if utterance.speech(frame) > 0]
    assert spoken[-1].end_s == pytest.approx(utterance.speech_end_s, abs=0.15)
    assert len(spoken) > 0.5 * count
