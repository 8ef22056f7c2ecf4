"""What the requests of one kiosk cost the servers, by the servers' own count."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from voice_livemind.serving.chat import ChatModel, Completion, Message


@dataclass
class Cost:
    """Tokens. A request that was given up counts without its prompt: the server says what it was only at the end."""

    requests: int = 0
    prompt: int = 0
    cached: int = 0
    """Of the prompt, those that were taken from the prefix cache."""
    generated: int = 0


class Counted:
    """A `ChatModel` around another, which adds up what is asked of it."""

    def __init__(self, model: ChatModel, cost: Cost) -> None:
        self._model = model
        self._cost = cost

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
        self._cost.requests += 1
        async with self._model.ask(messages, max_tokens, stop, choices=choices, priority=priority) as completion:
            try:
                yield completion
            finally:
                self._cost.prompt += completion.usage.prompt_tokens
                self._cost.cached += completion.usage.cached_tokens
                self._cost.generated += completion.usage.generated_tokens

    async def remember(self, messages: Sequence[Message]) -> None:
        """See ChatModel. It is done once for all visitors, and not counted."""
        await self._model.remember(messages)
