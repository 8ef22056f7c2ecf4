"""Has a model write the reply, and hands out its clauses as they become whole."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from voice_livemind.clock import Clock
from voice_livemind.config import Reply
from voice_livemind.mind.prompts import (
    LINE_END,
    WAIT,
    Exchange,
    Step,
    aloud_messages,
    answer_messages,
    cot_messages,
    direct_messages,
    noted_messages,
)
from voice_livemind.modes import Answerer, Mode
from voice_livemind.record.turn import ReplyRecord
from voice_livemind.reply.clauses import ClauseCutter
from voice_livemind.reply.reasoning import AfterReasoning
from voice_livemind.serving.chat import ChatModel, Message, ModelError
from voice_livemind.stations import Stations
from voice_livemind.surroundings import Prepared

APOLOGY = "Sorry, I can't answer that just now."


def reply_messages(
    mode: Mode, history: Sequence[Exchange], steps: Sequence[Step], unthought: Sequence[str]
) -> list[Message]:
    """What the answerer is asked in ``mode``. ``unthought``: the sentences after those of the steps."""
    if mode.goes_on and steps:
        return answer_messages(history, steps, unthought)
    sentences = _all_sentences(steps, unthought)
    match mode.prompt:
        case "notes" if steps:
            return noted_messages(history, steps, unthought)
        case "cot":
            return cot_messages(history, sentences)
        case "aloud":
            return aloud_messages(history, sentences)
        case _:
            return direct_messages(history, sentences)


class Answer:
    """Writes one reply into its record and into a queue of clauses."""

    def __init__(
        self,
        mode: Mode,
        stations: Stations,
        settings: Reply,
        clock: Clock,
        record: ReplyRecord,
        clauses: "asyncio.Queue[str | Prepared | None]",
        torn: Prepared | None,
    ) -> None:
        """``torn``: what is said after an answer that broke off."""
        self._mode = mode
        self._stations = stations
        self._settings = settings
        self._clock = clock
        self._record = record
        self._clauses = clauses
        self._torn = torn
        self._said = False

    async def write(self, history: Sequence[Exchange], steps: Sequence[Step], unthought: Sequence[str]) -> None:
        """Answer as the mode says; by the other model, and at last with an apology, where that fails.

        ``steps``: what was thought about; ``unthought``: the sentences after that. Ends the queue with ``None``.
        """
        answerer = self._mode.answerer
        others: list[Answerer] = ["speaker" if answerer == "thinker" else "thinker"]
        messages = reply_messages(self._mode, history, steps, unthought)
        plain = direct_messages(history, _all_sentences(steps, unthought))
        try:
            if self._mode.prompt == "cot":
                await self._reason(self._stations.model(answerer), messages)
            else:
                await self._stream(self._stations.model(answerer), messages)
            if not self._said:
                if messages != plain:
                    # Asked plainly it has something to say, and is sooner ready than the other.
                    others.insert(0, answerer)
                raise ModelError("it had nothing to say")
        except ModelError as failure:
            self._record.fallback = f"{answerer}: {failure}"
            if not self._said:
                await self._fall_back(others, plain)
            elif self._torn is not None:
                self._clauses.put_nowait(self._torn)
        finally:
            self._clauses.put_nowait(None)

    async def _fall_back(self, answerers: Sequence[Answerer], messages: Sequence[Message]) -> None:
        for answerer in answerers:
            try:
                self._record.text = ""
                await self._stream(self._stations.model(answerer), messages)
                if not self._said:
                    raise ModelError("it had nothing to say")
            except ModelError as failure:
                self._record.fallback = f"{self._record.fallback}; then {answerer}: {failure}"
            if self._said:
                return
        self._record.text = APOLOGY
        self._say(APOLOGY)

    async def _stream(self, model: ChatModel, messages: Sequence[Message]) -> None:
        """Everything that is generated is spoken."""
        cutter = ClauseCutter()
        aloud = self._mode.prompt == "aloud"
        max_tokens = self._settings.reasoning_max_tokens if aloud else self._settings.max_tokens
        try:
            async with aclosing(self._pieces(model, messages, max_tokens, (LINE_END,))) as pieces:
                async for piece in pieces:
                    self._record.text += piece
                    for clause in cutter.add(piece):
                        self._say(clause)
        finally:
            self._record.text = self._record.text.strip()
            for clause in cutter.flush():
                self._say(clause)

    async def _reason(self, model: ChatModel, messages: Sequence[Message]) -> None:
        """Only what follows the reasoning is spoken."""
        reasoning, cutter = AfterReasoning(), ClauseCutter()
        async with aclosing(self._pieces(model, messages, self._settings.reasoning_max_tokens, ())) as pieces:
            async for piece in pieces:
                said = reasoning.add(piece)
                self._record.text += said
                for clause in cutter.add(said):
                    self._say(clause)
                if reasoning.answered:
                    break
        rest = reasoning.flush()
        self._record.text = (self._record.text + rest).strip()
        for clause in (*cutter.add(rest), *cutter.flush()):
            self._say(clause)

    async def _pieces(
        self, model: ChatModel, messages: Sequence[Message], max_tokens: int, stop: Sequence[str]
    ) -> AsyncGenerator[str, None]:
        began_s = self._clock.now()
        async with model.ask(messages, max_tokens, stop) as completion:
            try:
                async for piece in completion:
                    if self._record.first_token is None:
                        self._record.first_token = self._clock.now()
                    yield piece
            finally:
                self._record.tokens += completion.usage.generated_tokens
                self._record.generation = (began_s, self._clock.now())

    def _say(self, clause: str) -> None:
        if clause.lower().strip(" .") == WAIT:
            # A small model takes the answer for one more note now and then.
            return
        self._said = True
        if self._record.first_clause is None:
            self._record.first_clause = self._clock.now()
        self._clauses.put_nowait(clause)


def _all_sentences(steps: Sequence[Step], unthought: Sequence[str]) -> list[str]:
    return [*(sentence for step in steps for sentence in step.sentences), *unthought]
