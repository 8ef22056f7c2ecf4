"""Whatever is said, pressed, lost and found, in whatever order: one reply at a time, and nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.scripted import SECONDS_A_WORD, VOICE_RATE_HZ, ScriptedModel
from voice_livemind.bench.spoken_text import Said, SpokenText
from voice_livemind.clock import Clock, SteppedLoop
from voice_livemind.config import load_settings
from voice_livemind.conversation import Conversation
from voice_livemind.hear.frames import FRAME_S, FRAME_SAMPLES, Frame
from voice_livemind.modes import MODES
from voice_livemind.play.track import Track
from voice_livemind.record.turn import TurnRecord
from voice_livemind.sound import Sound
from voice_livemind.stations import Stations
from voice_livemind.steering import steered
from voice_livemind.surroundings import Surroundings, View
from voice_livemind.view.controls import Controls

REPLIES = [f"{n} one two three four, {n} five six seven eight nine ten. And {n} goes on." for n in range(2000)]
FIRST_PART = 400
"""Samples of a clause that come before the others."""
LONGEST_S = 60.0
"""Every reply is over by then, where nothing is said."""


class LosableTrack(Track):
    """A loudspeaker that may be unplugged."""

    lost = False
    _held = False

    def hold(self) -> None:
        self._held = True
        super().hold()

    def go_on(self) -> None:
        self._held = False
        if not self.lost:
            super().go_on()

    def stop(self) -> None:
        self._held = False
        super().stop()
        if self.lost:
            super().hold()

    def lose(self) -> None:
        self.lost = True
        super().hold()

    def find(self) -> None:
        self.lost = False
        if not self._held:
            super().go_on()


class Talk(RuleBasedStateMachine):
    """Somebody in front of the assistant, on virtual time."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=SteppedLoop)
        self.said: list[Said] = []
        self.spoken = SpokenText(self.said)
        self.clauses: list[str] = []
        """All that were ever synthesised. The samples of number n are n + 1."""

    @initialize(mode=strategies.sampled_from(["livemind", "preempt", "paper", "direct"]))
    def begin(self, mode: str) -> None:
        self.runner.run(self._begin(mode))

    @rule(then_s=strategies.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0, 5.0]))
    def asks(self, then_s: float) -> None:
        """Without a key; often the reply is heard by the end of it."""
        self.controls.push_to_talk = False
        self._say(1.0, "What is it now?")
        self._wait(then_s)

    @rule(seconds=strategies.sampled_from([0.5, 1.0, 2.5, 5.0]))
    def talks(self, seconds: float) -> None:
        self._say(seconds, "Tell me more now.")

    @rule()
    def stammers(self) -> None:
        self._say(0.3, "And")
        self._wait(0.34)

    @rule(sound=strategies.sampled_from([(0.3, "Mhm."), (0.1, ""), (0.5, "...")]))
    def makes_a_short_sound(self, sound: tuple[float, str]) -> None:
        self._say(*sound)

    @precondition(lambda self: self.output.end_s > self.now.now())
    @rule(
        sound=strategies.sampled_from([(0.3, "Mhm."), (0.1, ""), (0.5, "..."), (0.5, "Stop."), (1.5, "And now that?")]),
        then_s=strategies.sampled_from([0.0, 0.4, 1.0, 3.0]),
    )
    def speaks_over_the_reply(self, sound: tuple[float, str], then_s: float) -> None:
        self._say(*sound)
        self._wait(then_s)

    @rule(seconds=strategies.sampled_from([0.1, 0.3, 0.66, 1.04, 1.5, 3.0, 8.0]))
    def is_silent(self, seconds: float) -> None:
        self._wait(seconds)

    @rule()
    def the_loudspeaker_is_lost(self) -> None:
        self.output.lose()

    @rule()
    def the_loudspeaker_is_back(self) -> None:
        self.output.find()

    @rule(down=strategies.booleans())
    def presses_the_key_to_talk(self, down: bool) -> None:
        self.controls.push_to_talk = down

    @rule()
    def begins_a_new_conversation(self) -> None:
        self.controls.new_conversation.set()
        self._wait(0.1)

    @precondition(lambda self: not self.output.lost and not self.controls.push_to_talk)
    @rule()
    def waits_for_the_end(self) -> None:
        self._wait(LONGEST_S)
        assert self.output.end_s <= self.now.now()
        for record in self.conversation.records:
            if not record.interrupted:
                assert record.heard == " ".join(clause.text for clause in record.clauses)

    @invariant()
    def it_still_listens(self) -> None:
        assert not self.listening.done()

    @invariant()
    def no_two_replies_sound_at_once_and_nothing_twice(self) -> None:
        heard = self._heard()
        numbers = heard[heard > 0]
        assert (np.diff(numbers) >= 0).all()
        for number, clause in enumerate(self.clauses, 1):
            assert np.count_nonzero(numbers == number) <= _samples(clause)

    @invariant()
    def what_is_remembered_is_what_was_heard(self) -> None:
        for record in self.conversation.records:
            assert " ".join(clause.text for clause in record.clauses).startswith(record.heard)
            assert abs(len(record.heard.split()) - self._words_heard(record)) <= 0.5 + len(record.clauses) / 100

    def teardown(self) -> None:
        """It quits, whatever it is doing."""
        try:
            self.controls.quit.set()
            self._wait(3.0)
            assert self.listening.done()
            self.listening.result()
            assert not asyncio.all_tasks(self.runner.get_loop())
            self.what_is_remembered_is_what_was_heard()
            assert self.output.queued == self.output.heard
        finally:
            self.runner.close()

    async def _begin(self, mode: str) -> None:
        self.now, self.controls = Clock(), Controls()
        self.output = LosableTrack(self.now, VOICE_RATE_HZ)
        stations = Stations(
            self.spoken.recognize,
            self.spoken.hear_end,
            ScriptedModel("noted = 1"),
            ScriptedModel(*REPLIES),
            self._synthesize,
            VOICE_RATE_HZ,
        )
        around = Surroundings(load_settings(None), MODES[mode], stations, self.now, self.output, View())
        self.conversation = Conversation(around, self.spoken.is_speech)
        frames = steered(self._frames(), self.controls, self.conversation)
        self.listening = asyncio.create_task(self.conversation.listen(frames, float("inf")))

    async def _frames(self) -> AsyncIterator[Frame]:
        number = 0
        while True:
            frame = Frame(number, np.zeros(FRAME_SAMPLES, np.int16))
            await self.now.sleep_until(frame.end_s)
            yield frame
            number += 1

    async def _synthesize(self, text: str) -> AsyncIterator[Sound]:
        self.clauses.append(text)
        number = len(self.clauses)
        await asyncio.sleep(0.1)
        ends_s = tuple(SECONDS_A_WORD * place for place in range(1, len(text.split()) + 1))
        samples = np.full(_samples(text), number, np.float32)
        first, rest = samples[:FIRST_PART], samples[FIRST_PART:]
        yield Sound(first, VOICE_RATE_HZ, ends_s)
        await asyncio.sleep(0.3)
        yield Sound(rest, VOICE_RATE_HZ)

    def _say(self, seconds: float, text: str) -> None:
        start_s = round(self.now.now() / FRAME_S) * FRAME_S
        self.said.append(Said(start_s, start_s + seconds, text))
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        self.runner.run(asyncio.sleep(seconds))

    def _heard(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        return self.output.sound(0).samples[: round(self.now.now() * VOICE_RATE_HZ)]

    def _words_heard(self, record: TurnRecord) -> float:
        heard = self._heard()
        numbers = {self.clauses.index(clause.text) + 1 for clause in record.clauses}
        return np.count_nonzero(np.isin(heard, list(numbers))) / VOICE_RATE_HZ / SECONDS_A_WORD


def _samples(text: str) -> int:
    return round(len(text.split()) * SECONDS_A_WORD * VOICE_RATE_HZ)


TestTalk = Talk.TestCase
TestTalk.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
