"""What is known of recordings: JSON lines with ``file``, ``slots`` or ``text``, and ``speech`` spans where known."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from voice_livemind.errors import UserError

Span = tuple[float, float]


class Label(BaseModel):
    """One line; other fields than these are of no matter here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    file: Annotated[str, Field(min_length=1)]
    """Base name."""
    slots: dict[str, str] | None = None
    """Words that must be heard."""
    text: str | None = None
    """All the words; empty where nobody speaks."""
    speech: tuple[Span, ...] | None = None
    """From when to when somebody speaks, in order; after each of them an answer is due."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.slots is None and self.text is None and self.speech is None:
            raise ValueError("neither slots nor text nor speech")
        spans = self.speech or ()
        if any(start_s < 0 or end_s <= start_s for start_s, end_s in spans):
            raise ValueError("speech: a span ends before it starts")
        if any(after[0] < before[1] for before, after in pairwise(spans)):
            raise ValueError("speech: spans overlap or are out of order")
        return self

    @property
    def speaks(self) -> bool:
        """Whether anybody says anything."""
        if self.speech is not None:
            return bool(self.speech)
        return bool((self.text or "").strip() or self.slots)

    @property
    def wanted(self) -> str:
        """The words of the slots; where there are no slots, all words."""
        return " ".join(self.slots.values()) if self.slots is not None else self.text or ""


def read_labels(path: Path) -> dict[str, Label]:
    """Labels by file. Raises UserError: not there, a line that is no label, a file twice."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserError(f"--labels {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UserError(f"--labels {path}: not a text file (UTF-8)") from None
    labels: dict[str, Label] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            label = _label(line, f"--labels {path}, line {number}")
            if label.file in labels:
                raise UserError(f"--labels {path}, line {number}: {label.file} has a label already")
            labels[label.file] = label
    return labels


def _label(line: str, where: str) -> Label:
    try:
        return Label.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not JSON: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ").lower()
        raise UserError(f"{where}: {f'{key}: ' if key else ''}{said}") from None


def require_distinct(files: Sequence[Path]) -> None:
    """Labels and results go by base name. Raises UserError where two files have the same."""
    names = [file.name for file in files]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"two files are named {name}: labels and results go by name; give them apart")
