"""A running ``talk`` with a scripted model, in a room that is software."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.chat_server import ChatServer, serving
from tests.sound_card import Recorded, SoundCard
from tests.system.command import Running, started

COUNTING = (
    "One apple, two oranges, three bananas, four lemons, five melons, six cherries, seven peaches, eight plums, "
    "nine pears, ten grapes, eleven kiwis, and twelve mangos are all that I have in my basket today."
)
"""A reply of some twelve seconds in which each word tells how far it was heard."""


class Talking:
    """The command, what its room hears, and what it writes."""

    def __init__(self, command: Running, card: SoundCard, room: Recorded, chat: ChatServer, kept: Path) -> None:
        self.command = command
        self.card = card
        self.room = room
        self.chat = chat
        self._kept = kept

    @property
    def session(self) -> Path:
        """The folder that it keeps."""
        (folder,) = self._kept.iterdir()
        return folder

    def turns(self) -> list[dict[str, Any]]:
        """The turns that are over."""
        return [json.loads(line) for line in (self.session / "turns.jsonl").read_text().splitlines()]

    def say(self, file: Path) -> float:
        """Say it, and wait until it is said; how long ago the first of it was audible, at the end of it."""
        began_s = time.monotonic()
        self.card.play(file).wait()
        return time.monotonic() - began_s

    def speaks(self) -> bool:
        """Whether it has just been heard."""
        return bool(np.abs(self.room.latest(0.1).astype(np.int32)).max(initial=0) > 300)

    def quit(self) -> int:
        """Ctrl-C."""
        self.command.send(signal.SIGINT)
        return self.command.finish()


@contextmanager
def talking_on(card: SoundCard, kept: Path, *replies: str) -> Iterator[Talking]:
    """``talk``, listening already. It keeps its session in ``kept`` and says ``replies``, the last from then on."""
    with serving(*replies) as chat, card.record() as room:
        urls = [word for role in ("thinker", "speaker") for word in ("--set", f"{role}.url={chat.url}")]
        with started("talk", "--mode", "preempt", "--record", kept, *urls, **card.environment) as command:
            command.wait_for("listening")
            yield Talking(command, card, room, chat, kept)
