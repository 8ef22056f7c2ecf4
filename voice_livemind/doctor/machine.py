"""Checks of the machine itself."""

import sys

from voice_livemind.config import Settings
from voice_livemind.doctor.finding import Finding
from voice_livemind.weights.catalogue import load_catalogue

_PYTHON = (3, 11)
_CORES = 2
_BESIDES_GIB = 1.5
"""For Python, the prompts' caches and what the models unfold to."""


def python_version(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """The running Python."""
    text = ".".join(map(str, version))
    if version[:2] >= _PYTHON:
        return Finding("Python", True, text)
    return Finding("Python", False, f"{text} is too old: install Python {'.'.join(map(str, _PYTHON))} or newer")


def cores(usable: int) -> Finding:
    """Hearing and thinking at once."""
    if usable >= _CORES:
        return Finding("cores", True, f"{usable} usable", needed=False)
    return Finding("cores", False, f"{usable} usable: {_CORES} are needed to hear and think at once", needed=False)


def memory(settings: Settings, available_gib: float) -> Finding:
    """Room for the weights of all models that this machine is to hold."""
    sizes = [load_catalogue().model(name).size_bytes for name in settings.models]
    need_gib = sum(size for size in sizes if size is not None) / 2**30 + _BESIDES_GIB
    found = f"{available_gib:.1f} GiB available, about {need_gib:.1f} needed"
    if available_gib >= need_gib:
        return Finding("memory", True, found)
    return Finding("memory", False, f"{found}: close programs, or take smaller models (`voice-livemind models list`)")


def gpu(settings: Settings, cuda_devices: int) -> Finding:
    """A GPU, where the configuration asks for one."""
    if settings.transcribe.device == "cuda" and not cuda_devices:
        return Finding(
            "GPU",
            False,
            'transcribe.device = "cuda", but no GPU is found: see nvidia-smi, or --set transcribe.device=cpu',
        )
    return Finding("GPU", True, f"{cuda_devices} found" if cuda_devices else "none, none needed", needed=False)
