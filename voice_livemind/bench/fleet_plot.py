"""The plot of ``bench fleet``, as SVG: time to the first word against the number of kiosks."""

from collections.abc import Mapping
from typing import Any

from voice_livemind.bench.axis import Axis
from voice_livemind.bench.plot_axes import draw_x_axis, draw_y_axis
from voice_livemind.timeline import svg
from voice_livemind.timeline.page import COMMITTED, CUT, INK, PAPER

_WIDTH, _HEIGHT = 820.0, 460.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 84.0, 170.0, 60.0, 64.0
_LEAST_S = 0.1
"""Sooner is drawn here."""
_COLOURS = {True: COMMITTED, False: CUT}
_NAMES = {True: "shedding", False: "all asked for"}
_RANKS = {"p50": None, "p95": "7 4", "p99": "2 3"}
"""And the dashes of their lines."""

Summary = Mapping[str, Mapping[str, Any]]


def draw_fleet(summary: Summary) -> str:
    """A self-contained SVG file: a colour with and without shedding; p50 drawn through, p95 dashed, p99 dotted."""
    described = "\n".join(
        f"{name}: median {figures['first_word_s']['p50']:.2f} s."
        for name, figures in summary.items()
        if figures["first_word_s"]["p50"] is not None
    )
    root = svg.document(_WIDTH, _HEIGHT, "Time to the first word, by kiosks", described or "Nothing was measured.")
    svg.rect(root, "paper", 0, 0, _WIDTH, _HEIGHT, PAPER)
    svg.write(root, "Time to the first word, by kiosks", 16, 32, 18, INK, font_weight="bold")
    across = Axis.around([figures["kiosks"] for figures in summary.values()], _LEFT, _WIDTH - _RIGHT, 1)
    times = [figures["first_word_s"][rank] for figures in summary.values() for rank in _RANKS]
    up = Axis.around([time_s for time_s in times if time_s is not None], _HEIGHT - _BOTTOM, _TOP, _LEAST_S)
    draw_x_axis(root, across, _TOP, up.begin, "kiosks")
    draw_y_axis(root, up, across, "first word after the end of speech, seconds", lambda value: f"{value:g}")
    for place, shedding in enumerate(sorted({figures["shedding"] for figures in summary.values()})):
        group = [figures for figures in summary.values() if figures["shedding"] is shedding]
        for row, (rank, dashes) in enumerate(_RANKS.items()):
            _line(root, across, up, group, rank, _COLOURS[shedding], dashes)
            y = _TOP + 18 * (place * (len(_RANKS) + 0.5) + row) + 4
            label = f"{_NAMES[shedding]}, {rank}"
            svg.write(root, label, _WIDTH - _RIGHT + 48, y, 12, _COLOURS[shedding], font_weight="bold")
            _stroke(root, f"{_WIDTH - _RIGHT + 12},{y - 4} {_WIDTH - _RIGHT + 42},{y - 4}", _COLOURS[shedding], dashes)
    return svg.rendered(root)


def _line(
    root: svg.Element,
    across: Axis,
    up: Axis,
    group: list[Mapping[str, Any]],
    rank: str,
    colour: str,
    dashes: str | None,
) -> None:
    points = [
        (across.px(figures["kiosks"]), up.px(figures["first_word_s"][rank]))
        for figures in sorted(group, key=lambda figures: int(figures["kiosks"]))
        if figures["first_word_s"][rank] is not None
    ]
    for x, y in points:
        svg.add(root, "circle", cx=x, cy=y, r=3, fill=colour)
    _stroke(root, " ".join(f"{svg.number(x)},{svg.number(y)}" for x, y in points), colour, dashes)


def _stroke(root: svg.Element, points: str, colour: str, dashes: str | None) -> None:
    line = svg.add(root, "polyline", points=points, fill="none", stroke=colour, stroke_width=2)
    if dashes:
        line.set("stroke-dasharray", dashes)
