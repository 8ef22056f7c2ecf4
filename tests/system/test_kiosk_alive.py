"""The real ``kiosk`` under a stand-in for systemd: killed, stopped or made deaf, it serves visitors again."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import soundfile

from tests.audio import recording
from tests.chat_server import ChatServer, serving
from tests.sound_card import Recorded, SoundCard
from tests.supervisor import Supervised, supervised
from tests.system.command import COMMAND, eventually
from voice_livemind.hear.frames import RATE_HZ
from voice_livemind.serving.process import free_port

SMALL = "qwen2.5-coder-0.5b-q4_0"
LONG = "One apple, two oranges, three bananas, four lemons, five melons, six cherries, and seven peaches."
STATES = ("idle", "listening", "thinking", "speaking")


class Lobby:
    """The service and its room."""

    def __init__(self, service: Supervised, card: SoundCard, room: Recorded, chat: ChatServer, port: int) -> None:
        self.service = service
        self.card = card
        self.room = room
        self.chat = chat
        self._port = port
        self._visitor: subprocess.Popen[bytes] | None = None
        """Who spoke last."""

    def health(self) -> dict[str, Any]:
        """What its page says; nothing while there is no page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=5) as page:
                found = json.load(page)
        except urllib.error.HTTPError as error:
            with error:
                found = json.load(error)
        except (OSError, ValueError):
            return {"state": "", "answers": False, "devices": {}, "ladder": {"rung": ""}}
        assert isinstance(found, dict)
        return found

    def is_in(self, state: str) -> bool:
        """Whether that is what it does."""
        return bool(self.health()["state"] == state)

    def children(self, words: str) -> list[int]:
        """Its processes with these words in the command line."""
        return [child for child, state, command in self._children() if state != "Z" and words in command]

    def zombies(self) -> list[int]:
        """Children that nobody has waited for."""
        return [child for child, state, _ in self._children() if state == "Z"]

    def _children(self) -> Iterator[tuple[int, str, str]]:
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, parent = status.read_text().rpartition(")")[2].split()[:2]
                command = (status.parent / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue  # it has just ended
            if int(parent) == self.service.pid:
                yield int(status.parent.name), state, command

    def bring_to(self, state: str) -> None:
        """Have it do that."""
        assert eventually(lambda: self.is_in("idle"), 60), self.health()
        self.chat.thinks_s = 3.0 if state == "thinking" else 0.0
        if state != "idle":
            self._visitor = self.card.play(recording("planet" if state == "listening" else "capital"))
            assert eventually(lambda: self.is_in(state), 20), self.health()

    def answers(self) -> None:
        """A visitor asks, and hears an answer."""
        if self._visitor is not None:
            self._visitor.wait()
        assert eventually(lambda: self.is_in("idle"), 60), self.health()
        self.chat.thinks_s = 0.0
        self.until_silent()
        self.card.play(recording("capital")).wait()
        assert eventually(self.speaks, 20), f"no answer: {self.health()}"

    def speaks(self) -> bool:
        """Whether it has just been heard."""
        return bool(np.abs(self.room.latest(0.2).astype(np.int32)).max(initial=0) > 300)

    def until_silent(self) -> None:
        """Wait until nothing has been heard for a second."""
        assert eventually(lambda: np.abs(self.room.latest(1.0).astype(np.int32)).max(initial=0) <= 300, 30)


@contextmanager
def lobby(card: SoundCard, *settings: str, served_here: bool = False, watchdog_s: float = 20) -> Iterator[Lobby]:
    """The kiosk, ready for visitors. Its models are scripted, or ``served_here``."""
    port = free_port()
    with serving("It is Paris.", LONG) as chat, card.record() as room:
        given = [f"health.port={port}", "kiosk.greets=false", "kiosk.quiet_ends_s=3", "kiosk.local_speaker_model="]
        given += ["microphone.zeros_s=6", *settings]
        if not served_here:
            given += [f"{role}.url={chat.url}" for role in ("thinker", "speaker")]
        else:
            # Not those that somebody may be serving just now.
            given += [f"{role}.port={free_port()}" for role in ("thinker", "speaker")]
        command = [*COMMAND, "kiosk", *(word for setting in given for word in ("--set", setting))]
        with supervised(command, card.environment, watchdog_s) as service:
            here = Lobby(service, card, room, chat, port)
            assert eventually(lambda: here.is_in("idle"), 90), service.output
            here.until_silent()
            yield here


@pytest.mark.parametrize("kind", ["microphone", "loudspeaker"])
def test_a_device_process_that_is_killed_is_back_within_seconds(
    sound_card: SoundCard, kind: Literal["microphone", "loudspeaker"]
) -> None:
    with lobby(sound_card) as here:
        for state in STATES:
            here.bring_to(state)
            (victim,) = here.children(f"devices.child {kind}")
            killed_s = time.monotonic()
            os.kill(victim, signal.SIGKILL)

            def is_back(victim: int = victim) -> bool:
                working = here.health()["devices"].get(kind, {}).get("works", False)
                return bool(working) and here.children(f"devices.child {kind}") not in ([], [victim])

            assert eventually(is_back, 15), here.health()
            print(f"{kind} killed while {state}: back after {time.monotonic() - killed_s:.1f} s")
            here.answers()
        assert len(here.service.starts_s) == 1 and here.zombies() == []


def test_a_model_server_that_is_killed_is_back_and_visitors_are_answered(sound_card: SoundCard) -> None:
    one_server = (f"thinker.model={SMALL}", f"speaker.model={SMALL}", "thinker.nice=0")
    with lobby(sound_card, *one_server, served_here=True) as here:
        for state in ("idle", "listening", "speaking"):
            here.bring_to(state)
            (victim,) = here.children("llama_server")
            killed_s = time.monotonic()
            os.kill(victim, signal.SIGKILL)
            assert eventually(lambda: here.children("llama_server") not in ([], [victim]), 20)  # noqa: B023
            assert eventually(lambda: here.health()["ladder"]["rung"] == "full", 30), here.health()
            print(f"model server killed while {state}: full again after {time.monotonic() - killed_s:.1f} s")
            here.answers()
        assert len(here.service.starts_s) == 1 and here.zombies() == []


def test_deafness_is_noticed_and_mended(sound_card: SoundCard, tmp_path: Path) -> None:
    with lobby(sound_card) as here, noise(sound_card, tmp_path):
        # The stream is alive, and nothing is called back.
        (victim,) = here.children("devices.child microphone")
        mended_s = seconds_until_mended(here, victim, lambda: os.kill(victim, signal.SIGSTOP))
        print(f"no callbacks: mended after {mended_s:.1f} s")
        here.answers()
        assert len(here.service.starts_s) == 1


def test_a_kiosk_that_stands_still_is_started_again_by_the_watchdog(sound_card: SoundCard) -> None:
    with lobby(sound_card, watchdog_s=5) as here:
        stopped_s = time.monotonic()
        os.kill(here.service.pid, signal.SIGSTOP)
        assert eventually(lambda: len(here.service.starts_s) == 2, 20)
        assert here.service.ends[0][1].startswith("watchdog")
        assert eventually(lambda: here.is_in("idle"), 60)
        print(f"stopped: serves again after {time.monotonic() - stopped_s:.1f} s")
        here.answers()


def seconds_until_mended(here: Lobby, deaf: int, deafen: Callable[[], None]) -> float:
    """From the deafness to the new process of the microphone."""
    began_s = time.monotonic()
    deafen()
    assert eventually(lambda: here.children("devices.child microphone") not in ([], [deaf]), 30)
    assert eventually(lambda: deaf not in here.children("devices.child microphone"), 10)
    assert eventually(lambda: bool(here.health()["devices"]["microphone"]["works"]), 10)
    return time.monotonic() - began_s


@contextmanager
def noise(card: SoundCard, folder: Path) -> Iterator[None]:
    """The room is never perfectly silent."""
    file = folder / "noise.wav"
    samples = np.random.default_rng(1).integers(-20, 20, 300 * RATE_HZ)
    soundfile.write(file, samples.astype(np.int16), RATE_HZ)
    process = card.play(file)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
