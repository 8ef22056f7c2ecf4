"""The kiosk hears a recording of which it knows the words: would it hear a visitor?

At quiet times the recording goes through a voice detector and the recogniser as a visitor's words would. A failure is
tested once more before it counts; a recogniser that does not come back is the watchdog's to notice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path

import soundfile

from voice_livemind.clock import computing
from voice_livemind.config import Settings
from voice_livemind.hear.frames import FRAME_S, FRAME_SAMPLES, RATE_HZ, Frame, Samples
from voice_livemind.hear.turn_sound import Chunk
from voice_livemind.hear.vad import VoiceActivity
from voice_livemind.kiosk.state import KioskState, SelfTest
from voice_livemind.transcribe.hypothesis import Hypothesis

_RECORDING = "capital.flac"
_WORDS = ("capital", "france")
_LEAST_SPEECH_S = 0.5
_LOOK_EVERY_S = 1.0
_QUIET_S = 10.0
"""Nobody has been there for so long."""

log = logging.getLogger("voice_livemind.kiosk")


async def keep_testing(
    state: KioskState, recognize: Callable[[Chunk], Awaitable[Hypothesis]], settings: Settings
) -> None:
    """Test at the first quiet time, and ever again; ``state.self_test`` says how it went. Runs until cancelled."""
    loop, samples = asyncio.get_running_loop(), recording()
    while True:
        now_s = loop.time()
        quiet = state.at_rest and now_s - state.since_s >= _QUIET_S
        due = state.self_test is None or now_s - state.self_test.at_s >= settings.kiosk.self_test_every_s
        if quiet and due:
            fault = await test(samples, recognize, settings) and await test(samples, recognize, settings)
            state.self_test = SelfTest(not fault, loop.time(), fault or "passed")
            (log.error if fault else log.info)("self-test: %s", state.self_test.detail)
        await asyncio.sleep(_LOOK_EVERY_S)


async def test(samples: Samples, recognize: Callable[[Chunk], Awaitable[Hypothesis]], settings: Settings) -> str:
    """What is wrong with the hearing; nothing, if nothing is."""
    with computing():
        speech_s = await asyncio.to_thread(_speech_s, samples, settings)
    if speech_s < _LEAST_SPEECH_S:
        return f"the voice detector found {speech_s:.1f} s of speech in the recording"
    seconds = len(samples) / RATE_HZ
    heard = (await recognize(Chunk(samples, 0.0, seconds, (0.0, seconds), "en"))).text
    if not all(word in heard.lower() for word in _WORDS):
        return f"the recogniser heard {heard!r}"
    return ""


def recording() -> Samples:
    """The recording, mono at 16 kHz."""
    installed = Path(str(resources.files("voice_livemind"))) / "audio" / _RECORDING
    file = installed if installed.exists() else installed.parents[2] / "audio" / _RECORDING
    samples: Samples = soundfile.read(file, dtype="int16")[0]
    return samples


def _speech_s(samples: Samples, settings: Settings) -> float:
    detector = VoiceActivity(settings.hear)
    frames = len(samples) // FRAME_SAMPLES
    found = [
        detector.speech(Frame(number, samples[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES]))
        for number in range(frames)
    ]
    return FRAME_S * sum(probability > 0 for probability in found)
