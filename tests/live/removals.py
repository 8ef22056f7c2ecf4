"""Microphone and loudspeaker go and come back, whatever the conversation is about at that moment."""

import itertools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from tests.audio import MANIFEST
from tests.live.ear import Ear, listening
from tests.live.lines import Lines
from tests.live.said import question
from tests.sound_card import SoundCard
from tests.system.command import eventually
from tests.talking import Talking, talking_on

State = Literal["idle", "listening", "thinking", "speaking"]
STATES: tuple[State, ...] = ("idle", "listening", "thinking", "speaking")
REPLY = "One apple, two oranges, three bananas, four lemons, five melons, and six cherries."
_AWAY_S = 1.0
_BACK_WITHIN_S = 3.0
"""What the user is promised."""
_THINKS_S = 3.0
_ANSWERS_WITHIN_S = 8.0
_UNDERSTOOD = r" s  (heard|corrected) .* weeks"


class Way(NamedTuple):
    """How devices go and come back."""

    device: str
    how: str
    go: Callable[[], None]
    come: Callable[[], None]


@dataclass
class Removal:
    """One, and how the conversation went on."""

    state: State
    device: str
    how: str
    back_s: float | None
    """From its return until the assistant had it again; none where it never noticed that it was gone."""
    understood: bool
    """The question that was asked soon after the return."""
    answered_s: float | None
    """From about the end of that question to the first sound of its answer."""
    told: list[str]
    """What the user was told meanwhile."""
    alive: bool


def removals(card: SoundCard, folder: Path, count: int, seconds: float, first: int) -> None:
    """``count`` removals, from the ``first`` of all cases on, or fewer, when so many seconds are over; a line for each
    goes into ``folder/removals.jsonl``."""
    end_s = time.monotonic() + seconds
    cases = itertools.islice(itertools.cycle(cases_on(card)), first, first + count)
    with talking_on(card, folder / f"kept-{time.time_ns()}", REPLY) as talk:
        lines = Lines(talk.command)
        for state, way in itertools.takewhile(lambda _: time.monotonic() < end_s, cases):
            removal = removed(talk, lines, card, state, way, _BACK_WITHIN_S)
            with (folder / "removals.jsonl").open("a") as out:
                print(json.dumps(asdict(removal)), file=out, flush=True)
        lines.quit()


def cases_on(card: SoundCard) -> Iterator[tuple[State, Way]]:
    """All."""
    for state in STATES:
        yield state, Way("microphone", "removed", card.unplug_microphone, card.plug_microphone)
        yield state, Way("loudspeaker", "removed", card.unplug_loudspeaker, card.plug_loudspeaker)
        yield state, Way("both", "sound server killed", card.kill, card.start)


def removed(talk: Talking, lines: Lines, card: SoundCard, state: State, way: Way, within_s: float) -> Removal:
    """Remove devices in that state, give them back, and ask after ``within_s``."""
    began_s = time.monotonic()
    with listening(card, "vspk") as room:
        speaker = _bring_about(talk, room, state)
    way.go()
    time.sleep(_AWAY_S)
    way.come()
    back_s = time.monotonic()
    time.sleep(within_s)
    with listening(card, "vspk") as room:
        understood, answered_s = _asked(talk, lines, room)
    if speaker is not None:
        speaker.wait()
    told = [text for _, text in lines.since(began_s, r" s  (microphone|loudspeaker) ")]
    returns = [at_s - back_s for at_s, _ in lines.since(began_s, r" s  (microphone|loudspeaker) .* is back")]
    alive = talk.command.process.poll() is None
    return Removal(state, way.device, way.how, max(returns, default=None), understood, answered_s, told, alive)


def _bring_about(talk: Talking, room: Ear, state: State) -> "subprocess.Popen[bytes] | None":
    """Wait until nobody speaks, then have the conversation in this state; who is still speaking, if anybody is."""
    speaker = None
    assert eventually(lambda: not room.sounds_lately(), 15)
    talk.chat.thinks_s = _THINKS_S if state == "thinking" else 0.0
    match state:
        case "listening":
            speaker = talk.card.play(question("planet")[0])
            time.sleep(1.0)
        case "thinking":
            talk.say(question("capital")[0])
            time.sleep(0.8)
        case "speaking":
            talk.say(question("capital")[0])
            eventually(room.sounds, _ANSWERS_WITHIN_S)
            time.sleep(1.0)
    talk.chat.thinks_s = 0.0
    return speaker


def _asked(talk: Talking, lines: Lines, room: Ear) -> tuple[bool, float | None]:
    """Ask, and wait for the answer: whether the question was understood, and when the answer began."""
    began_s = time.monotonic()
    player = talk.card.play(question("weeks")[0])
    understood = eventually(lambda: bool(lines.since(began_s, _UNDERSTOOD)), _ANSWERS_WITHIN_S)
    answered = False
    if understood:
        heard_s = lines.since(began_s, _UNDERSTOOD)[-1][0]
        says = eventually(lambda: bool(lines.since(heard_s, r" s  says ")), _ANSWERS_WITHIN_S)
        answered = says and eventually(room.sounds, _ANSWERS_WITHIN_S)
    answered_s = time.monotonic() - began_s - float(MANIFEST["weeks"]["speech"][0][1])
    player.wait()
    return understood, answered_s if answered else None
