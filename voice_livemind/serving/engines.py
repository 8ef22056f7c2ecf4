"""What differs between the engines: how a server is started, asked for more than the common API has, and looked at."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import httpx2

from voice_livemind.config import Role
from voice_livemind.serving.kept_prompts import KeptPrompts
from voice_livemind.serving.llama_engine import LlamaEngine
from voice_livemind.serving.vllm_engine import VllmEngine


class Engine(Protocol):
    """One kind of server, all of which speak the OpenAI-compatible API."""

    @property
    def ready_within_s(self) -> float:
        """After that long a server that does not answer is given up."""
        ...

    @property
    def causes(self) -> Sequence[tuple[str, str]]:
        """Why servers die: a pattern in the log, and what that means in one line; the first that is found counts."""
        ...

    def command(self, role: Role, weights: Path, port: int, slots: int) -> list[str]:
        """Serves `role`'s model on the loopback at `port` to `slots` roles. Raises UserError if it is not installed."""
        ...

    def environment(self, role: Role) -> Mapping[str, str]:
        """Variables for the server, where the user has set none."""
        ...

    def request_fields(self, choices: Sequence[str], priority: int, continues: bool) -> dict[str, Any]:
        """Fields of a request beyond the common API: see `ChatModel.ask`. ``continues``: its last message."""
        ...

    @property
    def own_fields(self) -> Mapping[str, Any]:
        """More of them, for a server that is ours; others might refuse them."""
        ...

    async def running(self, client: httpx2.AsyncClient, root: str) -> int:
        """How many requests the server at the URL `root` works on, by its own count. Raises httpx2.HTTPError."""
        ...

    def kept_prompts(self, weights: Path) -> KeptPrompts | None:
        """Where a server with these weights keeps the prompts that it has read, if it can."""
        ...


ENGINES: Mapping[str, Engine] = {"llama.cpp": LlamaEngine(), "vllm": VllmEngine()}


def server_command(role: Role, weights: Path, port: int, slots: int) -> list[str]:
    """The command that serves ``role``'s model on the loopback at ``port``, and ends with this process.

    Raises UserError if the engine is not installed.
    """
    priority = ["nice", "-n", str(role.nice)] if role.nice else []
    engine = ENGINES[role.engine].command(role, weights, port, slots)
    return [sys.executable, "-m", "voice_livemind.serving.die_with_parent", *priority, *engine]
