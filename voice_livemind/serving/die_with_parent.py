"""``python -m voice_livemind.serving.die_with_parent COMMAND…`` becomes COMMAND, which ends when its parent ends.

Whatever happens to the assistant, kill -9 included, no model server stays behind. Linux only (prctl); elsewhere an
assistant that is killed can leave its servers running.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to end this process with its parent; the request survives exec."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # The parent died before the kernel knew.
        sys.exit(1)


if __name__ == "__main__":
    die_with_parent()
    os.execvp(sys.argv[1], sys.argv[1:])
