"""The health page of a kiosk that is a scripted conversation."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from tests.scripted import VOICE_RATE_HZ, Dialogue
from voice_livemind.clock import Clock
from voice_livemind.config import load_settings
from voice_livemind.conversation import Conversation
from voice_livemind.health.server import health_served
from voice_livemind.hear.frames import RATE_HZ
from voice_livemind.hear.recording import play_frames
from voice_livemind.kiosk.state import KioskState
from voice_livemind.modes import MODES
from voice_livemind.play.track import Track
from voice_livemind.record.turn import TurnRecord
from voice_livemind.serving.process import free_port
from voice_livemind.surroundings import Surroundings, View


class Page(NamedTuple):
    """Where it is, and who tells it of the conversation."""

    url: str
    port: int
    view: View


@asynccontextmanager
async def page(
    state: KioskState, *health: str, press: Callable[[], None] = lambda: None, scheme: str = "http"
) -> AsyncIterator[Page]:
    """On a free port; ``health``: settings of that section, say ``token_env=TOKEN``."""
    port = free_port()
    settings = load_settings(None, [f"health.{setting}" for setting in (f"port={port}", *health)])
    async with health_served(settings, state, press) as view:
        yield Page(f"{scheme}://127.0.0.1:{port}", port, view)


async def converse(dialogue: Dialogue, view: View, mode: str = "livemind", tail_s: float = 1.0) -> list[TurnRecord]:
    """Have the dialogue, seen by ``view``, on the loop's own time; its turns."""
    now = Clock()
    track = Track(now, VOICE_RATE_HZ)
    around = Surroundings(load_settings(None), MODES[mode], dialogue.stations(), now, track, view)
    conversation = Conversation(around, dialogue.spoken.is_speech)
    samples = dialogue.spoken.samples(tail_s)
    await conversation.listen(play_frames(samples, now), len(samples) / RATE_HZ)
    return conversation.records
