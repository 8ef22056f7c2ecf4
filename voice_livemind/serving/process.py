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
from voice_livemind.serving.engines import server_command

_READY_WITHIN_S = {"llama.cpp": 60.0, "vllm": 600.0}
_LONGEST_BACKOFF_S = 30.0
_ENDS_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.05


class ServerProcess:
    """Serves one model at ``url`` until ``stop``. A server that dies is started again, ever more slowly."""

    def __init__(self, role: Role, weights: Path, port: int, say: Callable[[str], None]) -> None:
        """``say`` is told, in a line, of what the user should know."""
        self.url = f"http://127.0.0.1:{port}/v1"
        self._role = role
        self._port = port
        self._say = say
        self._command = server_command(role, weights, port)
        self._log = _state_folder() / f"{role.model}.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the server; return when it answers. Raises Failure if it dies instead."""
        with computing(), self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Away from the terminal's Ctrl-C: the assistant ends its servers itself.
                start_new_session=True,
                env=os.environ | {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"},
            )
            await self._ready(self._process)

    async def watch(self) -> None:
        """Start the server again whenever it ends. Runs until cancelled."""
        backoff_s = 0.5
        while True:
            assert self._process is not None
            status = await self._process.wait()
            self._say(f"the server of {self._role.model} ended (status {status}); starting it again")
            try:
                await self.start()
                backoff_s = 0.5
            except Failure as failure:
                self._say(str(failure))
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)

    async def stop(self) -> None:
        """End the server, by force if it does not obey."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with computing(), suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            for _ in range(int(_ENDS_WITHIN_S / _LOOK_EVERY_S)):
                await _real_sleep()
                if process.returncode is not None:
                    return
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        """Wait until the health page answers."""
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
            for _ in range(int(_READY_WITHIN_S[self._role.engine] / _LOOK_EVERY_S)):
                if process.returncode is not None:
                    raise Failure(f"the server of {self._role.model} did not start: {self._last_words()} ({self._log})")
                with suppress(httpx2.HTTPError):
                    if (await client.get(self.url.removesuffix("/v1") + "/health")).is_success:
                        return
                await _real_sleep()
        await self.stop()
        raise Failure(f"the server of {self._role.model} was not ready in time ({self._log})")

    def _last_words(self) -> str:
        lines = [line.strip() for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower()]
        return (errors or lines or ["it said nothing"])[-1]


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
