"""What the service manager is told: systemd's sd_notify protocol, one datagram for each message.

Without ``NOTIFY_SOCKET`` nobody listens, and nothing is sent.
"""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress


def ready() -> None:
    """The service is up: from now on the watchdog counts."""
    _send("READY=1")


def stopping() -> None:
    """The service is about to end."""
    _send("STOPPING=1")


def status(text: str) -> None:
    """What is going on, in a line, for ``systemctl status``."""
    _send(f"STATUS={text.splitlines()[0] if text else ''}")


def feed() -> None:
    """All is well: the watchdog counts anew."""
    _send("WATCHDOG=1")


def trigger() -> None:
    """All is not well: the watchdog need not wait any longer."""
    _send("WATCHDOG=trigger")


def listened_to(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a service manager listens."""
    return bool(environment.get("NOTIFY_SOCKET"))


def watchdog_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """After so many seconds without food the watchdog ends this process; ``None``: there is no watchdog."""
    given, process = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(os.getpid()))
    if not given.isdecimal() or int(given) == 0 or process != str(os.getpid()):
        return None
    return int(given) / 1e6


def _send(message: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        # A name without a file.
        address = "\0" + address[1:]
    # A manager that is gone or does not read is no reason to fail, nor to wait.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(message.encode(), address)
