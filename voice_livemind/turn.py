"""One turn on its way: from its first chunk of sound to the last sample of the reply."""

import asyncio
from collections.abc import Callable, Sequence

from voice_livemind.hear.own_words import is_echo
from voice_livemind.hear.turn_sound import TurnSound
from voice_livemind.mind.prompts import Exchange, Step
from voice_livemind.mind.thinking import Plan, Thinking
from voice_livemind.record.turn import RejectionRecord, SegmentRecord, TurnRecord
from voice_livemind.reply.answer import reply_messages
from voice_livemind.reply.draft import Draft
from voice_livemind.segments.segment import Segment
from voice_livemind.segments.sentences import sounds_whole
from voice_livemind.segments.settling import Settling
from voice_livemind.surroundings import Surroundings
from voice_livemind.transcribe.evidence import Evidence
from voice_livemind.transcribe.language import SpokenLanguage
from voice_livemind.transcribe.listening import Listening
from voice_livemind.warm_up import prefill


class Turn:
    """Owns the record of one turn and every task that works for it. ``run`` ends when the reply was heard."""

    def __init__(
        self,
        number: int,
        speech_start_s: float,
        sound: TurnSound,
        history: Sequence[Exchange],
        reply_before: str,
        around: Surroundings,
        language: SpokenLanguage,
        understood: Callable[[Evidence, float], None],
    ) -> None:
        """``reply_before``: what was heard of a reply just before: its echo is no turn.

        ``understood`` is called at each pause, with what is known by then and the end of speech.
        """
        self.record = TurnRecord(number, around.mode.name)
        self.record.marks.speech_start = speech_start_s
        self._around = around
        self._history = history
        self._reply_before = reply_before
        self._judge = understood
        mode, clock, stations = around.mode, around.clock, around.stations
        settling = Settling(sound.start_s, sound.quietest, lambda text: sounds_whole(text, language.code))
        self._listening = Listening(
            stations.recognize,
            stations.hear_end,
            sound,
            settling,
            clock,
            self.record,
            language,
            self._segment_changed,
            self._unsettled,
            self._understood,
        )
        # Thoughts warm the thinker's own prompt.
        warms = mode.warm and not (mode.notes and mode.answerer == "thinker")
        plan = Plan(mode.notes, mode.frugal, self._warm if warms else None, stations.sheds)
        self._thinking = Thinking(
            stations.thinker, history, plan, around.settings.mind, clock, around.pace, around.view.note
        )
        self._tasks = asyncio.TaskGroup()
        self._draft: Draft | None = None
        self._taken_back: list[Draft] = []
        self._reopened = False
        self._until_reopened: tuple[str, float, Draft] | None = None
        """Transcript, start of the speech that reopened it, and the reply that was taken back then."""

    @property
    def replying(self) -> bool:
        """Its reply is being heard, or would be if nothing held it."""
        return self._draft is not None and self._draft.sounds

    @property
    def answer(self) -> str | None:
        """What was heard of a model's answer, without prepared sentences; ``None`` where no model was to answer."""
        return self._draft.answer if self._draft is not None else ""

    @property
    def reply(self) -> str:
        """All that was made for the listener to hear."""
        return self._draft.record.text if self._draft is not None else ""

    @property
    def heard(self) -> str:
        """The words of its reply that have been heard until now."""
        return self._draft.heard if self._draft is not None else ""

    # Told by the loop that hears, in the order of the events:

    def spoken(self, until_s: float) -> None:
        """The speaker has been speaking for long without a pause."""
        self._listening.spoken(until_s)
        self._thinking.goes_on(until_s)

    def lulled(self, speech_end_s: float) -> None:
        """The speaker may be about to pause."""
        self._listening.lulled(speech_end_s)
        self._give_way()

    def went_on(self, speech_start_s: float) -> None:
        """It was no pause."""
        self._listening.went_on(speech_start_s)
        self._thinking.goes_on(speech_start_s)

    def paused(self, speech_end_s: float) -> None:
        """The speaker is silent for a moment."""
        self.record.marks.speech_end = speech_end_s
        self.record.marks.pause = self._around.clock.now()
        self._listening.paused(speech_end_s)
        self._give_way()

    def resumed(self, speech_start_s: float) -> None:
        """The speaker goes on."""
        self.record.marks.pause = None
        if self._draft is not None and not self._draft.whole:
            # Its models are needed for what comes now. A draft that is written costs nothing: it may come true yet.
            self._take_back(self._draft)
        self._listening.resumed(speech_start_s)
        self._thinking.goes_on(speech_start_s)

    def committed(self, speech_end_s: float) -> None:
        """The turn is over: the reply may be heard."""
        self.record.marks.committed = self._around.clock.now()
        self.record.commits.append(self._around.clock.now())
        if self._draft is not None and self._listening.caught_up and not self._is_echo:
            self._draft.release(speech_end_s)
        self._listening.committed(speech_end_s)

    def reopened(self, speech_start_s: float) -> None:
        """The speaker goes on right after the commitment: the reply is taken back, what was thought is kept."""
        self.record.marks.committed = None
        self._reopened = True
        if self._draft is not None:
            self._reply_before = self._draft.heard
            self._until_reopened = self.record.transcript, speech_start_s, self._draft
            self._take_back(self._draft)
        self.resumed(speech_start_s)

    def interrupt(self) -> None:
        """The speaker talks over the reply: it ends, but what was said before it is still transcribed."""
        self.record.interrupted = True
        self._thinking.stop()
        if self._draft is not None:
            self._draft.cancel()

    async def run(self) -> None:
        """Listen, think, answer."""
        try:
            async with self._tasks:
                thinks = self._tasks.create_task(self._thinking.run())
                await self._listen_and_answer()
                thinks.cancel()
        finally:
            self._close_record()

    async def _listen_and_answer(self) -> None:
        while True:
            await self._listening.until_committed()
            self._reopened = False
            if self._is_echo:
                self._reject()
            if self.record.segments and not self.record.interrupted:
                draft = self._draft if self._draft is not None else self._answer()
                assert self.record.marks.speech_end is not None
                draft.release(self.record.marks.speech_end)
                await draft.over()
            if not self._reopened or self.record.interrupted:
                return

    @property
    def _is_echo(self) -> bool:
        """The assistant has heard itself."""
        said = self._until_reopened[0] if self._until_reopened is not None else ""
        return bool(self._reply_before) and is_echo(self.record.transcript.removeprefix(said), self._reply_before)

    def _reject(self) -> None:
        """What was heard last was nobody's speech: there was no turn, or it was over when it was reopened."""
        record = self.record
        start_s, end_s = record.marks.speech_start or 0.0, record.marks.speech_end or 0.0
        if self._draft is not None:
            self._take_back(self._draft)
        said = ""
        if self._until_reopened is not None:
            said, start_s, self._draft = self._until_reopened
            self._taken_back.remove(self._draft)
            record.interrupted = True
        words = record.transcript.removeprefix(said).strip()
        record.rejected.append(RejectionRecord(words, "echo of the reply", start_s, end_s))
        record.transcript = said
        record.segments = [segment for segment in record.segments if said and segment.start_s < start_s]

    def _give_way(self) -> None:
        """The processor is needed for the words, and for a reply to them."""
        if self._around.mode.draft:
            self._thinking.pause()

    def _segment_changed(self, segment: Segment) -> None:
        """A segment is new, or replaces its earlier revision."""
        record = SegmentRecord(segment.index, segment.revision, segment.text, segment.start_s, segment.end_s)
        record.heard_s = self._around.clock.now()
        for earlier in self.record.segments:
            if earlier.index == segment.index and earlier.fate == "used":
                earlier.fate = "stale"
        self.record.segments.append(record)
        self.record.segments.sort(key=lambda kept: (kept.index, kept.revision))
        latest = {kept.index: kept.text for kept in self.record.segments}
        self.record.transcript = " ".join(text for text in latest.values() if text)
        if self._around.mode.early_text:
            self._around.view.segment(record)
            self._thinking.add(segment, record)

    def _unsettled(self, words: str) -> None:
        """What was heard after the last segment, and may still change."""
        self._around.view.words(words)
        self._thinking.hears(words)

    def _understood(self, evidence: Evidence, speech_end_s: float) -> None:
        """The words before a pause are known: a reply to them may be prepared."""
        self._judge(evidence, speech_end_s)
        still_paused = self.record.marks.pause is not None and speech_end_s == self.record.marks.speech_end
        due = still_paused and not self.record.interrupted
        if self._around.mode.draft and due and self.record.segments:
            if self._draft is not None and not self._draft.replies_to(self.record.transcript):
                self._take_back(self._draft)
            if self._draft is None:
                self._answer()

    def _answer(self) -> Draft:
        """Begin a reply to what was said so far."""
        self._draft = Draft(self.record.transcript, self._around)
        self._draft.begin(self._tasks, self._history, self._thoughts)
        return self._draft

    async def _thoughts(self) -> tuple[Sequence[Step], Sequence[str]]:
        """What was thought about, and the sentences after that."""
        if not self._around.mode.early_text:
            return (), [await self._transcribe_again()]
        await self._thinking.rest()
        return self._thinking.steps, self._thinking.unthought

    async def _transcribe_again(self) -> str:
        """The conventional way: nothing is transcribed before the turn is over. (That it sounded complete was still
        judged by its words: when a turn ends is not what the modes differ in.)"""
        marks = self.record.marks
        assert marks.speech_start is not None and marks.speech_end is not None
        text = await self._listening.all_at_once(marks.speech_start, marks.speech_end)
        for segment in self.record.segments:
            self._around.view.segment(segment)
        return text or self.record.transcript

    async def _warm(self, steps: Sequence[Step], unthought: Sequence[str]) -> None:
        """Have the answerer read what it is going to be asked, as far as it is known."""
        mode = self._around.mode
        answerer = self._around.stations.model(mode.answerer)
        await prefill(answerer, reply_messages(mode, self._history, steps, unthought))

    def _take_back(self, draft: Draft) -> None:
        """Nothing of it is kept but what it cost."""
        draft.cancel()
        self._taken_back.append(draft)
        self._draft = None

    def _close_record(self) -> None:
        record, thinking = self.record, self._thinking
        if self._draft is not None:
            record.take(self._draft.record)
        record.tokens.notes = thinking.tokens
        record.tokens.wasted = thinking.wasted + sum(draft.record.tokens for draft in self._taken_back)
        record.fallback = record.fallback or thinking.failure
