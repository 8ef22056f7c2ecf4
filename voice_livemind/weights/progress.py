"""What a pull shows while it runs: a bar on a terminal, a plain line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

_LINE_EVERY_S = 5.0

Report = Callable[[int], None]
"""Takes how many bytes of a model are here by now."""


class Progress:
    """Shows lines and byte counts on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def counting(self, name: str, total_bytes: int | None) -> Iterator[Report]:
        """While the block runs, shows what is reported; a total of None is unknown."""
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
            with Bars(*columns, console=self._console, transient=True) as bars:
                task = bars.add_task(name, total=total_bytes)
                yield lambda done: bars.update(task, completed=_at_most(done, total_bytes))
        else:
            yield self._lines(name, total_bytes)

    def _lines(self, name: str, total_bytes: int | None) -> Report:
        last = time.monotonic()
        of_total = "" if total_bytes is None else f" of {decimal(total_bytes)}"

        def report(done: int) -> None:
            nonlocal last
            if time.monotonic() - last >= _LINE_EVERY_S:
                last = time.monotonic()
                self.say(f"{name}: {decimal(_at_most(done, total_bytes))}{of_total}")

        return report


def _at_most(done: int, total_bytes: int | None) -> int:
    """What lies on the disk meanwhile can be a little more than the model itself."""
    return done if total_bytes is None else min(done, total_bytes)
