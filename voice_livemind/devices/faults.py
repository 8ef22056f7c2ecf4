"""Why a device can't be opened, in one line with what mends it."""

import errno
import os
import sys
from pathlib import Path

from voice_livemind.devices.choice import Kind

_DEVICE_UNAVAILABLE = -9985  # paDeviceUnavailable

NO_PORTAUDIO = "PortAudio is missing: apt-get install libportaudio2 (other systems: install PortAudio)"


def open_fault(kind: Kind, name: str, code: int | None, system_error: int | None, text: str) -> str:
    """For PortAudio's error ``code`` with the system's own error number, where there is one, and text."""
    what = f"{kind} {name!r}"
    reason = abs(system_error or 0)
    if code == _DEVICE_UNAVAILABLE or reason == errno.EBUSY:
        return f"{what} is busy: close the program that uses it, or choose another with --set {kind}.device=…"
    if reason in (errno.EACCES, errno.EPERM):
        return f"{what}: {permission_mend()}"
    return f"{what} can't be opened ({text}): choose another of `voice-livemind devices` with --set {kind}.device=…"


def permission_mend() -> str:
    """For a user who may not use the sound card."""
    if sys.platform == "linux":
        return "permission denied: run `sudo usermod -aG audio $USER`, and log in again"
    return "permission denied: allow this program to use it in the settings of the system"


def sound_card_forbidden(nodes: Path = Path("/dev/snd")) -> bool:
    """Whether there is a sound card that this user may not open. Such a card is not even listed."""
    cards = list(nodes.glob("pcm*")) if nodes.is_dir() else []
    return bool(cards) and not any(os.access(card, os.R_OK | os.W_OK) for card in cards)
