"""Somebody speaks over the reply, again and again: how long until it is silent, and is he understood?"""

import json
import random
import time
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.audio import MANIFEST, plain
from tests.live.ear import LOUD, Ear, listening
from tests.live.said import QUESTIONS, question
from tests.sound_card import SoundCard
from tests.system.command import eventually
from tests.talking import COUNTING, Talking, talking_on
from voice_livemind.bench.words import spelt, word_errors
from voice_livemind.hear.delay import find_echo
from voice_livemind.hear.frames import RATE_HZ, Samples
from voice_livemind.hear.recording import read_recording
from voice_livemind.transcribe.recognizer import Recognizer

_REPLY_LASTS_S = 12.0
_STOPS_WITHIN_S = 1.5
_BEFORE_S = 0.3
_SAME_S = 1.0
_SILENCE_S = 0.35
"""Longer than the pauses that the voice makes."""


@dataclass
class Interruption:
    """One, and what came of it."""

    echo_ms: int | None
    said: str
    stopped_s: float | None
    """From its first voiced sample to the last of the reply; none where the reply went on, zero where it paused."""
    record_s: float | None
    """The same as the record has it: from its start to the end of what was heard."""
    transcript: str
    words: int
    wrong_words: int
    heard_words: int
    """Of the reply, as the record has it."""
    sounded_words: int
    """Of the reply, in the recording of the loudspeaker."""
    false_holds: int
    """How often the reply was silenced before, by nobody."""


@dataclass
class _Trial:
    name: str
    began_s: float
    ended_s: float
    reply_from_s: float


def interruptions(
    card: SoundCard, recognizer: Recognizer, folder: Path, count: int, seconds: float, echo_ms: int | None
) -> None:
    """Interrupt ``count`` replies, or fewer, when so many seconds are over; a line for each goes into
    ``folder/interruptions.jsonl``."""
    chance, end_s = random.Random(echo_ms), time.monotonic() + seconds
    trials: list[_Trial] = []
    with ExitStack() as stack:
        stack.enter_context(card.echo(echo_ms) if echo_ms is not None else nullcontext())
        room = stack.enter_context(listening(card, "vspk"))
        microphone = stack.enter_context(listening(card, "vmic"))
        talk = stack.enter_context(talking_on(card, folder / f"kept-{time.time_ns()}", COUNTING))
        first = _Trial("capital", time.monotonic(), time.monotonic() + talk.say(question("capital")[0]), 0.0)
        if echo_ms is not None:
            # The first reply teaches the canceller the room.
            assert eventually(lambda: len(talk.turns()) == 1, 30), "the first reply was cut"
            talk.say(question("capital")[0])
        while len(trials) < count and time.monotonic() < end_s:
            trials.append(_interrupt(talk, room, chance, QUESTIONS[len(trials) % len(QUESTIONS)]))
        assert eventually(room.sounds)
        talk.quit()
        turns = talk.turns()
        # From the session's clock to this one's.
        offset_s = _first_sound_s(first, microphone) - turns[0]["marks"]["speech_start"]
        with (folder / "interruptions.jsonl").open("a") as out:
            for trial in trials:
                judged = _judged(trial, turns, offset_s, room, microphone, recognizer, echo_ms)
                print(json.dumps(asdict(judged)), file=out, flush=True)


def _interrupt(talk: Talking, room: Ear, chance: random.Random, name: str) -> _Trial:
    """Wait until it speaks for a while, and speak. Where it took the last one for nothing, it is asked once more."""
    while not eventually(room.sounds, 5):
        talk.say(question("capital")[0])
    reply_from_s = time.monotonic()
    time.sleep(chance.uniform(0.8, 3.0))
    began_s = time.monotonic()
    talk.say(question(name)[0])
    ended_s = time.monotonic()
    eventually(lambda: not room.sounds(), _REPLY_LASTS_S)
    return _Trial(name, began_s, ended_s, reply_from_s)


def _judged(
    trial: _Trial,
    turns: list[dict[str, Any]],
    offset_s: float,
    room: Ear,
    microphone: Ear,
    recognizer: Recognizer,
    echo_ms: int | None,
) -> Interruption:
    _, text = question(trial.name)
    first_s = _first_sound_s(trial, microphone)
    stopped_s = _last_sound_s(room.samples(first_s - _BEFORE_S, first_s + _STOPS_WITHIN_S))
    silent_s = first_s + (stopped_s if stopped_s is not None else _STOPS_WITHIN_S)
    sounded = plain(recognizer.transcribe(room.samples(trial.reply_from_s - 0.5, silent_s + 0.05), 0.0).text).split()
    spoken = plain(COUNTING).split()
    near = [place for place, turn in enumerate(turns) if abs(_start_s(turn) + offset_s - first_s) < _SAME_S]
    this, before = (turns[near[0]], turns[near[0] - 1]) if near else ({}, {})
    said, reply = this.get("transcript", ""), before.get("heard", "")
    record_s = before["marks"]["reply_end"] - _start_s(this) if near else None
    return Interruption(
        echo_ms,
        trial.name,
        stopped_s,
        record_s,
        said,
        len(spelt(text)),
        word_errors(spelt(text), spelt(said)),
        len(plain(reply).split()),
        max((spoken.index(word) + 1 for word in sounded if word in spoken), default=0),
        max(0, len(before.get("holds", [])) - 1),
    )


def _start_s(turn: dict[str, Any]) -> float:
    return float(turn["marks"]["speech_start"])


def _first_sound_s(trial: _Trial, microphone: Ear) -> float:
    """When its first voiced sample reached the microphone."""
    said = read_recording(question(trial.name)[0])
    found = find_echo(microphone.samples(trial.began_s, trial.ended_s + 0.5), said)
    assert found is not None
    return trial.began_s + found.delay_s + float(MANIFEST[trial.name]["speech"][0][0])


def _last_sound_s(samples: Samples) -> float | None:
    """When, from ``_BEFORE_S`` on, silence begins; none if it doesn't. Zero where the voice made a pause."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > LOUD)
    ends = np.append(np.diff(loud), len(samples) - loud[-1:]) > _SILENCE_S * RATE_HZ
    if not len(loud):
        return 0.0
    return max(0.0, float(loud[ends.argmax()]) / RATE_HZ - _BEFORE_S) if ends.any() else None
