"""The log: fields for journald where it listens, plain lines on standard error elsewhere."""

import logging
import os
import socket
import sys
from pathlib import Path

_SOCKET = Path("/run/systemd/journal/socket")
_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LONGEST = 8000
"""Of a value, in characters: longer datagrams are refused."""


def log_to_journal() -> None:
    """What the assistant has to say from INFO on, what its libraries have from WARNING on."""
    handler = JournalHandler(_SOCKET) if _standard_error_is_journal() and _SOCKET.exists() else _plain()
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("voice_livemind").setLevel(logging.INFO)


class JournalHandler(logging.Handler):
    """Sends each record with its ``extra`` fields: ``journalctl MODE=livemind`` finds them."""

    def __init__(self, path: Path) -> None:
        """``path``: of journald's socket."""
        super().__init__()
        self.setFormatter(logging.Formatter())
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # A journal that is full, or gone, must not stop the conversation.
        self._socket.setblocking(False)

    def emit(self, record: logging.LogRecord) -> None:
        """What can't be sent at once is lost."""
        try:
            self._socket.sendto(_datagram(self._fields(record)), self._path)
        except OSError:
            pass
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()

    def _fields(self, record: logging.LogRecord) -> dict[str, str]:
        fields = {name.upper(): str(value) for name, value in extra_of(record).items()}
        return fields | {
            "MESSAGE": self.format(record),
            "PRIORITY": str(_PRIORITIES.get(record.levelno, 5)),
            "LOGGER": record.name,
            "SYSLOG_IDENTIFIER": "voice-livemind",
        }


class _Lines(logging.Formatter):
    """Time, level and message, with the fields behind."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in extra_of(record).items())
        return super().format(record) + fields


def extra_of(record: logging.LogRecord) -> dict[str, object]:
    """What was given as ``extra``."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _plain() -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines("%(asctime)s %(levelname)s %(message)s"))
    return handler


def _standard_error_is_journal() -> bool:
    """systemd names the stream by device and inode; a child may have another one."""
    try:
        stream = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"


def _datagram(fields: dict[str, str]) -> bytes:
    """In journald's own protocol: a value with its length before it may hold anything."""
    datagram = b""
    for name, value in fields.items():
        data = value[:_LONGEST].encode("utf-8", "backslashreplace")
        datagram += name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
    return datagram
