"""What journald gets, and what a terminal shows."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voice_livemind.kiosk import journal


@pytest.fixture
def logs() -> Iterator[logging.Logger]:
    """The kiosk's; afterwards all is as it was."""
    root, own = logging.getLogger(), logging.getLogger("voice_livemind")
    handlers, levels = root.handlers[:], (root.level, own.level)
    yield logging.getLogger("voice_livemind.kiosk")
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        if handler not in handlers:
            handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(levels[0])
    own.setLevel(levels[1])


def _fields(datagram: bytes) -> dict[str, str]:
    fields = {}
    while datagram:
        name, _, rest = datagram.partition(b"\n")
        length = int.from_bytes(rest[:8], "little")
        fields[name.decode()] = rest[8 : 8 + length].decode()
        assert rest[8 + length : 9 + length] == b"\n"
        datagram = rest[9 + length :]
    return fields


@contextmanager
def journald(folder: Path) -> Iterator[socket.socket]:
    """Listens, and has standard error when the log is opened."""
    path = folder / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening, (folder / "stderr").open("w") as stream:
        listening.bind(str(path))
        listening.settimeout(30)
        stat = os.fstat(stream.fileno())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(journal, "_SOCKET", path)
            patch.setattr("sys.stderr", stream)
            patch.setenv("JOURNAL_STREAM", f"{stat.st_dev}:{stat.st_ino}")
            journal.log_to_journal()
        yield listening


def test_journald_gets_fields(tmp_path: Path, logs: logging.Logger) -> None:
    with journald(tmp_path) as listening:
        logs.warning("%s: %s", "ladder", "down\nby one", extra={"rung": "prepared", "visitors": 3})
        fields = _fields(listening.recv(65536))
    assert fields["MESSAGE"] == "ladder: down\nby one" and fields["PRIORITY"] == "4"
    assert (fields["RUNG"], fields["VISITORS"], fields["LOGGER"]) == ("prepared", "3", "voice_livemind.kiosk")


def test_a_journal_that_is_full_or_has_gone_stops_nothing(tmp_path: Path, logs: logging.Logger) -> None:
    with journald(tmp_path) as listening:
        for _ in range(1000):
            logs.info("x" * 20_000)
        assert len(_fields(listening.recv(65536))["MESSAGE"]) == 8000
    logs.info("nobody listens")


def test_elsewhere_there_are_lines(
    logs: logging.Logger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    journal.log_to_journal()
    logs.info("the visitor has gone", extra={"visitors": 3})
    logging.getLogger("some.library").info("chatter")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("INFO the visitor has gone visitors=3")
