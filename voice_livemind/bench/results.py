"""What a bench shows, and what it leaves in ``--out``: results.json, results.md and its plots; all of them, or none."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from voice_livemind.bench import machine
from voice_livemind.bench.figures import rounded
from voice_livemind.errors import Failure


def results_json(runs: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> str:
    """``runs``: one object a recording or question; ``summary``: one object a policy or mode."""
    results = {
        "machine": machine.machine(),
        "versions": machine.versions(),
        "command": machine.command(),
        "runs": list(runs),
        "summary": dict(summary),
    }
    return json.dumps(rounded(results), ensure_ascii=False, indent=1) + "\n"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; all columns but the first are numbers."""
    ruler = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, ruler, *rows))


def print_columns(
    console: Console,
    first: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    printed: Mapping[str, str],
) -> None:
    """Of a table's columns the one of names, headed ``first``, and those of ``printed``, under its shorter names."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in printed.values():
        table.add_column(name, justify="right", no_wrap=True)
    columns = [0, *map(header.index, printed)]
    for row in rows:
        table.add_row(*(row[column] for column in columns))
    console.print(table)


def write_results(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write each text under its name; nothing is left behind where one can't be written. Raises Failure."""
    parts = {folder / f".{name}.{os.getpid()}.part": folder / name for name in files}
    try:
        for part, text in zip(parts, files.values(), strict=True):
            part.write_text(text, encoding="utf-8")
        for part, path in parts.items():
            part.replace(path)
    except OSError as error:
        raise Failure(f"the results could not be written into {folder}: {error}") from None
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return list(parts.values())
