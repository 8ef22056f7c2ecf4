"""What the lines of all measurements in a folder come to."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Row = dict[str, Any]


def report(folder: Path) -> Iterator[str]:
    """Lines of text."""
    for rows, summary in (
        (_grouped(folder / "interruptions.jsonl", "echo_ms"), _interruptions),
        (_grouped(folder / "noises.jsonl"), _noises),
        (_grouped(folder / "removals.jsonl", "device", "how", "state"), _removals),
        (_grouped(folder / "soak.jsonl"), _soak),
    ):
        yield from map(summary, rows)


def _interruptions(rows: Sequence[Row]) -> str:
    wrong, words, nobody = (sum(row[name] for row in rows) for name in ("wrong_words", "words", "false_holds"))
    right = sum(abs(row["heard_words"] - row["sounded_words"]) <= 1 for row in rows)
    return (
        f"echo after {rows[0]['echo_ms']} ms: stopped {_some(rows, 'stopped_s')}; "
        f"by the record {_some(rows, 'record_s')}; words wrong {wrong} of {words}; "
        f"cut known to within a word {right} of {len(rows)}; silenced by nobody {nobody} times"
    )


def _noises(rows: Sequence[Row]) -> str:
    silenced_s = [held_s for row in rows for held_s in row["silenced_s"]]
    return (
        f"{sum(len(row['noises']) for row in rows)} noises over {len(rows)} replies: {len(silenced_s)} silenced one, "
        f"{_figures(silenced_s)}; {sum(not row['whole'] for row in rows)} replies lost"
    )


def _removals(rows: Sequence[Row]) -> str:
    first = rows[0]
    return (
        f"{first['device']} {first['how']} while {first['state']}: answered {_some(rows, 'answered_s')}; "
        f"the loss noticed, and back {_some(rows, 'back_s')}"
    )


def _soak(rows: Sequence[Row]) -> str:
    first, last = rows[min(len(rows) - 1, 3)], rows[-1]
    names = ("memory_mib", "devices_mib", "open_files", "threads")
    counts = ", ".join(f"{name} {first[name]} → {last[name]}" for name in names)
    return f"{last['at_s']:.0f} s: asked {last['asked']}, answered {last['answered']}; {counts}"


def _some(rows: Sequence[Row], name: str) -> str:
    values = [row[name] for row in rows if row[name] is not None]
    return f"{len(values)} of {len(rows)}, {_figures(values)}"


def _figures(values: Sequence[float]) -> str:
    if not values:
        return "no times"
    middle, high = np.percentile(values, [50, 95])
    return f"median {middle:.2f}, p95 {high:.2f}, max {max(values):.2f} s"


def _grouped(file: Path, *names: str) -> list[list[Row]]:
    """The rows of a file by the values of these fields; none where there is no file."""
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return list(groups.values())
