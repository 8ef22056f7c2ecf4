"""The engine llama.cpp: `xllamacpp`'s server, for any machine."""

import hashlib
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2

from voice_livemind.config import Role
from voice_livemind.errors import UserError
from voice_livemind.serving.kept_prompts import KeptPrompts
from voice_livemind.weights.cache import cache_root


class LlamaEngine:
    """See `Engine`."""

    ready_within_s = 60.0
    causes = (
        (r"address already in use|couldn't bind|[Ff]ailed to bind", "its port is in use: name another one"),
        (
            r"failed to allocate|unable to allocate|bad_alloc|out of memory",
            "out of memory: take a smaller model",
        ),
        (r"failed to open GGUF|No such file", "its weights are missing: run `voice-livemind models pull`"),
        (
            r"invalid magic|failed to load model|error loading model",
            "its weights can't be read: see `voice-livemind models verify`",
        ),
    )

    def command(self, role: Role, weights: Path, port: int, slots: int) -> list[str]:
        if importlib.util.find_spec("xllamacpp") is None:
            raise UserError("engine llama.cpp needs the package xllamacpp: pip install xllamacpp")
        file = _gguf(weights)
        return [
            *(sys.executable, "-m", "voice_livemind.serving.llama_server", str(file)),
            *("--name", role.model),
            *("--port", str(port)),
            *("--threads", str(role.threads)),
            *("--context-tokens", str(role.context_tokens)),
            *("--slots", str(slots)),
            *("--prompts", str(_prompts_folder(file))),
        ]

    def environment(self, role: Role) -> Mapping[str, str]:
        del role
        return {}

    def request_fields(self, choices: Sequence[str], priority: int, continues: bool) -> dict[str, Any]:
        # It knows no priorities: each role has a slot of its own, and all slots advance together. It goes on with a
        # last message of the assistant by itself.
        del priority, continues
        if not choices:
            return {}
        return {"grammar": "root ::= " + " | ".join(json.dumps(choice) for choice in choices)}

    @property
    def own_fields(self) -> Mapping[str, Any]:
        # While it has nothing to send it looks only once a second whether somebody still waits: it is to tell of each
        # batch of a prompt that it has read.
        return {"return_progress": True}

    async def running(self, client: httpx2.AsyncClient, root: str) -> int:
        slots = (await client.get(f"{root}/slots")).raise_for_status().json()
        return sum(1 for slot in slots if slot["is_processing"])

    def kept_prompts(self, weights: Path) -> KeptPrompts | None:
        return KeptPrompts(_prompts_folder(_gguf(weights)))


def _gguf(weights: Path) -> Path:
    file = next(weights.glob("*.gguf"), None)
    if file is None:
        raise UserError(f"{weights.name} has no GGUF file: engine llama.cpp can't serve it, engine vllm may")
    return file


def _prompts_folder(weights: Path) -> Path:
    """Where the prompts lie that this very version has read with these very weights."""
    stat = weights.stat()
    made_by = f"{importlib.metadata.version('xllamacpp')} {stat.st_size} {stat.st_mtime_ns}"
    return (
        cache_root().parent / "prompts" / f"{weights.parent.name}-{hashlib.sha256(made_by.encode()).hexdigest()[:12]}"
    )
