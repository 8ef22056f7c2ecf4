"""A stand-in for systemd: a service of ``Type=notify`` with a watchdog, started again whenever it ends."""

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_RESTART_S = 1.0
_ABORTS_WITHIN_S = 5.0


class Supervised:
    """The service. Times are seconds on the monotonic clock."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], address: Path, watchdog_s: float) -> None:
        self.starts_s: list[float] = []
        self.ends: list[tuple[float, str]] = []
        """When, and why: ``watchdog``, ``trigger``, or ``status N``."""
        self.status = ""
        """What it said last of itself."""
        self.output: list[str] = []
        self._command = command
        self._watchdog_s = watchdog_s
        extra = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": str(round(1e6 * watchdog_s)), "PYTHONUNBUFFERED": "1"}
        self._environment = {**os.environ, **environment, **extra}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(address))
        self._socket.settimeout(0.05)
        self._ending = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._supervise)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    def close(self) -> None:
        """End the service in good order, or by force."""
        self._ending.set()
        self._thread.join()
        self._socket.close()

    def _supervise(self) -> None:
        while not self._ending.is_set():
            self._process = subprocess.Popen(
                list(self._command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self._environment
            )
            self.starts_s.append(time.monotonic())
            reader = threading.Thread(target=self._read, args=[self._process])
            reader.start()
            why = self._watch(self._process)
            reader.join()
            self.ends.append((time.monotonic(), why))
            self._ending.wait(_RESTART_S)

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            self.output.extend(process.stdout)

    def _watch(self, process: "subprocess.Popen[str]") -> str:
        fed_s = 0.0
        while process.poll() is None:
            with suppress(TimeoutError):
                told = self._socket.recv(4096).decode()
                fed_s = time.monotonic() if told in ("READY=1", "WATCHDOG=1") else fed_s
                self.status = told.removeprefix("STATUS=") if told.startswith("STATUS=") else self.status
                if told == "WATCHDOG=trigger":
                    return self._end(process, signal.SIGABRT, _ABORTS_WITHIN_S, "trigger")
            if fed_s and time.monotonic() - fed_s > self._watchdog_s:
                return self._end(process, signal.SIGABRT, _ABORTS_WITHIN_S, "watchdog")
            if self._ending.is_set():
                return self._end(process, signal.SIGTERM, 20, "ended")
        return f"status {process.returncode}"

    def _end(self, process: "subprocess.Popen[str]", number: signal.Signals, within_s: float, why: str) -> str:
        process.send_signal(number)
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"{why}, by force"
        return why


@contextmanager
def supervised(command: Sequence[str], environment: dict[str, str], watchdog_s: float = 20) -> Iterator[Supervised]:
    """Keep ``command`` up for the length of this context."""
    with tempfile.TemporaryDirectory() as folder:
        service = Supervised(command, environment, Path(folder) / "notify", watchdog_s)
        try:
            yield service
        finally:
            service.close()
