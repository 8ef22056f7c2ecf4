"""The real llama.cpp server through the real client."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from voice_livemind import clock
from voice_livemind.config import Settings
from voice_livemind.errors import Failure
from voice_livemind.mind.prompts import Exchange, Step, answer_messages, noted_messages, thinking_messages
from voice_livemind.serving.chat import Message, ModelError, OpenAIChat, complete
from voice_livemind.serving.engines import ENGINES
from voice_livemind.serving.process import ServerProcess, free_port
from voice_livemind.weights.cache import model_path

Body: TypeAlias = Callable[[OpenAIChat, ServerProcess], Coroutine[Any, Any, Any]]
Served: TypeAlias = Callable[[Body], Any]
LONG: list[Message] = [{"role": "user", "content": "Count from one to two hundred, in words."}]


@pytest.fixture
def served(settings: Settings) -> Served:
    """Runs a coroutine while a server serves."""

    def run(body: Body) -> Any:
        async def main() -> Any:
            server = ServerProcess(settings.speaker, model_path(settings.speaker.model), free_port(), print)
            kept = ENGINES["llama.cpp"].kept_prompts(model_path(settings.speaker.model))
            chat = OpenAIChat(server.url, settings.speaker.model, kept=kept)
            try:
                await server.start()
                return await body(chat, server)
            finally:
                await chat.close()
                await server.stop()

        return clock.run(main(), "real")

    return run


def test_an_answer_streams_and_is_counted(served: Served) -> None:
    async def body(chat: OpenAIChat, _: ServerProcess) -> None:
        async with chat.ask([{"role": "user", "content": "What is the capital of France?"}], 20) as completion:
            pieces = [piece async for piece in completion]
        assert "Paris" in "".join(pieces) and len(pieces) > 2
        assert completion.usage.prompt_tokens > 10 and completion.usage.generated_tokens >= len(pieces)

    served(body)


def test_only_what_is_new_is_read(served: Served) -> None:
    """Thinking and answering share their beginning: the prefix cache serves every step but its last message."""

    async def body(chat: OpenAIChat, _: ServerProcess) -> None:
        history = [Exchange("Hello.", "Hello, how can I help?")]
        steps: list[Step] = []
        for sentence in ("Tom has two boxes.", "Each box holds four eggs."):
            messages = thinking_messages(history, steps, [sentence])
            steps.append(Step((sentence,), await complete(chat, messages, 24, ["\n"])))
        async with chat.ask(answer_messages(history, steps, ["How many eggs?"]), 20) as completion:
            assert [piece async for piece in completion]
        new = completion.usage.prompt_tokens - completion.usage.cached_tokens
        assert completion.usage.cached_tokens > 200
        assert new < 60

    served(body)


def test_only_what_is_new_is_read_by_a_speaker_that_reads_the_notes(served: Served) -> None:
    async def body(chat: OpenAIChat, _: ServerProcess) -> list[int]:
        noted = [Step(("Tom has two boxes.",), "boxes = 2"), Step(("Each box holds four eggs.",), "eggs = 2 * 4 = 8")]
        new = []
        for steps, sentences in (
            ([], ["Tom has two boxes."]),
            (noted[:1], ["Each box holds"]),
            (noted[:1], ["Each box holds four eggs."]),
            (noted, ["How many eggs?"]),
        ):
            async with chat.ask(noted_messages((), steps, sentences), 1) as completion:
                assert [piece async for piece in completion]
            new.append(completion.usage.prompt_tokens - completion.usage.cached_tokens)
        return new

    first, *others = served(body)
    # All but the end of the message and the beginning of the reply, which every request has to read again.
    assert first > 100 and all(tokens < 30 for tokens in others)


def test_a_server_that_is_started_anew_needn_t_read_what_was_read_before(served: Served) -> None:
    fixed = thinking_messages([Exchange("Hello.", "Hello, how can I help?")], [], ["Tom has two boxes."])
    other: list[Message] = [{"role": "user", "content": "What is the capital of France? Answer in one word, please."}]

    async def remember(chat: OpenAIChat, _: ServerProcess) -> None:
        await chat.remember(other)
        await chat.remember(fixed)

    async def ask(chat: OpenAIChat, server: ServerProcess) -> None:
        await remember(chat, server)
        for messages in (other, fixed, other):
            async with chat.ask(messages, 4) as completion:
                assert [piece async for piece in completion]
            assert completion.usage.prompt_tokens - completion.usage.cached_tokens <= 1

    served(remember)
    served(ask)


def test_leaving_an_answer_stops_the_server(served: Served) -> None:
    async def body(chat: OpenAIChat, _: ServerProcess) -> float:
        async with chat.ask(LONG, 800) as completion:
            async for _piece in completion:
                break
        began = time.monotonic()
        await complete(chat, [{"role": "user", "content": "Hi."}], 1)
        return time.monotonic() - began

    # There is one slot: the next request would have to wait for 800 tokens, half a minute and more.
    assert served(body) < 15


def test_a_server_that_dies_in_an_answer_is_an_error_and_comes_back(served: Served) -> None:
    async def body(chat: OpenAIChat, server: ServerProcess) -> str:
        watching = asyncio.create_task(server.watch())
        port = server.url.rpartition(":")[2].removesuffix("/v1")
        with pytest.raises(ModelError):
            async with chat.ask(LONG, 800) as completion:
                pieces = aiter(completion)
                await anext(pieces)
                await asyncio.to_thread(subprocess.run, ["pkill", "-9", "-f", port], check=True)
                async for _piece in pieces:
                    pass  # what had come before it died
        try:
            for _ in range(100):
                try:
                    return await complete(chat, [{"role": "user", "content": "Say yes."}], 5)
                except ModelError:
                    await asyncio.sleep(0.2)
            raise AssertionError("it did not come back")
        finally:
            watching.cancel()

    assert served(body)


def test_a_server_that_cannot_start_says_why(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"no weights")
    server = ServerProcess(settings.speaker, tmp_path, free_port(), print)
    with pytest.raises(Failure, match="did not start"):
        clock.run(server.start(), "real")
