"""A day of a kiosk on virtual time: visitors without end, and faults at random that are the same in every run."""

import asyncio
import bisect
import gc
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pytest

from tests.flawed import FLAWS, Flawed, Served, Spell
from tests.lobby import Seen
from tests.scripted import VOICE_RATE_HZ
from voice_livemind.bench.spoken_text import Said, SpokenText
from voice_livemind.clock import Clock, SteppedLoop
from voice_livemind.hear.frames import FRAME_SAMPLES, Frame
from voice_livemind.hear.turn_sound import Chunk
from voice_livemind.kiosk import attendant
from voice_livemind.kiosk.prepared import TEXTS
from voice_livemind.kiosk.state import KioskState
from voice_livemind.kiosk.watchdog import Watch, unfit
from voice_livemind.kiosk.work import Work
from voice_livemind.play.output import Output
from voice_livemind.play.stretches import Stretches
from voice_livemind.record.turn import Span, TurnRecord
from voice_livemind.sound import Sound
from voice_livemind.transcribe.hypothesis import Word

HOUR_S = 3600.0
WITHIN_S = 3.0
EGGS = "There are eight eggs."
GOODBYE = "Goodbye."
_STORY = ("Tom has two boxes.", "Each holds four eggs.", "How many eggs are there?")
_RECOVERS_S = 30.0
"""So long after a fault what goes wrong is its doing."""
_FRAME = np.zeros(FRAME_SAMPLES, np.int16)

Trouble: TypeAlias = Literal["servers", "microphone", "loudspeaker", "date", "standstill"]


class Fault(NamedTuple):
    """What is out of order, from when to when."""

    trouble: Trouble
    start_s: float
    end_s: float


class Turn(NamedTuple):
    """What a visitor says, and is to hear at last."""

    said: Sequence[Said]
    expects: str


class Sample(NamedTuple):
    """What the process holds, at a quiet moment."""

    tasks: int
    files: int
    blocks: int
    """Of memory that Python has given out."""
    rss_mb: float


def turns_until(end_s: float, chance: random.Random) -> Iterator[Turn]:
    """Those of visitors who ask one to three times, some of whom say goodbye."""
    now_s = 5.0
    while now_s < end_s - 60:
        for _ in range(chance.randint(1, 3)):
            said: list[Said] = []
            for text in _STORY[: chance.randint(1, 3)]:
                said.append(Said(now_s, now_s + 1.0, text))
                now_s += 1.5
            yield Turn(said, EGGS)
            now_s += round(chance.uniform(6, 9), 1)
        if chance.random() < 0.3:
            yield Turn([Said(now_s, now_s + 0.6, GOODBYE)], TEXTS["goodbye"])
            now_s += 5
        # Longer than until the visitor is forgotten.
        now_s += round(chance.uniform(15, 60), 1)


def faults_until(end_s: float, chance: random.Random) -> Iterator[Fault]:
    """One every six minutes or so."""
    now_s = 120.0
    while now_s < end_s - 300:
        trouble: Trouble = chance.choice(("servers", "servers", "microphone", "loudspeaker", "date", "standstill"))
        lasts_s = 0.0 if trouble == "date" else chance.uniform(3, 60)
        yield Fault(trouble, now_s, now_s + lasts_s)
        now_s += lasts_s + chance.uniform(150, 450)


class Speech(SpokenText):
    """A script that may be long; asked in the order of time."""

    def __init__(self, said: Sequence[Said]) -> None:
        super().__init__(said)
        self._starts_s = [each.start_s for each in said]
        self._place = 0
        self.deaf = False

    def is_speech(self, frame: Frame) -> bool:
        """See ``SpokenText``; nothing while the microphone is lost."""
        while self._place < len(self._said) and self._said[self._place].end_s - 1e-6 <= frame.start_s:
            self._place += 1
        if self.deaf or self._place == len(self._said):
            return False
        return self._said[self._place].start_s - 1e-6 <= frame.start_s

    def due(self, from_s: float, to_s: float) -> bool:
        """Whether anything is said in that time."""
        return self._near(from_s, to_s) != []

    def _near(self, from_s: float, to_s: float) -> Sequence[Said]:
        first = max(0, bisect.bisect(self._starts_s, from_s) - 1)
        found = self._said[first : bisect.bisect(self._starts_s, to_s)]
        return [each for each in found if each.end_s > from_s]

    def _words(self, chunk: Chunk) -> Iterator[Word]:
        yield from SpokenText(self._near(chunk.start_s, chunk.end_s))._words(chunk)


