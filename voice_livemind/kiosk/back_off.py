"""``python -m voice_livemind.kiosk.back_off``: waits before a service that was often started lately is started again.

systemd's own RestartSteps came with version 254, and Debian 12 has 252.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

_LATELY_S = 600.0
_LONGEST_S = 60.0


def wait_s(starts_s: Sequence[float], now_s: float) -> float:
    """Before the next start, after those: none before the first two, then twice as long each time.

    Both are on a clock that nobody sets.
    """
    lately = sum(1 for start_s in starts_s if 0 <= now_s - start_s < _LATELY_S)
    return min(2.0 ** (lately - 2), _LONGEST_S) if lately >= 2 else 0.0


def main() -> None:
    """The starts are kept in ``$RUNTIME_DIRECTORY``; where that can't be read or written, nothing is waited for."""
    file = Path(os.environ.get("RUNTIME_DIRECTORY", ".")) / "starts"
    now_s = time.monotonic()
    try:
        starts_s = [float(line) for line in file.read_text().split()] if file.exists() else []
        waited_s = wait_s(starts_s, now_s)
        kept = [start_s for start_s in starts_s if 0 <= now_s - start_s < _LATELY_S]
        file.write_text("".join(f"{start_s}\n" for start_s in [*kept, now_s]))
    except (OSError, ValueError):
        return
    if waited_s:
        print(f"started {len(kept)} times in the last {_LATELY_S / 60:.0f} minutes: waiting for {waited_s:.0f} s")
        time.sleep(waited_s)


if __name__ == "__main__":
    main()
