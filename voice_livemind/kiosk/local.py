"""A small speaker on this machine, for the times when the one elsewhere does not answer."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from voice_livemind.config import Role, Settings
from voice_livemind.serving.chat import ChatModel
from voice_livemind.serving.servers import models_ready
from voice_livemind.weights.cache import model_path


@asynccontextmanager
async def local_speaker(settings: Settings, say: Callable[[str], None]) -> AsyncIterator[ChatModel | None]:
    """``kiosk.local_speaker_model``, served within this context as soon as it can be; ``None`` where there is none.

    Where the speaker is a server of our own, another one beside it would fail with it: there is none then. ``say`` is
    told why its server does not start. Raises UserError for missing weights or an unknown model.
    """
    if not settings.has_local_speaker:
        yield None
        return
    local = _local_role(settings)
    model_path(local.model)
    alone = settings.model_copy(update={"thinker": local, "speaker": local})
    async with models_ready(alone, model_path, say, at_once=True) as models:
        yield models.speaker


def _local_role(settings: Settings) -> Role:
    given = {"engine": "llama.cpp", "model": settings.kiosk.local_speaker_model, "url": "", "gpu_memory_share": 0.0}
    return settings.speaker.model_copy(update=given)
