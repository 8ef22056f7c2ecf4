"""The recordings in ``audio/`` and what is known of them."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
AUDIO = ROOT / "audio"
MANIFEST: dict[str, dict[str, Any]] = {
    Path(entry["file"]).stem: entry
    for entry in map(json.loads, (AUDIO / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
}

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_WORDS = dict(zip(_ONES.split(), map(str, range(17)), strict=True)) | {"seventeen": "17", "twenty": "20"}


def recording(name: str) -> Path:
    """Its path."""
    return AUDIO / str(MANIFEST[name]["file"])


def plain(text: str) -> str:
    """Lower-case words without punctuation; small numbers as digits."""
    words = "".join(c if c.isalnum() else " " for c in text.lower().replace(",", "")).split()
    return " ".join(_WORDS.get(word, word) for word in words)


def says(text: str, answer: str) -> bool:
    """Whether ``answer`` stands in ``text`` as a word of its own."""
    return f" {plain(answer)} " in f" {plain(text)} "
