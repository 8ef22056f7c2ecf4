"""The real detectors and the real Whisper behind the canceller, in a simulated room, with a real voice as the reply."""

import numpy as np
import pytest
import soxr

from tests.audio import MANIFEST, plain, recording
from tests.room import cleaned, echo_of, microphone
from voice_livemind.config import Echo, Settings
from voice_livemind.hear.echo import EchoCanceller
from voice_livemind.hear.frames import FRAME_SAMPLES, RATE_HZ, Frame, Samples
from voice_livemind.hear.recording import read_recording
from voice_livemind.hear.vad import VoiceActivity
from voice_livemind.speak.voice import Voice
from voice_livemind.transcribe.recognizer import Recognizer
from voice_livemind.turns.machine import Start, TurnMachine

REPLY = (
    "Let me think about that. A train that leaves at nine and arrives at noon has been under way for three hours. "
    "If it covers eighty kilometers in each of them, that makes two hundred and forty kilometers in all. You could "
    "also take the bus, which is cheaper, but it stops in every village on the way. I would look at the timetable."
)
INTERRUPTS_S = 6.0


@pytest.fixture(scope="module")
def reply(voice: Voice) -> Samples:
    sound = voice.synthesize(REPLY)
    spoken = soxr.resample(sound.samples, sound.rate_hz, RATE_HZ)
    return np.concatenate([np.zeros(RATE_HZ), 26_000 * spoken]).astype(np.int16)


def starts(samples: Samples, settings: Settings) -> list[float]:
    activity, machine = VoiceActivity(settings.hear), TurnMachine(settings.turns)
    found = []
    for number in range(len(samples) // FRAME_SAMPLES):
        frame = Frame(number, samples[number * FRAME_SAMPLES :][:FRAME_SAMPLES])
        event = machine.step(frame.start_s, frame.end_s, activity.speech(frame))
        if isinstance(event, Start):
            found.append(event.speech_start_s)
    return found


@pytest.mark.parametrize("mode", ["auto", "half"])
@pytest.mark.parametrize("delay_s", [0.05, 0.2])
def test_its_own_voice_starts_no_turn(mode: str, delay_s: float, reply: Samples, settings: Settings) -> None:
    heard = microphone(echo_of(reply, delay_s))
    assert starts(heard, settings) != []
    assert starts(cleaned(EchoCanceller(Echo.model_validate({"mode": mode})), heard, reply), settings) == []


@pytest.mark.parametrize("name", ["planet", "weeks", "command"])
@pytest.mark.parametrize("delay_s", [0.05, 0.2])
def test_who_interrupts_is_understood(
    name: str, delay_s: float, reply: Samples, settings: Settings, recognizer: Recognizer
) -> None:
    words = np.concatenate([np.zeros(round(INTERRUPTS_S * RATE_HZ), np.int16), read_recording(recording(name))])
    heard = microphone(echo_of(reply, delay_s), words)[: len(words)]
    left = cleaned(EchoCanceller(Echo(mode="auto")), heard, reply)
    speech_start_s = INTERRUPTS_S + MANIFEST[name]["speech"][0][0]
    assert starts(left, settings)[0] == pytest.approx(speech_start_s, abs=0.25)
    said = recognizer.transcribe(left[round(INTERRUPTS_S * RATE_HZ) :], 0.0).text
    assert plain(said) == plain(MANIFEST[name]["text"])
