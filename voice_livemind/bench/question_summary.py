"""All runs of ``bench questions`` together: figures of each mode, and of each mode against each other."""

from collections.abc import Sequence
from itertools import permutations
from statistics import fmean, median
from typing import Any

from voice_livemind.bench.figures import percentiles, share
from voice_livemind.bench.intervals import median_interval, paired_difference, wilson
from voice_livemind.bench.question_run import QuestionRun
from voice_livemind.bench.questions import BUCKETS, bucket_of

_RANKS = (50, 95)


def summarize(runs: Sequence[QuestionRun]) -> dict[str, dict[str, Any]]:
    """Figures by mode, in the order in which the modes first come."""
    by_mode: dict[str, list[QuestionRun]] = {}
    for run in runs:
        by_mode.setdefault(run.mode, []).append(run)
    summary = {mode: _figures(group) for mode, group in by_mode.items()}
    for mode in summary:
        summary[mode]["against"] = {}
    for mode, other in permutations(by_mode, 2):
        summary[mode]["against"][other] = _compared(by_mode[mode], by_mode[other])
    return summary


def _figures(runs: Sequence[QuestionRun]) -> dict[str, Any]:
    buckets = {name: [run for run in runs if bucket_of(run.sentences) == name] for name in BUCKETS}
    return {
        "questions": len(runs),
        "accuracy": share(sum(run.right for run in runs), len(runs)),
        "accuracy_ci95": wilson(sum(run.right for run in runs), len(runs)),
        "first_word_s": percentiles((run.first_word_s for run in runs), _RANKS),
        "answer_s": percentiles((run.answer_s for run in runs), _RANKS),
        "reply_words": fmean(run.reply_words for run in runs),
        "note_tokens": fmean(run.note_tokens for run in runs),
        "wasted_tokens": fmean(run.wasted_tokens for run in runs),
        "share_with_note": share(sum(run.notes > 0 for run in runs), len(runs)),
        "share_note_right": share(sum(run.note_right for run in runs), len(runs)),
        "fallbacks": sum(run.fallback is not None for run in runs),
        "split_turns": sum(len(run.turns) > 1 for run in runs),
        "by_sentences": {name: _figures_of_bucket(group) for name, group in buckets.items()},
    }


def _figures_of_bucket(runs: Sequence[QuestionRun]) -> dict[str, Any]:
    return {
        "questions": len(runs),
        "accuracy": share(sum(run.right for run in runs), len(runs)),
        "first_word_s": percentiles((run.first_word_s for run in runs), _RANKS),
        "answer_s": percentiles((run.answer_s for run in runs), _RANKS),
    }


def _compared(runs: Sequence[QuestionRun], others: Sequence[QuestionRun]) -> dict[str, Any]:
    """Question by question: a mode against another one."""
    same = {other.id: other for other in others}
    pairs = [(run, same[run.id]) for run in runs if run.id in same]
    right, other_right = [run.right for run, _ in pairs], [other.right for _, other in pairs]
    ratios = [
        run.first_word_s / other.first_word_s
        for run, other in pairs
        if run.first_word_s is not None and other.first_word_s is not None and other.first_word_s > 0
    ]
    return {
        "questions": len(pairs),
        "accuracy_difference": (sum(right) - sum(other_right)) / len(pairs) if pairs else None,
        "accuracy_difference_ci95": paired_difference(right, other_right),
        "first_word_ratio": median(ratios) if ratios else None,
        "first_word_ratio_ci95": median_interval(ratios),
    }
