"""runs.jsonl: what was asked for in its first line, then a line a run as soon as it is done.

So an interrupted bench loses no run: the same command goes on where it stopped.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voice_livemind.bench.question_run import QuestionRun
from voice_livemind.errors import Failure, UserError

NAME = "runs.jsonl"


class QuestionStore:
    """The runs in one folder."""

    def __init__(self, folder: Path, asked_for: Mapping[str, Any]) -> None:
        """``asked_for``: all that decides what the runs are, as JSON can hold it.

        Raises UserError where the folder holds the runs of another command, or a file of that name that is none.
        """
        self._path = folder / NAME
        self._asked_for = dict(asked_for)
        self.runs: list[QuestionRun] = []
        if self._path.exists():
            self._read()
        else:
            self._append(self._asked_for)

    def add(self, run: QuestionRun) -> None:
        """Keep a run that is done. Raises Failure where it can't be written."""
        self._append(run.as_json())
        self.runs.append(run)

    def _read(self) -> None:
        # What follows the last line's end is half a run: the bench was killed while it wrote.
        whole = self._path.read_bytes().rpartition(b"\n")
        try:
            first, *lines = [json.loads(line) for line in whole[0].splitlines()]
            self._require_same(first)
            self.runs = [QuestionRun(**line | {"turns": tuple(line["turns"])}) for line in lines]
        except (ValueError, TypeError, KeyError, AttributeError):
            raise UserError(f"{self._path}: not the runs of a bench of questions; give another --out") from None
        if whole[2]:
            self._path.write_bytes(whole[0] + whole[1])

    def _require_same(self, other: Mapping[str, Any]) -> None:
        differing = [key for key in self._asked_for if other.get(key) != self._asked_for[key]]
        if differing:
            raise UserError(
                f"{self._path}: the runs of another command (other {', '.join(differing)}); "
                "give another --out, or delete it"
            )

    def _append(self, line: Mapping[str, Any]) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise Failure(f"{self._path}: {error.strerror or error}") from None
