"""What a running command prints, with times."""

import re
import signal
import time
from threading import Thread

from tests.system.command import Running


class Lines:
    """Reads a command's output until it ends."""

    def __init__(self, command: Running) -> None:
        self._command = command
        self._lines: list[tuple[float, str]] = []
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def since(self, time_s: float, pattern: str = "") -> list[tuple[float, str]]:
        """Those that came after a time of ``time.monotonic`` and match."""
        return [line for line in self._lines if line[0] > time_s and re.search(pattern, line[1])]

    def quit(self, within_s: float = 20) -> int:
        """Ctrl-C; its exit status."""
        self._command.send(signal.SIGINT)
        status = self._command.process.wait(within_s)
        self._thread.join()
        return status

    def _read(self) -> None:
        assert self._command.process.stdout is not None
        for line in self._command.process.stdout:
            self._lines.append((time.monotonic(), line.rstrip("\n")))
