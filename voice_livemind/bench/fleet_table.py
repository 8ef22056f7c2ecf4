"""The summary of ``bench fleet`` for eyes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from voice_livemind.bench.figures import shown
from voice_livemind.bench.results import markdown_table, print_columns

Summary = Mapping[str, Mapping[str, Any]]

_HEADER = (
    *("kiosks", "turns", "first word p50 s", "p95", "p99", "unanswered", "other way", "with a note %", "shed %"),
    *("notes", "note tokens", "wasted tokens", "requests", "prompt tokens", "cached %", "generated tokens"),
)
_PRINTED = {
    "turns": "turns",
    "first word p50 s": "p50 s",
    "p95": "p95",
    "p99": "p99",
    "with a note %": "noted %",
    "shed %": "shed %",
    "wasted tokens": "wasted",
}
"""What a terminal has room for, under shorter names."""
_REMARK = """\
Times to the first word are counted from the true end of speech. *Unanswered*: the visitor heard an apology. *Other
way*: not answered in the way of the mode, shedding apart. *With a note*: the reply was written from at least one.
*Shed*: something was not thought about, since the servers were slow. From *notes* on: means a turn; prompt tokens with
those from the prefix cache, by the server's own count, without requests that were given up.
"""


def as_markdown(summary: Summary, conditions: str, command: str) -> str:
    """results.md. ``conditions``: how it was measured, in a sentence or two."""
    table = markdown_table(_HEADER, _rows(summary))
    return "\n".join([f"# Fleet\n\n{conditions}\n", table, _REMARK, f"```\n{command}\n```\n"])


def print_table(console: Console, summary: Summary) -> None:
    """What matters most of it, narrow enough for 80 columns."""
    print_columns(console, "", _HEADER, _rows(summary), _PRINTED)


def _rows(summary: Summary) -> Iterator[Sequence[str]]:
    for name, figures in summary.items():
        yield (
            name,
            str(figures["turns"]),
            *(shown(figures["first_word_s"][rank]) for rank in ("p50", "p95", "p99")),
            str(figures["unanswered"]),
            str(figures["other_way"]),
            *(shown(figures[share], 0, 100) for share in ("share_with_note", "share_shed")),
            *(shown(figures[mean], 1) for mean in ("notes", "note_tokens", "wasted_tokens", "requests")),
            shown(figures["prompt_tokens"], 0),
            shown(figures["share_cached"], 0, 100),
            shown(figures["generated_tokens"], 1),
        )
