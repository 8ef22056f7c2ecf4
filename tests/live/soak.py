"""A dialogue that goes on and on: do memory and open files stay as they are, and is every question answered?"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.audio import says
from tests.live.lines import Lines
from tests.live.said import QUESTIONS, question
from tests.sound_card import SoundCard
from tests.system.command import eventually
from tests.talking import talking_on

_TELLS = ("capital", "weeks", "timer")
"""A word of each question that must be understood."""
_ANSWERED_WITHIN_S = 30.0
_EVERY_S = 20.0


@dataclass
class Moment:
    """What was counted at one time."""

    at_s: float
    asked: int
    answered: int
    memory_mib: float
    """Of the command alone; its devices' processes apart."""
    devices_mib: float
    open_files: int
    threads: int


def soak(card: SoundCard, folder: Path, seconds: float) -> None:
    """Ask one question after the other for so long; a line now and then goes into ``folder/soak.jsonl``."""
    asked = 0
    with talking_on(card, folder / f"kept-{time.time_ns()}", "It is Paris, of course.") as talk:
        lines = Lines(talk.command)
        pid, began_s, next_s = talk.command.process.pid, time.monotonic(), 0.0
        while (now_s := time.monotonic() - began_s) < seconds:
            if now_s >= next_s:
                next_s = now_s + _EVERY_S
                with (folder / "soak.jsonl").open("a") as out:
                    print(json.dumps(asdict(_moment(now_s, asked, talk.turns(), pid))), file=out, flush=True)
            name = QUESTIONS[asked % len(QUESTIONS)]
            done = len(talk.turns())
            talk.say(question(name)[0])
            asked += 1
            eventually(lambda: len(talk.turns()) > done, _ANSWERED_WITHIN_S)  # noqa: B023  it is over at once
        lines.quit()


def _moment(at_s: float, asked: int, turns: list[dict[str, Any]], pid: int) -> Moment:
    answered = sum(bool(turn["heard"]) and any(says(turn["transcript"], tell) for tell in _TELLS) for turn in turns)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    devices_mib = round(sum(_memory_mib(int(child)) for child in children), 1)
    return Moment(round(at_s, 1), asked, answered, _memory_mib(pid), devices_mib, files, threads)


def _memory_mib(pid: int) -> float:
    """What it has for itself, and its share of what it shares."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    (kib,) = (int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return round(kib / 1024, 1)
