"""The summary of ``bench questions`` for eyes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from rich.console import Console

from voice_livemind.bench.figures import shown
from voice_livemind.bench.intervals import Interval
from voice_livemind.bench.questions import BUCKETS
from voice_livemind.bench.results import markdown_table, print_columns

Summary = Mapping[str, Mapping[str, Any]]

_HEADER = (
    *("mode", "right %", "95 %", "first word p50 s", "p95", "answer p50 s", "p95", "reply words", "note tokens"),
    *("wasted tokens", "with a note %", "right in a note %", "other way", "split"),
)
_PRINTED = {
    "right %": "right %",
    "95 %": "95 %",
    "first word p50 s": "first word",
    "answer p50 s": "answer",
    "reply words": "words",
    "wasted tokens": "wasted",
    "with a note %": "noted %",
}
"""What a terminal has room for, under shorter names."""
_PAIRED_HEADER = ("modes", "questions", "right, points more", "95 %", "first word, ratio", "95 %")
_REMARK = """\
Times are counted from the true end of speech. *Answer*: when the clause begins from which on the right answer is heard
(of the questions that were answered rightly). Reply words and tokens are means a question. *With a note*: the reply was
written from at least one. *Right in a note*: some note held the expected answer, whatever was replied. *Other way*: not
answered in the way of the mode, say since a model failed. *Split*: the turn was committed before its end.
Intervals of shares are Wilson's.
"""
_PAIRED_REMARK = """\
The same questions in both modes. Differences of shares with Newcombe's interval for pairs; the median ratio of the
times to the first word, question by question, with a bootstrap interval.
"""


def as_markdown(summary: Summary, conditions: str, command: str) -> str:
    """results.md. ``conditions``: how the questions were asked, in a sentence or two."""
    questions = max((figures["questions"] for figures in summary.values()), default=0)
    parts = [
        f"# Questions\n\n{questions} questions. {conditions}\n",
        markdown_table(_HEADER, _rows(summary)),
        _REMARK,
        "## First word and accuracy by length\n\nSentences of the question; median seconds, and % right.\n",
        markdown_table(("mode", *_bucket_names(summary)), _length_rows(summary)),
    ]
    if len(summary) > 1:
        parts += [
            "## Modes against each other\n",
            markdown_table(_PAIRED_HEADER, _paired_rows(summary)),
            _PAIRED_REMARK,
        ]
    return "\n".join([*parts, f"```\n{command}\n```\n"])


def print_table(console: Console, summary: Summary) -> None:
    """What matters most of it, narrow enough for 80 columns."""
    print_columns(console, "mode", _HEADER, _rows(summary), _PRINTED)


def _rows(summary: Summary) -> Iterator[Sequence[str]]:
    for mode, figures in summary.items():
        yield (
            mode,
            shown(figures["accuracy"], 1, 100),
            _interval(figures["accuracy_ci95"], 0, 100),
            *(shown(figures["first_word_s"][rank]) for rank in ("p50", "p95")),
            *(shown(figures["answer_s"][rank]) for rank in ("p50", "p95")),
            *(shown(figures[name], 1) for name in ("reply_words", "note_tokens", "wasted_tokens")),
            *(shown(figures[name], 0, 100) for name in ("share_with_note", "share_note_right")),
            str(figures["fallbacks"]),
            str(figures["split_turns"]),
        )


def _bucket_names(summary: Summary) -> list[str]:
    """With the number of questions in each."""
    first = next(iter(summary.values()))["by_sentences"]
    return [f"{name} (n = {first[name]['questions']})" for name in BUCKETS]


def _length_rows(summary: Summary) -> Iterator[Sequence[str]]:
    for mode, figures in summary.items():
        buckets = figures["by_sentences"].values()
        yield mode, *(f"{shown(one['first_word_s']['p50'])} s, {shown(one['accuracy'], 0, 100)} %" for one in buckets)


def _paired_rows(summary: Summary) -> Iterator[Sequence[str]]:
    for other, mode in combinations(summary, 2):
        compared = summary[mode]["against"][other]
        yield (
            f"{mode} against {other}",
            str(compared["questions"]),
            shown(compared["accuracy_difference"], 1, 100),
            _interval(compared["accuracy_difference_ci95"], 1, 100),
            shown(compared["first_word_ratio"]),
            _interval(compared["first_word_ratio_ci95"], 2),
        )


def _interval(interval: Interval | None, decimals: int, scale: float = 1.0) -> str:
    low, high = interval or (None, None)
    return f"{shown(low, decimals, scale)} … {shown(high, decimals, scale)}"
