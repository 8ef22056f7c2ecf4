"""Real servers of both engines, as `voice-livemind serve` starts them: what the assistant asks of them is the same."""

import asyncio
import json
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.audio import recording
from tests.system.command import Running, alive, eventually, run, started
from voice_livemind import clock
from voice_livemind.config import load_settings
from voice_livemind.errors import Failure
from voice_livemind.serving.chat import Message, ModelError, OpenAIChat, Usage, complete
from voice_livemind.serving.process import ServerProcess, free_port

T = TypeVar("T")

VLLM_CPU = Path("configs/vllm-cpu.toml")
LONG: list[Message] = [{"role": "user", "content": "Count from one to two hundred, in words."}]
STORY = " ".join(
    f"On day {day} the farmer sold {day * 3} apples and {day + 7} pears at the market." for day in range(30)
)
# One model for both roles, so that one server serves them.
CONFIGS = {
    "llama.cpp": ["--set", "thinker.model=qwen2.5-coder-0.5b-q4_0", "--set", "thinker.nice=0"],
    "vllm": ["--config", str(VLLM_CPU)],
}
BLOCK_TOKENS = {"llama.cpp": 1, "vllm": 32}
"""What is cached comes in multiples of this."""
# The step that runs is ended first; with 1.5 billion weights on two shared cores it takes 0.1 s and more.
IDLE_WITHIN_S = {"llama.cpp": 0.1, "vllm": 0.4}


@dataclass(frozen=True)
class Served:
    """A server in use by `voice-livemind serve`."""

    serve: Running
    engine: str
    url: str
    model: str
    options: list[str]
    """Those that make another command use it."""

    def ask(self, body: Callable[[OpenAIChat], Coroutine[Any, Any, T]]) -> T:
        async def main() -> T:
            chat = OpenAIChat(self.url, self.model, self.engine)
            try:
                return await body(chat)
            finally:
                await chat.close()

        return clock.run(main(), "real")


@pytest.fixture(scope="module", params=CONFIGS)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    engine = request.param
    port = free_port()
    options = [*CONFIGS[engine], "--set", f"thinker.port={port}", "--set", f"speaker.port={free_port()}"]
    with started("serve", *options) as serve:
        serve.wait_for("ready")
        [thinker, speaker] = [line.split() for line in serve.lines if " at http" in line]
        assert thinker[1:] == speaker[1:], "the roles do not share one server"
        yield Served(serve, engine, thinker[-1], thinker[1], options)


async def usage_of(chat: OpenAIChat, messages: list[Message]) -> Usage:
    async with chat.ask(messages, 8) as completion:
        assert [piece async for piece in completion]
    return completion.usage


def test_of_a_prompt_that_grew_only_the_tail_is_read(served: Served) -> None:
    async def body(chat: OpenAIChat) -> None:
        messages: list[Message] = [{"role": "user", "content": STORY}]
        before = await usage_of(chat, messages)
        messages += [{"role": "assistant", "content": "Noted."}, {"role": "user", "content": "How many on day 3?"}]
        after = await usage_of(chat, messages)
        tail = after.prompt_tokens - before.prompt_tokens
        assert before.prompt_tokens > 500 and 0 < tail < 40
        assert after.prompt_tokens - after.cached_tokens <= tail + 8 + BLOCK_TOKENS[served.engine]

    served.ask(body)


def test_an_answer_that_is_left_leaves_the_server_idle_at_once(served: Served) -> None:
    async def body(chat: OpenAIChat) -> float:
        async with chat.ask(LONG, 800) as completion:
            async for _piece in completion:
                if await chat.running() == 1:
                    break
        left = time.monotonic()
        while await chat.running():
            assert time.monotonic() < left + 10
            # A third busy thread on two cores would hold up what it waits for.
            await asyncio.sleep(0.01)
        return time.monotonic() - left

    # The machine can stand still now and then; a server that does not stop takes seconds every time.
    assert min(served.ask(body) for _ in range(3)) < IDLE_WITHIN_S[served.engine]


def test_the_answer_is_one_of_the_choices(served: Served) -> None:
    async def body(chat: OpenAIChat) -> list[str]:
        questions = ["Is the sky blue? Answer with a whole sentence.", "How many legs has a spider?"]
        asked: list[list[Message]] = [[{"role": "user", "content": question}] for question in questions]
        return [await complete(chat, messages, 8, choices=["infer more", "wait"]) for messages in asked]

    assert set(served.ask(body)) <= {"infer more", "wait"}


def test_a_priority_is_taken(served: Served) -> None:
    async def body(chat: OpenAIChat) -> str:
        return await complete(chat, [{"role": "user", "content": "What is the capital of France?"}], 20, priority=5)

    assert "Paris" in served.ask(body)


def test_a_url_without_a_server_is_an_error_for_every_question() -> None:
    async def main() -> None:
        chat = OpenAIChat(f"http://127.0.0.1:{free_port()}/v1", "m", "vllm")
        with pytest.raises(ModelError, match="does not answer"):
            await complete(chat, LONG, 1)
        with pytest.raises(ModelError, match="does not say"):
            await chat.running()
        await chat.close()

    clock.run(main(), "real")


def test_a_whole_turn_is_answered(served: Served, tmp_path: Path) -> None:
    done = run("replay", recording("capital"), *served.options, "--mode", "direct", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    [turn] = map(json.loads, (tmp_path / "capital.turns.jsonl").read_text().splitlines())
    assert "Paris" in turn["heard"] and turn["fallback"] is None


def test_the_server_and_its_workers_end_with_an_assistant_that_is_killed(served: Served) -> None:
    family = descendants(served.serve.process.pid)
    assert family
    served.serve.send(signal.SIGKILL)
    served.serve.finish()
    assert eventually(lambda: not any(map(alive, family)))


def descendants(parent: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            children.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
        except OSError:
            continue  # it has just ended
    found = list(children.get(parent, []))
    for child in found:
        found += children.get(child, [])
    return found


def test_vllm_without_its_weights_says_so(tmp_path: Path) -> None:
    server = ServerProcess(load_settings(VLLM_CPU).thinker, tmp_path, free_port(), print)
    with pytest.raises(Failure, match="did not start: its weights are missing"):
        clock.run(server.start(), "real")
