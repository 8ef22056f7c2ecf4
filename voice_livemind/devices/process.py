"""The process of one device, from the assistant's side."""

import asyncio
import json
import mmap
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from voice_livemind.devices.choice import Device, Kind
from voice_livemind.devices.memory import map_memory, new_memory
from voice_livemind.errors import UserError

_OPENS_WITHIN_S = 8.0


@dataclass
class DeviceProcess:
    """A device that is open."""

    name: str
    rate_hz: int
    channels: int
    memory: mmap.mmap
    _process: asyncio.subprocess.Process

    @property
    def ended(self) -> bool:
        """Whether the device has gone."""
        return self._process.returncode is not None

    def ask_for_cut(self) -> None:
        """See ``PlayedRing.cut``."""
        assert self._process.stdin is not None
        if not self.ended:
            self._process.stdin.write(b"cut\n")

    async def close(self) -> None:
        """End it. By force: a dead device can keep its process from ending."""
        await _end(self._process)


async def open_device(kind: Kind, device: str, latency_s: float) -> DeviceProcess:
    """Open the device that ``choose`` finds. Raises UserError, with what mends it."""
    memory = new_memory()
    try:
        options = [kind, f"--device={device}", f"--latency-s={latency_s}", f"--memory={memory}"]
        process = await _start(options, [memory])
        mapped = map_memory(memory)
    finally:
        os.close(memory)
    try:
        opened = (await _answer(process, f"{kind} {device or 'default'!r}"))["opened"]
    except BaseException:
        await _end(process)
        raise
    return DeviceProcess(opened["name"], opened["rate_hz"], opened["channels"], mapped, process)


async def list_devices() -> list[Device]:
    """All that PortAudio finds. Raises UserError: there is no PortAudio."""
    process = await _start(["list"])
    try:
        found = (await _answer(process, "the list of sound devices"))["devices"]
    finally:
        await _end(process)
    return [Device(**{**entry, "is_default": tuple(entry["is_default"])}) for entry in found]


async def _start(arguments: Sequence[str], descriptors: Sequence[int] = ()) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "voice_livemind.devices.child", *arguments],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # ALSA complains there of every device that it looks for in vain.
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=descriptors,
        # Away from the terminal's Ctrl-C.
        start_new_session=True,
    )


async def _answer(process: asyncio.subprocess.Process, what: str) -> dict[str, Any]:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_OPENS_WITHIN_S):
            line = await process.stdout.readline()
    except TimeoutError:
        raise UserError(
            f"{what}: no answer within {_OPENS_WITHIN_S:g} s: unplug the device and plug it in again"
        ) from None
    if not line:
        raise UserError(f"{what}: PortAudio broke down: choose another device of `voice-livemind devices`")
    answer: dict[str, Any] = json.loads(line)
    if "fault" in answer:
        raise UserError(answer["fault"])
    return answer


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await process.wait()
