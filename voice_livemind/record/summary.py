"""What is printed after a replay: what was said, and where the time to the first word went."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from voice_livemind.record.turn import Marks, TurnRecord

_UNKNOWN = "–"  # noqa: RUF001 (an en dash is meant)
_SHOWN_CHARACTERS = 160


class Delays(NamedTuple):
    """The time from the end of speech to the first word, in parts that add up to it; seconds, ``None`` where unknown.

    A part is negative where the work was done ahead: a reply that was drafted before the turn was committed.
    """

    silence: float | None
    """Until the turn was committed."""
    text: float | None
    """Waiting for the transcript after that."""
    token: float | None
    """Until the model's first token."""
    clause: float | None
    """Until the first clause was complete."""
    audio: float | None
    """Until the first audible sample."""

    @classmethod
    def of(cls, marks: Marks) -> "Delays":
        """Taken from the marks of a turn."""
        text = _between(marks.committed, marks.text_final)
        text = None if text is None else max(text, 0.0)
        ready = marks.committed if text is None or marks.committed is None else marks.committed + text
        return cls(
            silence=_between(marks.speech_end, marks.committed),
            text=text,
            token=_between(ready, marks.first_token),
            clause=_between(marks.first_token, marks.first_clause),
            audio=_between(marks.first_clause, marks.first_audio),
        )


class Hearing(NamedTuple):
    """How soon words were known while somebody spoke: medians over all turns in seconds, ``None`` where unknown."""

    sentence: float | None
    """From the end of a sentence, by the recogniser's time of its last word, until it was first handed on."""
    text: float | None
    """From the moment that a pause was noticed until all words before it were known."""

    @classmethod
    def of(cls, turns: Sequence[TurnRecord]) -> "Hearing":
        """Taken from the records of turns."""
        segments = [segment for turn in turns for segment in turn.segments if segment.revision == 0]
        sentences = [segment.heard_s - segment.end_s for segment in segments if segment.heard_s is not None]
        pauses = [known_s - noticed_s for turn in turns for noticed_s, known_s in turn.pauses]
        return cls(_median(sentences), _median(pauses))


def print_summary(console: Console, turns: Sequence[TurnRecord]) -> None:
    """A compact table, a row a turn."""
    if not turns:
        console.print("nothing was said")
        return
    modes = ", ".join(dict.fromkeys(turn.mode for turn in turns))
    hearing = Hearing.of(turns)
    caption = (
        f"mode {modes}; first word = {' + '.join(Delays._fields)}, in seconds; negative: done ahead\n"
        f"medians, in seconds: sentence heard after its end {_seconds(hearing.sentence)}, "
        f"text after a pause {_seconds(hearing.text)}"
    )
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    table.add_column("turn", justify="right", no_wrap=True)
    table.add_column("said, and answered", ratio=1)
    table.add_column("first word", justify="right", width=5, style="bold")
    for name in Delays._fields:
        table.add_column(name, justify="right", no_wrap=True)
    for turn in turns:
        times = (turn.first_word_s, *Delays.of(turn.marks))
        table.add_row(str(turn.turn), _words(turn), *map(_seconds, times))
    console.print(table)


def _words(turn: TurnRecord) -> Text:
    # Text, since in plain strings rich reads square brackets as markup.
    words = Text(_shortened(turn.transcript) or _UNKNOWN)
    words.append(f"\n{_shortened(turn.reply) or _UNKNOWN}", style="cyan")
    if turn.interrupted:
        words.append(" (interrupted)", style="red")
    if turn.fallback is not None:
        words.append(f"\n{turn.fallback}", style="dim")
    return words


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1].rstrip()}…"


def _between(start_s: float | None, end_s: float | None) -> float | None:
    return None if start_s is None or end_s is None else end_s - start_s


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _seconds(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value + 0.0:.2f}"
