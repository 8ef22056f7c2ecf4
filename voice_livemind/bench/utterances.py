"""How a question reaches the assistant: as a text at the speed of speech, or as the sound of another voice."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from voice_livemind.bench.questions import Question
from voice_livemind.bench.speech_span import speech_span
from voice_livemind.bench.spoken_text import SpokenText, at_the_speed_of_speech
from voice_livemind.config import Settings
from voice_livemind.errors import Failure, UserError
from voice_livemind.hear.frames import Frame, Samples
from voice_livemind.hear.recording import read_recording
from voice_livemind.hear.vad import VoiceActivity
from voice_livemind.stations import Stations

_PROGRAM = "espeak-ng"
_WORDS_A_MINUTE = 150


@dataclass(frozen=True)
class Utterance:
    """A question as it is about to be heard, once."""

    samples: Samples
    speech_end_s: float
    """Where its speech truly ends."""
    speech: Callable[[Frame], float]
    """The probability that a frame is speech."""
    stations: Stations


Utter = Callable[[Question, Stations], Awaitable[Utterance]]


async def as_text(question: Question, stations: Stations) -> Utterance:
    """Sentence by sentence at the speed of speech, heard without errors and at no cost."""
    text = SpokenText(at_the_speed_of_speech(question.spoken))
    return Utterance(text.samples(), text.end_s, text.is_speech, text.ears(stations))


def as_speech(settings: Settings) -> Utter:
    """By espeak-ng, a voice that is not the assistant's. Raises UserError where it is not installed."""
    program = shutil.which(_PROGRAM)
    if program is None:
        raise UserError(f"--spoken: {_PROGRAM} is not installed; install it with your package manager")

    async def utter(question: Question, stations: Stations) -> Utterance:
        samples = await _synthesized(program, " ".join(question.spoken))
        span = speech_span(samples)
        if span is None:
            raise Failure(f"{_PROGRAM} says nothing for question {question.id}")
        return Utterance(samples, span[1], VoiceActivity(settings.hear).speech, stations)

    return utter


async def _synthesized(program: str, text: str) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "question.wav"
        process = await asyncio.create_subprocess_exec(
            *(program, "-v", "en-us", "-s", str(_WORDS_A_MINUTE), "-w", str(path), "--stdin"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await process.communicate(text.encode())
        if process.returncode:
            raise Failure(f"{_PROGRAM} ended with status {process.returncode}")
        return read_recording(path)
