"""What visitors said and heard, kept on disk where the configuration says so: a file a day, for some days."""

import json
import logging
import os
from datetime import date, datetime, timedelta
from pathlib import Path

from voice_livemind.errors import UserError
from voice_livemind.record.turn import TurnRecord

_ENDING = ".jsonl"

log = logging.getLogger("voice_livemind.kiosk")


class Transcripts:
    """A folder that only its owner may read. What can't be written is lost: the conversation goes on."""

    def __init__(self, folder: str, days: int) -> None:
        """Without a ``folder`` nothing is kept. Raises UserError where the folder can't be made."""
        self._folder = Path(folder) if folder else None
        self._on = self._folder is not None
        self._days = days
        self._pruned: date | None = None
        self._failed = False
        if self._folder is not None:
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._folder.chmod(0o700)
            except OSError as error:
                raise UserError(f"kiosk.transcripts = {folder!r}: {error.strerror or error}") from None

    def off(self) -> None:
        """From now on nothing is kept. What has been is deleted when its days are over."""
        if self._on:
            log.warning("transcripts are off until the next start")
        self._on = False

    def keep(self, visitor: int, turn: TurnRecord, now: datetime) -> None:
        """Write a turn down."""
        if self._folder is None or not self._on:
            return
        line = {
            "at": now.isoformat(timespec="seconds"),
            "visitor": visitor,
            "said": turn.transcript,
            "heard": turn.heard,
        }
        try:
            file = os.open(self._folder / f"{now.date()}{_ENDING}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with open(file, "w", encoding="utf-8") as out:  # noqa: PTH123  Path.open knows no mode for a new file
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            self._failing(error)
        else:
            self._failed = False

    def prune(self, today: date) -> None:
        """Delete what is older than its days; once a day."""
        if self._folder is None or self._pruned == today:
            return
        self._pruned = today
        try:
            for file in self._folder.glob(f"*{_ENDING}"):
                day = _day(file)
                if day is not None and today - day >= timedelta(self._days):
                    file.unlink()
        except OSError as error:
            self._failing(error)

    def _failing(self, error: OSError) -> None:
        if not self._failed:
            log.error("transcripts can't be kept: %s", error.strerror or error)
        self._failed = True


def _day(file: Path) -> date | None:
    try:
        return date.fromisoformat(file.stem)
    except ValueError:
        return None
