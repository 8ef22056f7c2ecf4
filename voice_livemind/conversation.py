"""The loop that hears: frames in, turns out, one after the other."""

import asyncio
from collections.abc import AsyncIterator, Callable

from voice_livemind.hear.frames import Frame
from voice_livemind.hear.turn_sound import TurnSound
from voice_livemind.mind.history import remembered
from voice_livemind.mind.prompts import Exchange
from voice_livemind.overheard import Overheard
from voice_livemind.record.turn import TurnRecord
from voice_livemind.surroundings import Surroundings
from voice_livemind.transcribe.evidence import Evidence
from voice_livemind.transcribe.language import SpokenLanguage
from voice_livemind.turn import Turn
from voice_livemind.turns.barge_in import Act, Ask, BargeIn, Dismiss, GoOn, Hold, Interrupt
from voice_livemind.turns.machine import Commit, Lull, NoPause, Pause, Reopen, Resume, Start, TurnEvent, TurnMachine
from voice_livemind.turns.policy import Pauses, policy_named

_ECHO_S = 2.0
"""So long after a reply its own words may still come back."""


class Conversation:
    """Owns the turns of one conversation and its history."""

    def __init__(self, around: Surroundings, speech: Callable[[Frame], float]) -> None:
        """``speech``: the probability that a frame is speech, 0 for none; asked in their order.

        Raises UserError for a policy that does not exist.
        """
        self._around = around
        self._speech = speech
        self._machine = TurnMachine(around.settings.turns)
        self._barge_in = BargeIn()
        self._commit_after_s = policy_named(around.settings.turns.policy)
        self._pauses = Pauses()
        self._language = SpokenLanguage(around.settings.transcribe.language)
        self._sound = TurnSound()
        self._overheard = Overheard(around.stations.recognize, self._sound, self._language)
        self._next_pass_s = 0.0
        self._history: list[Exchange] = []
        self._numbered = 0
        self._turn: Turn | None = None
        self._running: asyncio.Task[None] | None = None
        self._heard = ""
        self._held_s = 0.0
        self._last_reply = ("", 0.0)
        """What was heard of it, and when it was over."""
        self.records: list[TurnRecord] = []
        self.empty: list[TurnRecord] = []
        """Turns in which nothing was said that is to be believed."""

    async def listen(self, frames: AsyncIterator[Frame], until_s: float) -> None:
        """Hear frames; return when there are no more of them, or after ``until_s``, when no turn is open and the last
        reply has been heard."""
        try:
            async for frame in frames:
                await self._hear(frame)
                if frame.end_s >= until_s and self._machine.idle and self._running is None:
                    break
            await self._end_turn()
        finally:
            await self._overheard.close()
            if self._running is not None and self._turn is not None:
                self._turn.interrupt()
                self._running.cancel()
                await asyncio.wait([self._running])
                await self._close_turn_that_is_over()

    async def forget(self) -> None:
        """A new conversation begins, between two frames: the turn ends, and nothing of it is remembered."""
        await self._end_turn()
        self._machine = TurnMachine(self._around.settings.turns)
        self._barge_in = BargeIn()
        self._overheard.forget()
        self._history.clear()
        self._pauses = Pauses()
        self._language.forget()
        self._sound.forget()
        self._last_reply = ("", 0.0)
        self._around.output.stop()
        self._around.stations.conversation.renew()
        self._around.view.forgotten()

    async def keep_open(self, key_is_down: bool) -> None:
        """Between two frames: while a key is held down no silence ends the turn; its end is the end of the turn."""
        ended = self._machine.kept_open and not key_is_down
        self._machine.kept_open = key_is_down
        if ended:
            # Who holds the key means what is said.
            await self._act(self._barge_in.heard(meant=True))
            for event in self._machine.finish(self._around.clock.now()):
                await self._follow(event)

    async def cut_short(self) -> None:
        """Between two frames: who speaks has spoken for long enough. The turn is over, and nothing reopens it."""
        await self._act(self._barge_in.heard(meant=True))
        for event in self._machine.finish(self._around.clock.now(), reopens=False):
            await self._follow(event)

    @property
    def at_rest(self) -> bool:
        """Nobody speaks, and no reply is being made or heard."""
        return self._machine.idle and self._running is None

    async def _hear(self, frame: Frame) -> None:
        await self._close_turn_that_is_over()
        speech = self._speech(frame)
        self._around.view.frame(frame, speech)
        event = self._machine.step(frame.start_s, frame.end_s, speech)
        self._sound.add(frame, speech > 0, in_turn=not self._machine.idle)
        if self._replying:
            self._tell_heard()
        meant = self._overheard.answer()
        if meant is not None:
            # Where the reply is over by now, there is nothing that could go on instead.
            await self._act(self._barge_in.heard(meant or not self._replying))
        follows = self._barge_in.step(frame.start_s, frame.end_s, speech, event, self._replying)
        if isinstance(follows, Hold | GoOn | Dismiss | Ask | Interrupt):
            await self._act(follows)
        elif follows is not None:
            await self._follow(follows)
        elif (
            self._turn is not None
            and self._machine.speaking
            and not self._barge_in.undecided
            and frame.end_s >= self._next_pass_s
        ):
            self._turn.spoken(frame.end_s)
            self._next_pass_s = frame.end_s + self._around.settings.transcribe.pass_every_s

    @property
    def _replying(self) -> bool:
        return self._turn is not None and self._turn.replying

    async def _act(self, act: Act | None) -> None:
        """Do to the reply what speech over it calls for."""
        match act:
            case Hold():
                self._around.output.hold()
                self._held_s = self._around.clock.now()
            case GoOn():
                self._put_down_hold()
                self._around.output.go_on()
            case Dismiss():
                self._machine.forget()
                self._put_down_hold()
                self._around.output.go_on()
            case Ask(start_s, end_s):
                reply = self._turn.reply if self._turn is not None else self._last_reply[0]
                self._overheard.ask(start_s, end_s, reply)
            case Interrupt(events):
                self._overheard.forget()
                self._put_down_hold()
                # Nothing of it may be heard any more, not even until its tasks have ended.
                self._around.output.stop()
                for event in events:
                    await self._follow(event)

    def _put_down_hold(self) -> None:
        if self._turn is not None:
            self._turn.record.holds.append((self._held_s, self._around.clock.now()))

    async def _follow(self, event: TurnEvent) -> None:
        if isinstance(event, Reopen) and (self._turn is None or self._running is None or self._running.done()):
            event = Start(event.speech_start_s)
        if isinstance(event, Start | Resume | Reopen):
            self._next_pass_s = event.speech_start_s + self._around.settings.transcribe.pass_every_s
        if isinstance(event, Lull):
            # What was said until then is heard at once.
            self._next_pass_s = event.speech_end_s + self._around.settings.transcribe.pass_every_s
        if isinstance(event, Start):
            await self._start_turn(event.speech_start_s)
            return
        if self._turn is None:
            # Nothing was said before a key ended the turn.
            return
        match event:
            case Lull(speech_end_s):
                self._turn.lulled(speech_end_s)
            case NoPause(speech_start_s):
                self._turn.went_on(speech_start_s)
            case Pause(speech_end_s):
                self._pauses.begin(speech_end_s)
                self._turn.paused(speech_end_s)
            case Resume(speech_start_s):
                self._pauses.end(speech_start_s)
                self._turn.resumed(speech_start_s)
            case Commit(speech_end_s):
                self._turn.committed(speech_end_s)
            case Reopen(speech_start_s):
                self._pauses.end(speech_start_s)
                self._turn.reopened(speech_start_s)
        self._around.view.event(event)

    async def _start_turn(self, speech_start_s: float) -> None:
        await self._end_turn()
        self._sound.start(speech_start_s)
        history = tuple(self._history)
        said, over_s = self._last_reply
        self._turn = Turn(
            self._numbered + 1,
            speech_start_s,
            self._sound,
            history,
            said if speech_start_s < over_s + _ECHO_S else "",
            self._around.host.turn(self._around),
            self._language,
            self._understood,
        )
        self._heard = ""
        self._running = asyncio.create_task(self._turn.run())
        self._around.view.begun(self._turn.record)

    def _understood(self, evidence: Evidence, speech_end_s: float) -> None:
        """The words before a pause are known: so is how long the pause must be to end the turn."""
        self._pauses.understood(speech_end_s, evidence)
        self._machine.judge(speech_end_s, self._commit_after_s(evidence, self._pauses.lasted_s))

    async def _end_turn(self) -> None:
        """Let go of the turn: cut its reply off if it has not been heard, and remember what was."""
        if self._running is not None and self._turn is not None and not self._running.done():
            self._turn.interrupt()
            if self._turn.record.marks.committed is None:
                # It would wait for its end, which nobody hears any more.
                self._running.cancel()
            await asyncio.wait([self._running])
        await self._close_turn_that_is_over()

    async def _close_turn_that_is_over(self) -> None:
        if self._running is None or self._turn is None or not self._running.done():
            return
        running, record, answer = self._running, self._turn.record, self._turn.answer
        self._running = self._turn = None
        if not running.cancelled():
            await running
        self._last_reply = record.heard, self._around.clock.now()
        if record.segments:
            self._numbered += 1
            self.records.append(record)
            if answer is not None:
                self._remember(Exchange(record.transcript, answer, cut=record.interrupted))
        else:
            self.empty.append(record)
        self._around.view.over(record)

    def _remember(self, exchange: Exchange) -> None:
        settings = self._around.settings
        fewest_tokens = min(settings.thinker.context_tokens, settings.speaker.context_tokens)
        self._history = remembered([*self._history, exchange], fewest_tokens)

    def _tell_heard(self) -> None:
        assert self._turn is not None
        heard = self._turn.heard
        if heard != self._heard:
            self._heard = heard
            self._around.view.heard(heard)
