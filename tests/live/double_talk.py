"""The canceller in a simulated room, no sound card: what is left of the echo, and what is understood over it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import soxr

from tests.audio import MANIFEST, recording
from tests.room import cleaned, echo_of, microphone
from voice_livemind.bench.words import spelt, word_errors
from voice_livemind.config import Echo, Settings
from voice_livemind.hear.delay import level_db
from voice_livemind.hear.echo import EchoCanceller
from voice_livemind.hear.frames import FRAME_SAMPLES, RATE_HZ, Frame, Samples
from voice_livemind.hear.recording import read_recording
from voice_livemind.hear.vad import VoiceActivity
from voice_livemind.speak.voice import Voice
from voice_livemind.transcribe.recognizer import Recognizer

_SPEAKERS = ("planet", "apples", "marbles", "tickets", "command", "correction", "capital", "noisy")
_REPLY = (
    "Let me think about that. A train that leaves at nine and arrives at noon has been under way for three hours. "
    "If it covers eighty kilometers in each of them, that makes two hundred and forty kilometers in all. You could "
    "also take the bus, which is cheaper, but it stops in every village on the way. I would look at the timetable "
    "once more, since the connections change in winter. The museum opens at ten in the morning, and children pay "
    "half the price. There is a small restaurant next to it, where you can get soup and fresh bread."
)
_REPLY_S = 60
_LEARNED_S = (4, 30)
"""Where the level of what is left is measured: the filter knows the room by then."""


class _Case(NamedTuple):
    mode: str
    delay_s: float
    level_db: float
    overdriven: bool
    begins_s: int
    """Who interrupts does so after so long."""


_CASES = [
    *(_Case(mode, 0.05, -6.0, False, 6) for mode in ("off", "auto", "half")),
    _Case("auto", 0.2, -6.0, False, 6),
    *(_Case(mode, 0.02, 0.0, True, 6) for mode in ("off", "auto")),
    _Case("auto", 0.05, -6.0, False, 2),
    _Case("auto", 0.05, -60.0, False, 2),
]


def double_talk(settings: Settings, recognizer: Recognizer, voice: Voice) -> Iterator[str]:
    """The lines of a table."""
    sound = voice.synthesize(_REPLY)
    once = 26_000 * soxr.resample(sound.samples, sound.rate_hz, RATE_HZ)
    reply = np.resize(once, (_REPLY_S - 1) * RATE_HZ)
    reply = np.concatenate([np.zeros(RATE_HZ), reply]).astype(np.int16)
    yield "| `echo.mode` | delay | level | speech begins | removed | speech frames, echo alone | words wrong over it |"
    yield "|---|---|---|---|---|---|---|"
    alone = sum(_wrong(name, read_recording(recording(name)), recognizer) for name in _SPEAKERS)
    yield f"| (no echo) | | | | | | {_share(alone)} |"
    for case in _CASES:
        heard = microphone(_echo(reply, case))
        left = cleaned(_canceller(case), heard, reply)
        span = slice(*(at_s * RATE_HZ for at_s in _LEARNED_S))
        removed_db = level_db(heard[span]) - level_db(left[span])
        wrong = sum(_over(name, shift, reply, case, recognizer) for shift, name in enumerate(_SPEAKERS))
        played = f"{case.level_db:.0f} dB{', overdriven' if case.overdriven else ''}"
        yield (
            f"| `{case.mode}` | {case.delay_s * 1000:.0f} ms | {played} | {case.begins_s} s | {removed_db:.0f} dB | "
            f"{_speech_frames(left, settings)} | {_share(wrong)} |"
        )


def _over(name: str, shift: int, reply: Samples, case: _Case, recognizer: Recognizer) -> int:
    """Wrong words of who speaks over another part of the reply."""
    said = read_recording(recording(name))
    words = np.concatenate([np.zeros(case.begins_s * RATE_HZ, np.int16), said])
    part = np.concatenate([reply[:RATE_HZ], np.roll(reply[RATE_HZ:], -3 * shift * RATE_HZ)])[: len(words)]
    left = cleaned(_canceller(case), microphone(_echo(part, case), words), part)
    return _wrong(name, left[case.begins_s * RATE_HZ :], recognizer)


def _canceller(case: _Case) -> EchoCanceller:
    return EchoCanceller(Echo.model_validate({"mode": case.mode}))


def _echo(reply: Samples, case: _Case) -> Samples:
    played = 32767 * np.tanh(1.5 * reply / 32767) / 1.5 if case.overdriven else reply
    return np.round(echo_of(np.asarray(played, np.int16), case.delay_s, case.level_db)).astype(np.int16)


def _wrong(name: str, samples: Samples, recognizer: Recognizer) -> int:
    return word_errors(spelt(MANIFEST[name]["text"]), spelt(recognizer.transcribe(samples, 0.0).text))


def _share(wrong: int) -> str:
    return f"{wrong / sum(len(spelt(MANIFEST[name]['text'])) for name in _SPEAKERS):.1%}"


def _speech_frames(samples: Samples, settings: Settings) -> int:
    activity = VoiceActivity(settings.hear)
    whole = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return sum(activity.speech(Frame(number, frame)) > 0 for number, frame in enumerate(whole))
