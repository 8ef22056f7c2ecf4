"""Prompts on disk, with a server that only writes down what it is asked."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2

from voice_livemind.serving.kept_prompts import KeptPrompts

PROMPT = [{"role": "user", "content": "What is one?"}]


class Server:
    """Writes ``state`` into a file, and tells that it has written ``told`` bytes."""

    def __init__(self, folder: Path, state: bytes = b"state", told: int = 5) -> None:
        self.folder = folder
        self.state = state
        self.told = told
        self.restored: list[str] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        body: dict[str, Any] = json.loads(request.content or b"{}")
        match request.url.path, dict(request.url.params).get("action"):
            case "/slots", None:
                return httpx2.Response(200, json=[{"id": 0, "id_task": 3}, {"id": 1, "id_task": 7}])
            case "/completion", None:
                return httpx2.Response(200, json={"id_slot": 1})
            case "/slots/1", "save":
                (self.folder / body["filename"]).write_bytes(self.state)
                return httpx2.Response(200, json={"n_written": self.told})
            case "/slots/1", "restore":
                self.restored.append(body["filename"])
                return httpx2.Response(200, json={})
        return httpx2.Response(404)


def after(server: Server, *steps: str, prompt: list[dict[str, str]] = PROMPT) -> list[bool | None]:
    """What ``recall`` and ``keep`` return, one after the other."""

    async def run() -> list[bool | None]:
        kept = KeptPrompts(server.folder)
        transport = httpx2.MockTransport(server.answer)
        async with httpx2.AsyncClient(transport=transport) as client:
            return [await getattr(kept, step)(client, "http://server", prompt) for step in steps]

    return asyncio.run(run())


def test_what_was_kept_is_recalled(tmp_path: Path) -> None:
    server = Server(tmp_path)
    assert after(server, "recall", "keep", "recall") == [False, None, True]
    assert len(server.restored) == 1
    assert after(server, "recall", prompt=[{"role": "user", "content": "Other."}]) == [False]


def test_half_a_state_is_never_recalled(tmp_path: Path) -> None:
    server = Server(tmp_path)
    after(server, "keep")
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"sta")
    assert after(server, "recall") == [False] and server.restored == []
    assert after(server, "keep", "recall") == [None, True]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    assert after(Server(tmp_path, state=b"sta"), "keep", "recall") == [None, False]
    assert list(tmp_path.iterdir()) == []
