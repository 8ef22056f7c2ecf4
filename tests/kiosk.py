"""A running ``kiosk`` with a scripted model, in a room that is software."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.chat_server import ChatServer, serving
from tests.sound_card import Recorded, SoundCard
from tests.system.command import Running, started
from voice_livemind.serving.process import free_port


class Serving:
    """The command, its lobby, and what the model is asked."""

    def __init__(self, command: Running, card: SoundCard, room: Recorded, chat: ChatServer, port: int) -> None:
        self.command = command
        self.card = card
        self.room = room
        self.chat = chat
        self.port = port
        """Of the health page."""

    def say(self, file: Path) -> None:
        """A visitor says it."""
        self.card.play(file).wait()

    def speaks(self) -> bool:
        """Whether it has just been heard."""
        return bool(np.abs(self.room.latest(0.1).astype(np.int32)).max(initial=0) > 300)

    def until_silent(self, for_s: float = 1.5, within_s: float = 30) -> None:
        """Wait until nothing has been heard for so long."""
        end_s = time.monotonic() + within_s
        while np.abs(self.room.latest(for_s).astype(np.int32)).max(initial=0) > 300:
            assert time.monotonic() < end_s, "it never stops speaking"
            time.sleep(0.1)


@contextmanager
def kiosk_on(
    card: SoundCard, *replies: str, settings: Sequence[str] = (), ready: bool = True, **environment: str
) -> Iterator[Serving]:
    """``kiosk`` with these settings; the model says ``replies``. ``ready``: it serves already."""
    port = free_port()
    with serving(*replies) as chat, card.record() as room:
        given = [f"{role}.url={chat.url}" for role in ("thinker", "speaker")]
        given += [f"health.port={port}", "kiosk.local_speaker_model=", *settings]
        options = [word for setting in given for word in ("--set", setting)]
        with started("kiosk", *options, **card.environment, **environment) as command:
            if ready:
                command.wait_for("ready")
            yield Serving(command, card, room, chat, port)
