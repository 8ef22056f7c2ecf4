"""How soon the thinker's process computes no more after a thought was aborted, by the kernel's count of its time."""

import asyncio
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from voice_livemind.mind.prompts import thinking_messages
from voice_livemind.serving.chat import OpenAIChat
from voice_livemind.serving.process import ServerProcess

_SENTENCE = (
    "Case {}: the farmer next door keeps seventeen brown horses, and each of them eats four kilos of hay and two kilos "
    "of oats a day, which he buys from the mill."
)
_STILL_S = 0.4
"""A process that has used no time for so long is off the processor."""


async def aborts(chat: OpenAIChat, server: ServerProcess, count: int) -> Sequence[str]:
    """Lines that say the median and the extremes, while the prompt is read and while a note is written."""
    port = server.url.rpartition(":")[2].removesuffix("/v1")
    pid = int(subprocess.check_output(["pgrep", "-f", f"port {port}"]))  # noqa: ASYNC221  once, before anything runs
    await chat.remember(thinking_messages([], [], ["Hello."]))
    lines = []
    for name, after_s, tokens in (("the prompt is read", 0.3, 1), ("the note is written", 1.5, 400)):
        taken = [await _abort(chat, pid, f"{name} {number}", after_s, tokens) for number in range(count)]
        lines.append(
            f"aborted while {name}: off the processor after {statistics.median(taken):.3f} s in the median "
            f"({min(taken):.3f} to {max(taken):.3f}, {count} times)"
        )
    return lines


async def _abort(chat: OpenAIChat, pid: int, case: str, after_s: float, tokens: int) -> float:
    thought = asyncio.create_task(_think(chat, _SENTENCE.format(case), tokens))
    await asyncio.sleep(after_s)
    aborted_s = last_s = time.monotonic()
    thought.cancel()
    used = _used(pid)
    while time.monotonic() - last_s < _STILL_S:
        await asyncio.sleep(0.004)
        if (now := _used(pid)) > used:
            used, last_s = now, time.monotonic()
    await asyncio.wait([thought])
    return last_s - aborted_s


async def _think(chat: OpenAIChat, sentence: str, tokens: int) -> None:
    async with chat.ask(thinking_messages([], [], [sentence]), tokens) as completion:
        async for _ in completion:
            pass


def _used(pid: int) -> int:
    """Hundredths of a second of computing, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
