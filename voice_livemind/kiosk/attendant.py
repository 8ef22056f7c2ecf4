"""Attends to visitors between two frames: sees who comes and goes, and writes down what is going on."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from voice_livemind.config import Kiosk
from voice_livemind.conversation import Conversation
from voice_livemind.hear.frames import Frame
from voice_livemind.kiosk.button import Button
from voice_livemind.kiosk.hours import within
from voice_livemind.kiosk.ladder import Rung
from voice_livemind.kiosk.state import Activity, KioskState
from voice_livemind.kiosk.transcripts import Transcripts
from voice_livemind.kiosk.visitors import Visitors
from voice_livemind.play.output import Output
from voice_livemind.record.turn import TurnRecord
from voice_livemind.surroundings import Prepared, View
from voice_livemind.turns.machine import Commit, Reopen, TurnEvent

log = logging.getLogger("voice_livemind.kiosk")


class Attendant(View):
    """Of one conversation after the other."""

    def __init__(
        self,
        settings: Kiosk,
        state: KioskState,
        visitors: Visitors,
        transcripts: Transcripts,
        button: Button,
        output: Output,
        help_: Prepared,
    ) -> None:
        """``help_``: what is said to who pushes the button."""
        self._settings = settings
        self._state = state
        self._visitors = visitors
        self._transcripts = transcripts
        self._button = button
        self._output = output
        self._help = help_
        self._turn: TurnRecord | None = None
        self.closed = False
        """These are quiet hours: nothing is to be taken for speech."""

    async def attended(
        self, frames: AsyncIterator[Frame], last_ns: Callable[[], int], conversation: Conversation
    ) -> AsyncIterator[Frame]:
        """The frames, and between them what is due. ``last_ns``: when the device gave sound last, 0 if it never did."""
        async for frame in frames:
            if heard_ns := last_ns():
                # Frames come on when the device is lost.
                self._state.last_frame_s = heard_ns / 1e9
            await self.attend(frame.end_s, datetime.now(), conversation)
            yield frame

    async def attend(self, now_s: float, date: datetime, conversation: Conversation) -> None:
        """Between two frames; ``date``: local time."""
        self._transcripts.prune(date.date())
        self.closed = within(self._settings.quiet_hours, date.time())
        # The records are kept here, as long as they may be.
        conversation.records.clear()
        conversation.empty.clear()
        greeting = self._output.end_s > now_s
        at_rest = conversation.at_rest and not greeting
        if self._button.taken() and not self.closed:
            self._pushed(now_s, at_rest)
        elif at_rest:
            out_of_order = self._state.rung is Rung.PREPARED
            self._becomes("quiet_hours" if self.closed else "out_of_order" if out_of_order else "idle")
        if self._talks_too_long(now_s):
            await conversation.cut_short()
        if self._visitors.step(now_s, at_rest, self.closed):
            await conversation.forget()
            self._state.forget_words()
            self._state.visitors = self._visitors.count
            log.info("the visitor has gone")

    def _pushed(self, now_s: float, at_rest: bool) -> None:
        log.info("the button was pushed")
        self._visitors.pushed(now_s)
        self._state.visitors = self._visitors.count
        if at_rest:
            self._output.play(self._help.sound)
            self._becomes("greeting")

    def _talks_too_long(self, now_s: float) -> bool:
        if self._turn is None or self._turn.marks.committed is not None:
            return False
        start_s = self._turn.marks.speech_start
        return start_s is not None and now_s - start_s >= self._settings.longest_turn_s

    # What the conversation tells:

    def begun(self, turn: TurnRecord) -> None:
        """Somebody speaks."""
        self._turn = turn
        self._becomes("listening")

    def event(self, event: TurnEvent) -> None:
        """The turn is over, or goes on after all."""
        if isinstance(event, Commit):
            self._becomes("thinking")
        elif isinstance(event, Reopen):
            self._becomes("listening")

    def clause(self, text: str, start_s: float, prepared: bool) -> None:
        """The reply is heard."""
        del text, start_s, prepared
        self._becomes("speaking")

    def over(self, turn: TurnRecord) -> None:
        """A turn more, and perhaps a visitor more."""
        if turn is self._turn:
            self._turn = None
        if not turn.segments:
            return
        self._visitors.spoke(turn.transcript)
        self._state.visitors = self._visitors.count
        self._state.turns.append(turn)
        # A request that nobody waits for any more has not failed; it may never have been answered, though.
        self._state.unanswered |= not turn.reply and turn.marks.first_sound is not None
        # Never its words.
        word_s = None if turn.first_word_s is None else round(turn.first_word_s, 3)
        log.info("a turn is over", extra={"mode": turn.mode, "first_word_s": word_s, "fallback": turn.fallback})
        if self._visitors.present:
            self._transcripts.keep(self._visitors.count, turn, datetime.now())

    def _becomes(self, activity: Activity) -> None:
        self._state.becomes(activity, time.monotonic())
