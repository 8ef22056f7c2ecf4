"""A child process that fetches or makes weights, and can be stopped at any moment."""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from voice_livemind.errors import Failure

_PATIENCE_S = 5.0


class Child:
    """`python ARGUMENTS…`; its temporary files lie in `temporary`, so that nothing is left elsewhere."""

    def __init__(self, arguments: Sequence[str], temporary: Path, environment: Mapping[str, str]) -> None:
        temporary.mkdir(parents=True, exist_ok=True)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, "TMPDIR": str(temporary), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )

    def is_over(self, wait_s: float) -> bool:
        """Whether it has ended, waiting for that as long as is said.

        If it ended badly, raises OSError for a full disk and otherwise Failure.
        """
        try:
            status = self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return False
        if status == 0:
            return True
        reason = self._reason()
        if os.strerror(errno.ENOSPC) in reason:
            raise OSError(errno.ENOSPC, reason)
        raise Failure(reason or f"it ended with status {status}")

    def stop(self) -> None:
        """Ends the process if it still runs; what it wrote stays."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._errors.close()

    def _reason(self) -> str:
        """The last line that names an error, or else the last line."""
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().decode(errors="replace").splitlines() if line.strip()]
        named = [line for line in lines if "error" in line.lower()]
        return (named or lines or [""])[-1].removeprefix("ERROR: ")


def bytes_in(folder: Path) -> int:
    """How much lies in a folder that is being written to; a file that is just being copied counts once, by its name."""
    sizes: dict[str, int] = {}
    # Not `rglob`: it trips over a folder that goes away beneath it.
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                sizes[name] = max((Path(parent) / name).stat().st_size, sizes.get(name, 0))
    return sum(sizes.values())
