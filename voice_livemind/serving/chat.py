"""Asking a language model through the OpenAI-compatible chat API."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, TypedDict, cast

import httpx2
import openai
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from voice_livemind.clock import computing
from voice_livemind.serving.conversation_id import ConversationId
from voice_livemind.serving.engines import ENGINES
from voice_livemind.serving.kept_prompts import KeptPrompts

_SILENCE_S = 600.0
"""Longer no connection is kept that says nothing, whoever waits for it."""
_CONNECTIONS = httpx2.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=4)
"""vLLM closes a connection that is idle for 5 s: it is not used again shortly before."""


class Message(TypedDict):
    """One message of a conversation with a model."""

    role: str
    """system | user | assistant"""
    content: str


class Priority(IntEnum):
    """What goes first, where requests wait for each other."""

    REPLY = 0
    WARMING = 1
    THOUGHT = 2


class ModelError(Exception):
    """The model could not be asked, or stopped in the middle of its answer."""


class RefusedError(ModelError):
    """The server is well, but can't do what was asked: say, the conversation is too long for it."""


@dataclass
class Usage:
    """What a request cost, by the server's own count where it gave one."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt, those that were taken from the prefix cache."""
    generated_tokens: int = 0


class Completion(Protocol):
    """A running answer."""

    @property
    def usage(self) -> Usage:
        """What it has cost until now."""
        ...

    def __aiter__(self) -> AsyncIterator[str]:
        """Pieces of text as they are generated. Raises ModelError."""
        ...


class ChatModel(Protocol):
    """The seam to a language model."""

    def ask(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        stop: Sequence[str] = (),
        *,
        choices: Sequence[str] = (),
        priority: int = 0,
    ) -> AbstractAsyncContextManager[Completion]:
        """Open a streamed, greedy completion. Leaving the context closes it, and the server stops generating.

        Where the last message is the assistant's own, the model goes on with it.
        The answer is exactly one of `choices` where there are any; `max_tokens` must suffice for each of them.
        Of waiting requests the one with the lowest `priority` goes first (vLLM; llama.cpp takes them as they come).
        One that runs already is slowed, never stopped, by one that goes first.
        """
        ...

    async def remember(self, messages: Sequence[Message]) -> None:
        """Have `messages` in the prefix cache before the first request that begins with them. Raises ModelError."""
        ...


class _AgainWhereUnanswered(httpx2.AsyncHTTPTransport):
    """Asks a second time where the connection ends before an answer begins.

    A server may close a connection that was kept open in the moment in which it is used again; llama.cpp does so after
    every seventh answer or so. No request of ours changes what a server knows, so asking again does no harm.
    """

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await super().handle_async_request(request)
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
            return await super().handle_async_request(request)


class _StreamedCompletion:
    def __init__(self, stream: openai.AsyncStream[ChatCompletionChunk]) -> None:
        self._stream = stream
        self.usage = Usage()

    async def __aiter__(self) -> AsyncIterator[str]:
        answered = False
        try:
            async for chunk in self._stream:
                answered = True
                if chunk.usage is not None:
                    details = chunk.usage.prompt_tokens_details
                    cached = details.cached_tokens if details is not None else None
                    self.usage = Usage(chunk.usage.prompt_tokens, cached or 0, chunk.usage.completion_tokens)
                elif chunk.choices and chunk.choices[0].delta.content:
                    self.usage.generated_tokens += 1
                    yield chunk.choices[0].delta.content
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise ModelError(f"the model stopped in the middle of its answer: {_first_line(error)}") from error
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            # What comes is not checked against the API's schema before it is looked at.
            raise ModelError(f"the model's answer can't be understood: {_first_line(error)}") from error
        if not answered:
            raise ModelError("the model's answer can't be understood: it is no stream of tokens")


class OpenAIChat:
    """A model behind a URL, say ``http://127.0.0.1:18461/v1``."""

    def __init__(
        self,
        url: str,
        model: str,
        engine: str = "llama.cpp",
        kept: KeptPrompts | None = None,
        *,
        key: str | None = None,
        connect_s: float = 5.0,
        conversation: ConversationId | None = None,
    ) -> None:
        """``kept``: the prompts of the server, if it is one of ours; ``key``: what it asks for.

        How long an answer may take is not decided here, see `Guarded`; only a connection must be there in time.
        """
        self.url = url
        self._kept = kept
        self._model = model
        self._engine = ENGINES[engine]
        self._conversation = conversation or ConversationId()
        timeout = httpx2.Timeout(_SILENCE_S, connect=connect_s, pool=connect_s)
        transport = _AgainWhereUnanswered(limits=_CONNECTIONS)
        # Proxies from the environment are not for loopback, nor for a cluster of one's own.
        self._http = httpx2.AsyncClient(trust_env=False, timeout=timeout, transport=transport)
        # A key is demanded by the client, not by a server of ours.
        self._client = openai.AsyncOpenAI(base_url=url, api_key=key or "none", max_retries=0, http_client=self._http)

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
        fields = self._engine.request_fields(choices, priority, messages[-1]["role"] == "assistant")
        if self._kept is not None:
            fields |= self._engine.own_fields
        with computing():
            try:
                stream = await self._client.chat.completions.create(
                    model=self._model,
                    messages=cast("list[ChatCompletionMessageParam]", list(messages)),
                    max_tokens=max_tokens,
                    stop=list(stop) or None,
                    temperature=0,
                    stream=True,
                    stream_options={"include_usage": True},
                    extra_headers={"X-Session-ID": self._conversation.value},
                    extra_body=fields,
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                raise RefusedError(f"{self.url} refuses what it was asked: {_first_line(error)}") from error
            except (openai.OpenAIError, httpx2.HTTPError) as error:
                raise ModelError(f"{self.url} does not answer: {_first_line(error)}") from error
            try:
                yield _StreamedCompletion(stream)
            finally:
                await stream.close()

    async def remember(self, messages: Sequence[Message]) -> None:
        """See ChatModel. What was read once is on disk, and a server that is started later needn't read it again."""
        root = self.url.removesuffix("/v1")
        with computing():
            try:
                if self._kept is not None and await self._kept.recall(self._http, root, messages):
                    return
                await complete(self, messages, 1, priority=Priority.WARMING)
                if self._kept is not None:
                    await self._kept.keep(self._http, root, messages)
            except (httpx2.HTTPError, ValueError, LookupError) as error:
                raise ModelError(f"{self.url} does not answer: {_first_line(error)}") from error

    async def running(self) -> int:
        """How many requests the server works on or keeps waiting, by its own count. Raises ModelError."""
        try:
            return await self._engine.running(self._http, self.url.removesuffix("/v1"))
        except (httpx2.HTTPError, ValueError) as error:
            raise ModelError(f"{self.url} does not say what it does: {_first_line(error)}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


async def complete(
    model: ChatModel,
    messages: Sequence[Message],
    max_tokens: int,
    stop: Sequence[str] = (),
    *,
    choices: Sequence[str] = (),
    priority: int = 0,
) -> str:
    """The whole answer at once; see `ChatModel.ask`. Raises ModelError."""
    async with model.ask(messages, max_tokens, stop, choices=choices, priority=priority) as completion:
        return "".join([piece async for piece in completion])


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
