"""The summary of ``bench hearing`` for eyes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from voice_livemind.bench.figures import shown
from voice_livemind.bench.results import markdown_table

_HEADER = (
    "policy",
    "premature %",
    "commit p50 s",
    "p90",
    "p95",
    "pause p50 s",
    "text p50 s",
    "recall %",
    "full window %",
    "wer %",
    "false turns/min",
    "sentence p50 s",
    "missed",
    "VAD %",
)
_PRINTED = {
    "premature %": "early %",
    "commit p50 s": "wait p50",
    "p95": "p95",
    "recall %": "recall %",
    "full window %": "full %",
    "wer %": "wer %",
    "false turns/min": "false/min",
}
"""What a terminal has room for, under shorter names."""
_REMARK = """\
Waits are counted from the true end of speech, over recordings without a premature commitment; computing takes no time.
*recall*: labelled words that were heard; *full window*: the same for one pass of the recogniser over all of it.
*sentence*: from the end of a sentence until it was handed on. *missed*: recordings whose end was never committed.
*VAD*: CPU time of voice activity detection, % of one core.
"""


def as_markdown(summary: Mapping[str, Mapping[str, Any]], command: str) -> str:
    """results.md."""
    recordings = max((figures["recordings"] for figures in summary.values()), default=0)
    table = markdown_table(_HEADER, _rows(summary))
    return f"# Hearing\n\n{recordings} recordings.\n\n{table}\n{_REMARK}\n```\n{command}\n```\n"


def print_table(console: Console, summary: Mapping[str, Mapping[str, Any]]) -> None:
    """What matters most of it, narrow enough for 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("policy", no_wrap=True)
    for name in _PRINTED.values():
        table.add_column(name, justify="right", no_wrap=True)
    columns = [0, *map(_HEADER.index, _PRINTED)]
    for row in _rows(summary):
        table.add_row(*(row[column] for column in columns))
    console.print(table)


def _rows(summary: Mapping[str, Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    for key, figures in summary.items():
        commit = figures["commit_wait_s"]
        yield (
            key,
            shown(figures["premature_share"], 1, 100),
            *(shown(commit[rank]) for rank in ("p50", "p90", "p95")),
            shown(figures["pause_wait_s"]["p50"]),
            shown(figures["text_wait_s"]["p50"]),
            shown(figures["label_recall"], 1, 100),
            shown(figures["full_window_label_recall"], 1, 100),
            shown(figures["wer"], 1, 100),
            shown(figures["false_turns_per_minute"]),
            shown(figures["segment_latency_s"]["p50"]),
            str(figures["missed"]),
            shown(figures["vad_cpu_share"], 1, 100),
        )
