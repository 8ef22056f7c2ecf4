"""The path of sound as far as the words, for measuring: the real detectors and recogniser, and nobody who answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import numpy as np

from voice_livemind.bench.heard import Heard, HeardTurn, Listener
from voice_livemind.clock import Clock, in_thread
from voice_livemind.config import Hear, Settings
from voice_livemind.conversation import Conversation
from voice_livemind.hear.frames import FRAME_S, RATE_HZ, Frame, Samples
from voice_livemind.hear.recording import play_frames
from voice_livemind.hear.turn_sound import Chunk
from voice_livemind.hear.vad import VoiceActivity
from voice_livemind.modes import Mode
from voice_livemind.play.track import Track
from voice_livemind.record.turn import TurnRecord
from voice_livemind.serving.chat import Completion, Message, Usage
from voice_livemind.sound import Sound
from voice_livemind.stations import Stations
from voice_livemind.surroundings import Surroundings, View
from voice_livemind.transcribe.hypothesis import Hypothesis
from voice_livemind.transcribe.recognizer import Recognizer
from voice_livemind.turns.voice_end import VoiceEnd
from voice_livemind.weights.cache import model_path

_LISTEN = Mode("listen", early_text=True, notes=False, prompt="direct", answerer="speaker")
_VOICE_RATE_HZ = 8000

T = TypeVar("T")


@asynccontextmanager
async def make_listener(settings: Settings) -> AsyncIterator[Listener]:
    """A listener with the configured recogniser, to be used on stepped time."""
    with ThreadPoolExecutor(1, "recognizer") as thread:
        folder = model_path(settings.transcribe.model)
        recognizer = await in_thread(thread, Recognizer, folder, settings.transcribe)

        async def recognize(chunk: Chunk) -> Hypothesis:
            return await in_thread(thread, recognizer.transcribe, chunk.samples, chunk.start_s, chunk.language)

        end_of_voice = VoiceEnd(model_path(settings.turns.voice_model))

        async def hear_end(chunk: Chunk) -> float:
            return await in_thread(thread, end_of_voice.probability, chunk.samples)

        silent = _Silent(settings.turns.reopen_s + 1)
        yield _Listener(settings, Stations(recognize, hear_end, silent, silent, _no_sound, _VOICE_RATE_HZ))


class _Listener:
    def __init__(self, settings: Settings, stations: Stations) -> None:
        self._settings = settings
        self._stations = stations
        self._ears: _Ears | None = None

    async def listen(self, samples: Samples, policy: str) -> Heard:
        """The turns in one recording; nothing is carried over from one recording to the next."""
        turns = self._settings.turns.model_copy(update={"policy": policy})
        settings = self._settings.model_copy(update={"turns": turns})
        if self._ears is None or self._ears.samples is not samples:
            self._ears = _Ears(samples, settings.hear, self._stations)
        now = Clock()
        track = Track(now, _VOICE_RATE_HZ)
        around = Surroundings(settings, _LISTEN, self._ears.stations, now, track, View())
        conversation = Conversation(around, self._ears.speech)
        await conversation.listen(play_frames(samples, now), len(samples) / RATE_HZ)
        records = sorted([*conversation.records, *conversation.empty], key=_started_s)
        return Heard(tuple(map(_heard, records)), self._ears.vad_cpu_share)


class _Ears:
    """The models as they hear one recording: what they said of a frame or a span is kept, since what a policy decides
    changes which spans are heard, and hardly ever their limits."""

    def __init__(self, samples: Samples, settings: Hear, stations: Stations) -> None:
        self.samples = samples
        self.stations = replace(
            stations, recognize=_remembered(stations.recognize), hear_end=_remembered(stations.hear_end)
        )
        self._activity = VoiceActivity(settings)
        self._speech: list[float] = []
        self._cpu_s = 0.0

    @property
    def vad_cpu_share(self) -> float:
        """So far, of one core."""
        return self._cpu_s / max(FRAME_S, len(self._speech) * FRAME_S)

    def speech(self, frame: Frame) -> float:
        """The probability that the frame is speech."""
        if frame.number == len(self._speech):
            began_s = time.thread_time()
            self._speech.append(self._activity.speech(frame))
            self._cpu_s += time.thread_time() - began_s
        return self._speech[frame.number]


def _remembered(hear: Callable[[Chunk], Awaitable[T]]) -> Callable[[Chunk], Awaitable[T]]:
    """The same for the chunks of one recording, asked once for each span and language."""
    known: dict[tuple[float, int, str | None], T] = {}

    async def heard(chunk: Chunk) -> T:
        span = chunk.start_s, len(chunk.samples), chunk.language
        if span not in known:
            known[span] = await hear(chunk)
        return known[span]

    return heard


def _started_s(record: TurnRecord) -> float:
    return record.marks.speech_start or 0.0


def _heard(record: TurnRecord) -> HeardTurn:
    marks = record.marks
    assert marks.speech_start is not None and marks.speech_end is not None and marks.pause is not None
    assert marks.committed is not None and marks.text_final is not None
    latest = {segment.index: segment for segment in record.segments}
    first_heard_s = {segment.index: segment.heard_s for segment in reversed(record.segments)}
    return HeardTurn(
        speech_start_s=marks.speech_start,
        speech_end_s=marks.speech_end,
        pause_s=marks.pause,
        committed_s=marks.committed,
        commits=tuple(record.commits),
        text_final_s=marks.text_final,
        transcript=record.transcript,
        segments=tuple(
            (segment.start_s, segment.end_s, first_heard_s[index] or 0.0, segment.text)
            for index, segment in latest.items()
            if segment.text
        ),
        rejected=tuple(rejection.reason for rejection in record.rejected),
        revised=sum(segment.revision > 0 for segment in record.segments),
    )


class _Silent:
    """A model that is asked and says nothing, for so long that the turn can still be reopened."""

    def __init__(self, lasts_s: float) -> None:
        self._lasts_s = lasts_s

    @asynccontextmanager
    async def ask(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        stop: Sequence[str] = (),
        *,
        choices: Sequence[str] = (),
        priority: int = 0,
    ) -> AsyncIterator[Completion]:
        del messages, max_tokens, stop, choices, priority
        yield _Nothing(self._lasts_s)

    async def remember(self, messages: Sequence[Message]) -> None:
        """There is nothing to remember it for."""


class _Nothing:
    def __init__(self, lasts_s: float) -> None:
        self._lasts_s = lasts_s
        self.usage = Usage()

    async def __aiter__(self) -> AsyncIterator[str]:
        await asyncio.sleep(self._lasts_s)
        yield ""


async def _no_sound(_text: str) -> AsyncIterator[Sound]:
    yield Sound(np.zeros(0, np.float32), _VOICE_RATE_HZ)
