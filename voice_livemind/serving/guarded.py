"""A model that answers in time or not at all: deadlines, a circuit breaker, and what the answers say about the load.

::

    request ──▶ breaker ──▶ connection ──▶ first token ──▶ token ──▶ token … end
                   │            └ first_token_s ┘ └ between_tokens_s ┘        │
                   └ ModelError at once          └────────── whole_s ─────────┘
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from voice_livemind.config import Requests
from voice_livemind.serving.breaker import Breaker
from voice_livemind.serving.chat import ChatModel, Completion, Message, ModelError, RefusedError, Usage
from voice_livemind.serving.shedding import Shedding

T = TypeVar("T")

_FIRST_WORDS = 5
"""So many tokens are what a first clause takes: their time is what a listener notices, and what the load shows in. A
server with many requests at work gives each its first token soon, and the next ones slowly."""


class Guarded:
    """A `ChatModel` around another. Every request ends in time, in an answer or a ModelError."""

    def __init__(self, model: ChatModel, limits: Requests, breaker: Breaker, shedding: Shedding) -> None:
        """``breaker``: that of the server; ``shedding``: is told how soon the answers come."""
        self._model = model
        self._limits = limits
        self._breaker = breaker
        self._shedding = shedding

    @property
    def healthy(self) -> bool:
        """Whether its server answers, as far as is known."""
        return self._breaker.state(_now()) == "closed"

    @asynccontextmanager
    async def ask(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        stop: Sequence[str] = (),
        *,
        choices: Sequence[str] = (),
        priority: int = 0,
    ) -> AsyncIterator[Completion]:
        """See ChatModel."""
        request = _Request(self._limits, self._breaker, self._shedding)
        try:
            async with AsyncExitStack() as stack:
                opened = self._model.ask(messages, max_tokens, stop, choices=choices, priority=priority)
                completion = await request.in_time(stack.enter_async_context(opened))
                yield _GuardedCompletion(completion, request)
        finally:
            request.over()

    async def remember(self, messages: Sequence[Message]) -> None:
        """See ChatModel. The server may never have read a word of it: all of the time is for that."""
        request = _Request(self._limits.model_copy(update={"first_token_s": self._limits.whole_s}), self._breaker, None)
        try:
            await request.in_time(self._model.remember(messages))
            request.ended()
        finally:
            request.over()


class _GuardedCompletion:
    def __init__(self, completion: Completion, request: "_Request") -> None:
        self._completion = completion
        self._request = request

    @property
    def usage(self) -> Usage:
        return self._completion.usage

    async def __aiter__(self) -> AsyncIterator[str]:
        pieces = aiter(self._completion)
        while True:
            try:
                piece = await self._request.in_time(anext(pieces))
            except StopAsyncIteration:
                self._request.ended()
                return
            self._request.came()
            yield piece


class _Request:
    """One request on its way: its deadlines, and whom to tell of its outcome."""

    def __init__(self, limits: Requests, breaker: Breaker, shedding: Shedding | None) -> None:
        """Raises ModelError where the breaker does not admit it."""
        now_s = _now()
        if not breaker.admits(now_s):
            if shedding is not None:
                shedding.missed(now_s)
            raise ModelError("the server failed again and again, and is left alone for a while")
        self._limits = limits
        self._breaker = breaker
        self._shedding = shedding
        self._began_s = now_s
        self._due_s = now_s + min(limits.first_token_s, limits.whole_s)
        self._pieces = 0
        self._ended = False
        self._failed = False

    def came(self) -> None:
        """A piece of the answer."""
        now_s = _now()
        self._pieces += 1
        if self._pieces == _FIRST_WORDS:
            self._tell(now_s)
        self._due_s = min(now_s + self._limits.between_tokens_s, self._began_s + self._limits.whole_s)

    def ended(self) -> None:
        """The answer is whole."""
        self._ended = True
        if self._pieces < _FIRST_WORDS:
            self._tell(_now())

    async def in_time(self, step: Awaitable[T]) -> T:
        """Wait for the next step of the answer. Raises ModelError where it does not come in time."""
        try:
            async with asyncio.timeout_at(self._due_s):
                return await step
        except TimeoutError:
            self._fail()
            what = "the next token" if self._pieces else "the first token"
            raise ModelError(f"{what} did not come within {_now() - self._began_s:.1f} s of the request") from None
        except RefusedError:
            raise
        except ModelError:
            self._fail()
            raise

    def over(self) -> None:
        """It has ended, or nobody waits for it any more."""
        if self._failed:
            return
        if self._pieces or self._ended:
            self._breaker.succeeded()
        else:
            self._breaker.left()
        if self._shedding is not None and not self._ended and self._pieces < _FIRST_WORDS:
            self._shedding.given_up(_now() - self._began_s, _now())

    def _tell(self, now_s: float) -> None:
        if self._shedding is not None:
            self._shedding.answered(now_s - self._began_s, now_s)

    def _fail(self) -> None:
        self._failed = True
        self._breaker.failed(_now())
        if self._shedding is not None:
            self._shedding.missed(_now())


def _now() -> float:
    return asyncio.get_running_loop().time()
