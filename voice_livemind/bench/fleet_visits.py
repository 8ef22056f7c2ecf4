"""What the visitors of a fleet say, and when: from recordings with a manifest beside them, or from questions."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from voice_livemind.bench.questions import read_questions, sentences_of
from voice_livemind.bench.spoken_text import PAUSE_S, Said, at_the_speed_of_speech
from voice_livemind.errors import UserError

_MANIFEST = "manifest.jsonl"
_SHORTEST_SENTENCE_S = 0.2


class Visit(NamedTuple):
    """One visitor's words."""

    name: str
    said: Sequence[Said]


class _Entry(BaseModel):
    """A line of the manifest; other fields than these are of no matter here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    file: str
    text: str
    speech: tuple[tuple[float, float], ...] = ()
    sentence_ends_s: tuple[float, ...] = ()


def read_visits(paths: Sequence[Path]) -> list[Visit]:
    """All of them. Raises UserError: no such file, no manifest beside a recording, or nothing about it in there."""
    visits = [visit for path in paths for visit in _visits(path)]
    if not visits:
        raise UserError("nobody says anything in these files")
    return visits


def _visits(path: Path) -> Iterator[Visit]:
    if path.suffix == ".jsonl":
        for question in read_questions(path):
            yield Visit(str(question.id), at_the_speed_of_speech(question.spoken))
        return
    entry = _entry(path)
    if said := _said(entry):
        yield Visit(path.stem, said)


def _entry(path: Path) -> _Entry:
    manifest = path.with_name(_MANIFEST)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines()
        entries = [_Entry.model_validate(json.loads(line)) for line in lines if line.strip()]
    except OSError:
        raise UserError(f"{path}: what is said in it is not known: there is no {_MANIFEST} beside it") from None
    except (ValueError, ValidationError):
        raise UserError(f"{manifest}: not a manifest: JSON lines with file, text, speech, sentence_ends_s") from None
    for entry in entries:
        if entry.file == path.name:
            return entry
    raise UserError(f"{path}: what is said in it is not known: {manifest} has no line about it")


def _said(entry: _Entry) -> list[Said]:
    """Its sentences, each where it is in the recording."""
    said: list[Said] = []
    before_s = 0.0
    for text, end_s in zip(sentences_of(entry.text), entry.sentence_ends_s, strict=False):
        begun = [start_s for start_s, _ in entry.speech if before_s <= start_s < end_s]
        start_s = begun[0] if begun else before_s + PAUSE_S
        said.append(Said(min(start_s, end_s - _SHORTEST_SENTENCE_S), end_s, text))
        before_s = end_s
    return said
