"""The models that all turns share, loaded together and warm."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from voice_livemind.clock import in_thread
from voice_livemind.config import Settings
from voice_livemind.hear.frames import RATE_HZ
from voice_livemind.hear.turn_sound import Chunk
from voice_livemind.modes import Answerer
from voice_livemind.serving.chat import ChatModel
from voice_livemind.serving.conversation_id import ConversationId
from voice_livemind.serving.servers import models_ready
from voice_livemind.serving.shedding import Shed
from voice_livemind.sound import Sound
from voice_livemind.speak.voice import Voice
from voice_livemind.transcribe.hypothesis import Hypothesis
from voice_livemind.transcribe.recognizer import Recognizer
from voice_livemind.turns.voice_end import VoiceEnd
from voice_livemind.weights.cache import model_path


@dataclass(frozen=True)
class Stations:
    """What a turn needs from outside: the seams to the models."""

    recognize: Callable[[Chunk], Awaitable[Hypothesis]]
    hear_end: Callable[[Chunk], Awaitable[float]]
    """How probable it is, by its sound, that a turn is over."""
    thinker: ChatModel
    speaker: ChatModel
    synthesize: Callable[[str], AsyncIterator[Sound]]
    """Says a clause in one part or more, each as soon as it is made."""
    voice_rate_hz: int
    healthy: Callable[[Answerer], bool] = lambda _: True
    """Whether the server of that role answers, as far as is known."""
    sheds: Callable[[], Shed] = lambda: Shed.NOTHING
    """What is not to be asked of the models at present, since their servers are slow."""
    conversation: ConversationId = field(default_factory=ConversationId)

    def model(self, answerer: Answerer) -> ChatModel:
        """The model of that role."""
        return self.thinker if answerer == "thinker" else self.speaker


@asynccontextmanager
async def stations_ready(
    settings: Settings, say: Callable[[str], None], *, waits: bool = True
) -> AsyncIterator[Stations]:
    """Load and start everything at once; all of it ends with this context.

    ``waits``: for the language models too; else they may answer later, see ``models_ready``.

    Raises UserError for missing weights or an unknown model, Failure if a server does not start that is waited for.
    """
    for model in settings.models:
        model_path(model)
    async with AsyncExitStack() as stack:
        # A thread each: the recogniser and the voice never wait for one another, and each does one thing at a time.
        ears = stack.enter_context(ThreadPoolExecutor(1, "recognizer"))
        mouth = stack.enter_context(ThreadPoolExecutor(1, "voice"))
        loading = asyncio.gather(_load_recognizer(settings, ears), _load_voice(settings, mouth))
        end_of_voice = VoiceEnd(model_path(settings.turns.voice_model))
        models = await stack.enter_async_context(models_ready(settings, model_path, say, at_once=not waits))
        recognizer, voice = await loading

        async def recognize(chunk: Chunk) -> Hypothesis:
            return await in_thread(ears, recognizer.transcribe, chunk.samples, chunk.start_s, chunk.language)

        async def hear_end(chunk: Chunk) -> float:
            # On the voice's thread, which has nothing to say while somebody speaks.
            return await in_thread(mouth, end_of_voice.probability, chunk.samples)

        async def synthesize(text: str) -> AsyncIterator[Sound]:
            parts = voice.parts(text)
            while (part := await in_thread(mouth, next, parts, None)) is not None:
                yield part

        yield Stations(
            recognize,
            hear_end,
            models.thinker,
            models.speaker,
            synthesize,
            voice.rate_hz,
            models.healthy,
            models.sheds,
            models.conversation,
        )


async def _load_recognizer(settings: Settings, thread: Executor) -> Recognizer:
    recognizer = await in_thread(thread, Recognizer, model_path(settings.transcribe.model), settings.transcribe)
    await in_thread(thread, recognizer.transcribe, np.zeros(RATE_HZ, np.int16), 0.0)
    return recognizer


async def _load_voice(settings: Settings, thread: Executor) -> Voice:
    return await in_thread(thread, Voice, model_path(settings.speak.voice), settings.speak)
