"""Short noises over the reply, one after the other: what do they cost?"""

import json
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from tests.audio import plain
from tests.live.ear import Ear, listening
from tests.live.said import noises, question
from tests.sound_card import SoundCard
from tests.system.command import eventually
from tests.talking import COUNTING, Talking, talking_on
from voice_livemind.bench.words import unheard
from voice_livemind.hear.frames import RATE_HZ
from voice_livemind.speak.voice import Voice
from voice_livemind.transcribe.recognizer import Recognizer

_APART_S = 1.5


@dataclass
class Reply:
    """One that was heard with noises over it."""

    noises: list[str]
    interrupted: bool
    silenced_s: list[float]
    """How long it was held, each time."""
    whole: bool
    """By the record."""
    lost_words: list[str]
    """Those that are not in the recording of the loudspeaker, as the recogniser hears it."""


def noises_over_replies(
    card: SoundCard, recognizer: Recognizer, voice: Voice, folder: Path, count: int, seconds: float
) -> int:
    """``count`` noises, or fewer, when so many seconds are over; a line for each reply goes into
    ``folder/noises.jsonl``.

    Returns how many turns there were that nobody began.
    """
    left, end_s = noises(folder, voice)[:count], time.monotonic() + seconds
    spans: list[tuple[float, float, list[str]]] = []
    with ExitStack() as stack:
        room = stack.enter_context(listening(card, "vspk"))
        talk = stack.enter_context(talking_on(card, folder / f"kept-{time.time_ns()}", COUNTING))
        while left and time.monotonic() < end_s:
            spans.append(_one_reply(talk, room, left))
        talk.quit()
        turns = talk.turns()
        undisturbed = voice.synthesize(COUNTING)
        sounded = soxr.resample(32767 * undisturbed.samples, undisturbed.rate_hz, RATE_HZ).astype(np.int16)
        wanted = plain(recognizer.transcribe(sounded, 0.0).text).split()
        with (folder / "noises.jsonl").open("a") as out:
            for turn, span in zip(turns, spans, strict=False):
                print(json.dumps(asdict(_judged(turn, span, wanted, room, recognizer))), file=out, flush=True)
    return len(turns) - len(spans)


def _one_reply(talk: Talking, room: Ear, left: list[tuple[str, Path]]) -> tuple[float, float, list[str]]:
    """Ask, and make noises as long as the answer lasts."""
    done = len(talk.turns())
    talk.say(question("capital")[0])
    assert eventually(room.sounds), f"no reply: {talk.turns()[-1:]}"
    began_s, kinds = time.monotonic(), []
    while left and not eventually(lambda: len(talk.turns()) > done, _APART_S):
        kind, file = left.pop(0)
        kinds.append(kind)
        talk.say(file)
    assert eventually(lambda: len(talk.turns()) > done, 30), "the reply is still held"
    return began_s, time.monotonic(), kinds


def _judged(
    turn: dict[str, Any],
    span: tuple[float, float, list[str]],
    wanted: list[str],
    room: Ear,
    recognizer: Recognizer,
) -> Reply:
    began_s, ended_s, kinds = span
    sounded = plain(recognizer.transcribe(room.samples(began_s - 0.5, ended_s), 0.0).text).split()
    lost = unheard(wanted, sounded)
    silenced_s = [round(end_s - start_s, 2) for start_s, end_s in turn["holds"]]
    return Reply(kinds, turn["interrupted"], silenced_s, turn["heard"] == turn["reply"], lost)
