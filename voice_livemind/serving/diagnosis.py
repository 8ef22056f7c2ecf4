"""Why a server died, in one line, from what it wrote last."""

import re
import signal

from voice_livemind.serving.engines import ENGINES


def cause_of_death(engine: str, log: str, status: int) -> str:
    """What is known to have killed servers of this kind, else the last line that names an error, else the status.

    ``status``: the exit status; negative for the signal that ended the process.
    """
    for pattern, meaning in ENGINES[engine].causes:
        if re.search(pattern, log):
            return meaning
    if status == -signal.SIGKILL:
        return "killed, as the system does for lack of memory: take a smaller model"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if re.search("error", line, re.IGNORECASE)]
    return (errors or lines or [f"status {status}, it said nothing"])[-1]
