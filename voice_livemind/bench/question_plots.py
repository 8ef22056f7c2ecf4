"""The plots of ``bench questions``, as SVG: a colour a mode, seconds on a logarithmic axis."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from statistics import median
from typing import Any

import numpy as np

from voice_livemind.bench.axis import Axis
from voice_livemind.bench.plot_axes import draw_x_axis, draw_y_axis
from voice_livemind.bench.question_run import QuestionRun
from voice_livemind.bench.questions import BUCKETS
from voice_livemind.timeline import svg
from voice_livemind.timeline.page import COMMITTED, CUT, INK, PAPER, REPLY, SPEECH

_COLOURS = (SPEECH, COMMITTED, REPLY, CUT, "#b26a00", "#1a7f37", INK, "#0969da")
_WIDTH, _HEIGHT = 820.0, 480.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 84.0, 150.0, 60.0, 64.0
_ROW = 46.0
_LEAST_S = 0.05
"""Sooner is drawn here."""
_FIRST_WORD = "first word after the end of speech, seconds"

Summary = Mapping[str, Mapping[str, Any]]


def draw_questions(runs: Sequence[QuestionRun], summary: Summary) -> dict[str, str]:
    """Self-contained SVG files by name."""
    return {
        "first_word.svg": draw_first_word(runs, summary),
        "sentences.svg": draw_sentences(runs, summary),
        "accuracy.svg": draw_accuracy(summary),
    }


def draw_first_word(runs: Sequence[QuestionRun], summary: Summary) -> str:
    """A box a mode: quartiles and median; the whiskers reach from the 5th to the 95th percentile."""
    times = _times(runs)
    bottom = _TOP + _ROW * max(1, len(times))
    described = "\n".join(f"{mode}: median {median(values):.2f} s." for mode, values in times.items())
    root = _page("Time to the first word", described, bottom + _BOTTOM)
    across = _seconds([value for values in times.values() for value in values], 140, _WIDTH - 40)
    draw_x_axis(root, across, _TOP, bottom, _FIRST_WORD)
    colours = _colours(summary)
    for place, (mode, values) in enumerate(times.items()):
        y, colour = _TOP + _ROW * (place + 0.5), colours[mode]
        svg.write(root, mode, 128, y + 4, 12, colour, text_anchor="end", font_weight="bold")
        low, quarter, middle, three_quarters, high = map(across.px, np.percentile(values, (5, 25, 50, 75, 95)))
        svg.rect(root, "whisker", low, y - 0.75, high - low, 1.5, colour)
        for value in values:
            svg.add(root, "circle", cx=across.px(value), cy=y + 15, r=1.5, fill=colour, fill_opacity="0.4")
        box = svg.rect(root, "box", quarter, y - 10, three_quarters - quarter, 20, PAPER)
        box.set("stroke", colour)
        svg.rect(root, "median", middle - 1.5, y - 10, 3, 20, colour)
    return svg.rendered(root)


def draw_sentences(runs: Sequence[QuestionRun], summary: Summary) -> str:
    """First word against the number of sentences: a dot a question, a line through the medians of the buckets."""
    root = _page("Time to the first word, by length", _FIRST_WORD, _HEIGHT)
    across = Axis.around([run.sentences for run in runs], _LEFT, _WIDTH - _RIGHT, 1)
    times = _times(runs)
    up = _seconds([value for values in times.values() for value in values], _HEIGHT - _BOTTOM, _TOP)
    draw_x_axis(root, across, _TOP, _HEIGHT - _BOTTOM, "sentences of the question")
    draw_y_axis(root, up, across, _FIRST_WORD, lambda value: f"{value:g}")
    for place, (mode, colour) in enumerate(_colours(summary).items()):
        _legend(root, place, mode, colour)
        line = []
        for least, most in BUCKETS.values():
            points = [
                (run.sentences, run.first_word_s)
                for run in runs
                if run.mode == mode and least <= run.sentences <= most and run.first_word_s is not None
            ]
            for sentences, first_word_s in points:
                # Modes side by side, not on top of one another.
                x, y = across.px(sentences) + 3 * place, up.px(first_word_s)
                svg.add(root, "circle", cx=x, cy=y, r=2, fill=colour, fill_opacity="0.5")
            if points:
                line.append(tuple(median(values) for values in zip(*points, strict=True)))
        marks = " ".join(f"{svg.number(across.px(x) + 3 * place)},{svg.number(up.px(y))}" for x, y in line)
        svg.add(root, "polyline", points=marks, fill="none", stroke=colour, stroke_width=2, stroke_opacity="0.8")
    return svg.rendered(root)


def draw_accuracy(summary: Summary) -> str:
    """A dot a mode: accuracy and its interval against the median time to the first word; a ring at the answer."""
    described = "\n".join(f"{mode}: {100 * figures['accuracy']:.0f} % right." for mode, figures in summary.items())
    root = _page("Accuracy against time", described, _HEIGHT)
    colours = {
        mode: colour for mode, colour in _colours(summary).items() if summary[mode]["first_word_s"]["p50"] is not None
    }
    times = [summary[mode][key]["p50"] for mode in colours for key in ("first_word_s", "answer_s")]
    across = _seconds([time_s for time_s in times if time_s is not None], _LEFT, _WIDTH - _RIGHT)
    up = Axis(0, 1, _HEIGHT - _BOTTOM, _TOP)
    draw_x_axis(
        root, across, _TOP, up.begin, "median time after the end of speech, seconds: first word (dot) and answer (ring)"
    )
    draw_y_axis(root, up, across, "right answers, with 95 % interval", lambda value: f"{100 * value:.0f} %")
    for place, (mode, colour) in enumerate(colours.items()):
        _legend(root, place, mode, colour)
        figures = summary[mode]
        x, y = across.px(figures["first_word_s"]["p50"]), up.px(figures["accuracy"])
        low, high = map(up.px, figures["accuracy_ci95"])
        svg.rect(root, "interval", x - 0.75, high, 1.5, low - high, colour)
        if figures["answer_s"]["p50"] is not None:
            answer_x = across.px(figures["answer_s"]["p50"])
            svg.rect(root, "until-answer", min(x, answer_x), y - 0.5, abs(answer_x - x), 1, colour)
            svg.add(root, "circle", cx=answer_x, cy=y, r=5, fill=PAPER, stroke=colour, stroke_width=1.5)
        svg.add(root, "circle", cx=x, cy=y, r=5, fill=colour)
    return svg.rendered(root)


def _colours(summary: Summary) -> dict[str, str]:
    """Of each mode, the same in all plots."""
    return dict(zip(summary, cycle(_COLOURS), strict=False))


def _times(runs: Sequence[QuestionRun]) -> dict[str, list[float]]:
    """Times to the first word by mode, where there was one."""
    times: dict[str, list[float]] = {}
    for run in runs:
        if run.first_word_s is not None:
            times.setdefault(run.mode, []).append(run.first_word_s)
    return times


def _seconds(values: Sequence[float], begin: float, end: float) -> Axis:
    return Axis.around(values, begin, end, _LEAST_S)


def _page(title: str, described: str, height: float) -> svg.Element:
    root = svg.document(_WIDTH, height, title, described or "Nothing was measured.")
    svg.rect(root, "paper", 0, 0, _WIDTH, height, PAPER)
    svg.write(root, title, 16, 32, 18, INK, font_weight="bold")
    return root


def _legend(root: svg.Element, place: int, mode: str, colour: str) -> None:
    svg.write(root, mode, _WIDTH - _RIGHT + 24, _TOP + 18 * place + 4, 12, colour, font_weight="bold")
