"""The path of sound as far as the words, for measuring: the real detectors and recogniser, and nobody who answers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import numpy as np

from voice_livemind.bench.heard import HeardTurn, Listener
from voice_livemind.clock import Clock, in_thread
from voice_livemind.config import Settings
from voice_livemind.conversation import Conversation
from voice_livemind.hear.frames import RATE_HZ, Samples
from voice_livemind.hear.recording import play_frames
from voice_livemind.hear.turn_sound import Chunk
from voice_livemind.hear.vad import VoiceActivity
from voice_livemind.modes import Mode
from voice_livemind.play.track import Track
from voice_livemind.record.turn import SegmentRecord, TurnRecord
from voice_livemind.serving.chat import Completion, Message, Usage
from voice_livemind.sound import Sound
from voice_livemind.stations import Stations
from voice_livemind.surroundings import Surroundings
from voice_livemind.transcribe.hypothesis import Hypothesis
from voice_livemind.transcribe.recognizer import Recognizer
from voice_livemind.turns.voice_end import VoiceEnd
from voice_livemind.weights.cache import model_path

_LISTEN = Mode("listen", early_text=True, notes=False, prompt="direct", answerer="speaker")
_VOICE_RATE_HZ = 8000


@asynccontextmanager
async def make_listener(settings: Settings) -> AsyncIterator[Listener]:
    """A listener with the configured recogniser, to be used on stepped time."""
    with ThreadPoolExecutor(1, "recognizer") as thread:
        folder = model_path(settings.transcribe.model)
        recognizer = await in_thread(thread, Recognizer, folder, settings.transcribe)

        async def recognize(chunk: Chunk) -> Hypothesis:
            return await in_thread(thread, recognizer.transcribe, chunk.samples, chunk.start_s)

        end_of_voice = VoiceEnd(model_path(settings.turns.voice_model))

        async def hear_end(chunk: Chunk) -> float:
            return await in_thread(thread, end_of_voice.probability, chunk.samples)

        silent = _Silent(settings.turns.reopen_s + 1)
        yield _Listener(settings, Stations(recognize, hear_end, silent, silent, _no_sound, _VOICE_RATE_HZ))


class _Listener:
    def __init__(self, settings: Settings, stations: Stations) -> None:
        self._settings = settings
        self._stations = stations

    async def listen(self, samples: Samples, policy: str) -> list[HeardTurn]:
        """The turns in one recording; nothing is carried over from one recording to the next."""
        turns = self._settings.turns.model_copy(update={"policy": policy})
        settings = self._settings.model_copy(update={"turns": turns})
        now = Clock()
        track = Track(now, _VOICE_RATE_HZ)
        around = Surroundings(settings, _LISTEN, self._stations, now, track, Unseen())
        conversation = Conversation(around, VoiceActivity(settings.hear).is_speech)
        await conversation.listen(play_frames(samples, now), len(samples) / RATE_HZ)
        return [_heard(record) for record in conversation.records]


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
    )


class _Silent:
    """A model that is asked and says nothing, for so long that the turn can still be reopened."""

    def __init__(self, lasts_s: float) -> None:
        self._lasts_s = lasts_s

    @asynccontextmanager
    async def ask(
        self, messages: Sequence[Message], max_tokens: int, stop: Sequence[str] = ()
    ) -> AsyncIterator[Completion]:
        del messages, max_tokens, stop
        yield _Nothing(self._lasts_s)


class _Nothing:
    def __init__(self, lasts_s: float) -> None:
        self._lasts_s = lasts_s
        self.usage = Usage()

    async def __aiter__(self) -> AsyncIterator[str]:
        await asyncio.sleep(self._lasts_s)
        yield ""


async def _no_sound(_text: str) -> Sound:
    return Sound(np.zeros(0, np.float32), _VOICE_RATE_HZ)


class Unseen:
    """A view without anybody who watches."""

    def segment(self, segment: SegmentRecord) -> None:
        """Nobody watches."""

    def note(self, segment: SegmentRecord) -> None:
        """Nobody watches."""

    def clause(self, text: str, start_s: float) -> None:
        """Nobody watches."""
