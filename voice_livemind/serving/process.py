"""One model server as a child process: started, waited for, watched, restarted, ended."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx2

from voice_livemind.clock import computing
from voice_livemind.config import Role
from voice_livemind.errors import Failure, UserError
from voice_livemind.serving.diagnosis import cause_of_death
from voice_livemind.serving.engines import ENGINES, server_command

_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0
_LASTS_FROM_S = 30.0
"""A server that ends sooner after its start is started again more slowly."""
_ENDS_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.05


class ServerProcess:
    """Serves one model at ``url`` until ``stop``. A server that dies is started again, ever more slowly."""

    def __init__(self, role: Role, weights: Path, port: int, say: Callable[[str], None], slots: int = 1) -> None:
        """``say`` is told, in a line, of what the user should know; ``slots`` roles use the server at once."""
        self.url = f"http://127.0.0.1:{port}/v1"
        self._role = role
        self._port = port
        self._say = say
        self._command = server_command(role, weights, port, slots)
        self._log = _state_folder() / f"{role.model}.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the server; return when it answers. Raises Failure if it does not."""
        with computing():
            self._process = await self._started()
            await self._ready(self._process)

    async def watch(self) -> None:
        """Start the server where it does not run, and again whenever it ends. Runs until cancelled."""
        now, backoff_s, said = asyncio.get_running_loop().time, _FIRST_BACKOFF_S, ""
        while True:
            if self._process is not None:
                began_s = now()
                status = await self._process.wait()
                _kill_group(self._process.pid)
                self._process = None
                self._say(f"the server of {self._role.model} ended: {self._cause(status)}; starting it again")
                if now() - began_s >= _LASTS_FROM_S:
                    backoff_s = _FIRST_BACKOFF_S
                else:
                    await asyncio.sleep(backoff_s)
                    backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)
            try:
                await self.start()
                said = ""
            except Failure as failure:
                self._process = None
                if str(failure) != said:
                    said = str(failure)
                    self._say(said)
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)

    async def stop(self) -> None:
        """End the server, by force if it does not obey."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with computing():
            with suppress(ProcessLookupError):
                # To the server alone: it ends its workers in good order.
                process.terminate()
            for _ in range(int(_ENDS_WITHIN_S / _LOOK_EVERY_S)):
                if process.returncode is not None:
                    break
                await _real_sleep()
            _kill_group(process.pid)
            await process.wait()

    async def _started(self) -> asyncio.subprocess.Process:
        try:
            with self._log.open("wb") as log:
                return await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # Away from the terminal's Ctrl-C: the assistant ends its servers itself.
                    start_new_session=True,
                    env={**ENGINES[self._role.engine].environment(self._role), **os.environ, "HF_HUB_OFFLINE": "1"},
                )
        except OSError as error:
            # No memory, no process, no room on the disk.
            raise Failure(f"the server of {self._role.model} can't be started: {error}") from None

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        """Wait until the health page answers."""
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
            for _ in range(int(ENGINES[self._role.engine].ready_within_s / _LOOK_EVERY_S)):
                if process.returncode is not None:
                    _kill_group(process.pid)
                    cause = self._cause(process.returncode)
                    raise Failure(f"the server of {self._role.model} did not start: {cause} ({self._log})")
                with suppress(httpx2.HTTPError):
                    if (await client.get(self.url.removesuffix("/v1") + "/health")).is_success:
                        return
                await _real_sleep()
        await self.stop()
        raise Failure(f"the server of {self._role.model} was not ready in time ({self._log})")

    def _cause(self, status: int) -> str:
        return cause_of_death(self._role.engine, self._log.read_text(errors="replace"), status)


def _kill_group(leader: int) -> None:
    """End what a server has left behind: a worker can outlive it, and hold its memory."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


async def _real_sleep() -> None:
    """Let real time pass even where the loop's own time is stepped: it is another program that is waited for."""
    await asyncio.to_thread(time.sleep, _LOOK_EVERY_S)


def free_port() -> int:
    """A port of the loopback on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free(port: int, key: str) -> None:
    """Raises UserError if somebody listens on ``port`` already; ``key`` is the setting to change."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UserError(f"port {port} of the loopback: {reason}; choose another with --set {key}=…") from None


def _state_folder() -> Path:
    root = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "voice-livemind"
    root.mkdir(parents=True, exist_ok=True)
    return root