class Air:
    """An ``Output`` that keeps nothing of what was heard, and can be lost."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queued = self._heard = 0
        self._since_s = 0.0
        """When ``_heard`` was the count."""
        self._held = self._lost = False
        self._stretches = Stretches(VOICE_RATE_HZ)
        self._stretches.begin(0, 0.0)

    @property
    def queued(self) -> int:
        return self._queued

    @property
    def heard(self) -> int:
        if self._held or self._lost:
            return self._heard
        return min(self._queued, self._heard + round((self._clock.now() - self._since_s) * VOICE_RATE_HZ))

    @property
    def end_s(self) -> float:
        return self.heard_at(self._queued)

    def heard_at(self, sample: int) -> float:
        heard = self.heard
        if sample < heard or not (self._held or self._lost):
            return self._stretches.at(sample)
        return self._clock.now() + (sample - heard) / VOICE_RATE_HZ

    def play(self, sound: Sound) -> Span:
        self._stop_clock()
        first, silent = self._queued, self._heard == self._queued
        self._queued += len(sound.samples)
        if silent:
            self._sound()
        return self.heard_at(first), self.end_s

    def hold(self) -> None:
        self._stop_clock()
        self._held = True

    def go_on(self) -> None:
        self._stop_clock()
        self._held = False
        self._sound()

    def stop(self) -> None:
        self._stop_clock()
        self._queued, self._held = self._heard, False

    def lose(self, lost: bool) -> None:
        """The device has gone, or is back."""
        self._stop_clock()
        self._lost = lost
        self._sound()

    def _stop_clock(self) -> None:
        self._heard, self._since_s = self.heard, self._clock.now()

    def _sound(self) -> None:
        if not (self._held or self._lost) and self._heard < self._queued:
            self._stretches.begin(self._heard, self._clock.now())


class Judge(Seen):
    """Knows of each turn whether it went well, and keeps nothing else of it."""

    def __init__(self, state: KioskState, turns: Sequence[Turn]) -> None:
        super().__init__(state)
        self.wrong: list[str] = ["nothing was heard of it"] * len(turns)
        self._expected = turns
        self._starts_s = [turn.said[0].start_s for turn in turns]

    def over(self, turn: TurnRecord) -> None:
        place = bisect.bisect(self._starts_s, (turn.marks.speech_start or 0.0) + 0.5) - 1
        if not turn.segments or place < 0:
            return
        if turn.first_sound_s is None or turn.first_sound_s > WITHIN_S:
            self.wrong[place] = f"first sound after {turn.first_sound_s} s"
        elif not turn.heard.endswith(self._expected[place].expects):
            self.wrong[place] = f"heard {turn.heard!r}"
        else:
            self.wrong[place] = ""


class Day(Served):
    """A kiosk for some hours."""

    def __init__(self, hours: int, seed: int, patched: pytest.MonkeyPatch) -> None:
        chance = random.Random(seed)
        self.end_s = hours * HOUR_S + 120
        self.turns = list(turns_until(self.end_s, chance))
        self.faults = list(faults_until(self.end_s, chance))
        self.samples: list[Sample] = []
        """After each hour."""
        self.unfit: Counter[str] = Counter()
        """What the watchdog would have ended the process for."""
        thinker, speaker = (Flawed(reply) for reply in ("eggs = 2 * 4 = 8", EGGS))
        for fault in self.faults:
            if fault.trouble == "servers":
                spell = Spell(chance.choice(FLAWS), fault.start_s, fault.end_s)
                for model in chance.choice(([thinker], [speaker], [thinker, speaker])):
                    model.spells.append(spell)
        super().__init__(thinker, speaker)
        self.spoken: Speech = Speech([said for turn in self.turns for said in turn.said])
        self._patched = patched
        self._date_off = timedelta()
        self._heard_s = 0.0

    def lost(self) -> Counter[str]:
        """Turns that did not go well, by what was out of order then; "nothing" where nothing was that excuses it."""
        found: Counter[str] = Counter()
        for turn, wrong in zip(self.turns, self.seen.wrong, strict=True):
            if wrong:
                during = self.troubles(turn.said[0].start_s - 2, turn.said[-1].end_s + 8)
                # Servers that fail are no reason to say nothing, or late.
                excused = during and (set(during) != {"servers"} or wrong.startswith("heard"))
                found[", ".join(during) if excused else f"nothing: at {turn.said[0].start_s} s {wrong}"] += 1
        return found

    def troubles(self, from_s: float, to_s: float) -> list[Trouble]:
        """What is, or has just been, out of order in that time. That the date is another does no harm."""
        faults = [fault for fault in self.faults if fault.trouble != "date"]
        return [fault.trouble for fault in faults if fault.start_s < to_s and from_s < fault.end_s + _RECOVERS_S]

    seen: Judge

    def watcher(self, state: KioskState) -> Seen:
        return Judge(state, self.turns)

    def output(self, now: Clock) -> Output:
        self._air = Air(now)
        return self._air

    def last_ns(self) -> int:
        return round(self._heard_s * 1e9)

    async def frames(self, now: Clock) -> AsyncIterator[Frame]:
        """In bursts of 0.1 s, and of half a second where nothing happens: the loop has little to do then."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SteppedLoop)
        began = datetime(2026, 3, 1)

        class Wall(datetime):
            @classmethod
            def now(cls, _: object = None) -> datetime:  # type: ignore[override]
                return began + timedelta(seconds=loop.time()) + self._date_off

        self._patched.setattr(attendant, "time", SimpleNamespace(monotonic=loop.time))
        self._patched.setattr(attendant, "datetime", Wall)
        watching = asyncio.create_task(self._watch())
        number, due = 0, [*self.faults]
        active: list[Fault] = []
        while now.now() < self.end_s:
            quiet = self.state.at_rest and not self.spoken.due(number * 0.02 - 1, number * 0.02 + 2)
            count = 25 if quiet else 5
            await now.sleep_until((number + count) * 0.02)
            for fault in [fault for fault in active if fault.end_s <= now.now()]:
                active.remove(fault)
                self._turn(fault, begins=False)
            while due and due[0].start_s <= now.now():
                active.append(due.pop(0))
                self._turn(active[-1], begins=True)
            if not self.spoken.deaf:
                self._heard_s = now.now()
            for _ in range(count):
                yield Frame(number, _FRAME)
                number += 1
            if now.now() >= (len(self.samples) + 1) * HOUR_S and self.state.activity == "idle" and not active:
                self.samples.append(sample())
        watching.cancel()

    def _turn(self, fault: Fault, begins: bool) -> None:
        match fault.trouble:
            case "microphone":
                self.spoken.deaf = begins
                self.state.devices["microphone"] = not begins, ""
            case "loudspeaker":
                self._air.lose(begins)
            case "date" if begins:
                self._date_off += timedelta(days=[-40, 3, 400][len(self.samples) % 3])
            case "standstill" if begins:
                loop = asyncio.get_running_loop()
                assert isinstance(loop, SteppedLoop)
                loop.leap(fault.end_s - loop.time())

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        watch = Watch(self.state, Work(), loop.time())
        while True:
            await asyncio.sleep(1)
            if why := unfit(watch.signs(loop.time())):
                self.unfit[why] += 1


def sample() -> Sample:
    """What this process holds now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    files = len(list(Path("/proc/self/fd").iterdir()))
    return Sample(len(asyncio.all_tasks()), files, sys.getallocatedblocks(), pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
