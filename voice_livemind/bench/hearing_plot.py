"""Premature commitments against the wait, as SVG: fixed silences as a curve, other policies as points."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from voice_livemind.timeline import svg
from voice_livemind.timeline.page import COMMITTED, CUT, GRID, INK, MUTED, PAPER, REPLY, SPEECH

_WIDTH, _HEIGHT = 820.0, 520.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 130.0, 88.0, 64.0
_COLOURS = (SPEECH, COMMITTED, REPLY, CUT, INK)
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_FIXED = re.compile(r"fixed-(\d+)ms")


class _Point(NamedTuple):
    name: str
    silence_ms: int | None
    """Of a fixed-silence policy."""
    wait_s: float
    premature: float

    @property
    def label(self) -> str:
        return self.name if self.silence_ms is None else f"{self.silence_ms} ms"


class _Axes(NamedTuple):
    """From seconds and shares to pixels."""

    wait_s: float
    """At the right edge."""
    premature: float
    """At the upper edge."""

    def x(self, wait_s: float) -> float:
        return _LEFT + wait_s / self.wait_s * (_WIDTH - _LEFT - _RIGHT)

    def y(self, premature: float) -> float:
        return _HEIGHT - _BOTTOM - premature / self.premature * (_HEIGHT - _TOP - _BOTTOM)


def draw_hearing(summary: Mapping[str, Mapping[str, Any]]) -> str:
    """A self-contained SVG of the ``summary`` of results.json, a colour for each condition after the ``@``."""
    series: dict[str, list[_Point]] = defaultdict(list)
    all_premature = []
    for key, figures in summary.items():
        policy, _, condition = key.partition("@")
        wait_s, premature = figures["commit_wait_s"]["p50"], figures["premature_share"]
        if wait_s is None:
            wait_s = figures["last_commit_wait_s"]["p50"]
            all_premature.append(key)
        if wait_s is None or premature is None:
            continue
        fixed = _FIXED.fullmatch(policy)
        series[condition].append(_Point(policy, int(fixed[1]) if fixed else None, wait_s, premature))
    points = [point for group in series.values() for point in group]
    axes = _Axes(
        max([0.1, *(1.1 * point.wait_s for point in points)]),
        min(1.0, max([0.05, *(1.15 * point.premature for point in points)])),
    )
    title = "Cutting in against waiting"
    root = svg.document(_WIDTH, _HEIGHT, title, _described(points))
    svg.rect(root, "paper", 0, 0, _WIDTH, _HEIGHT, PAPER)
    svg.write(root, title, 16, 32, 18, INK, font_weight="bold")
    _grid(root, axes)
    for place, (condition, group) in enumerate(series.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        _draw(root, axes, group, colour)
        if condition:
            svg.write(root, condition, _WIDTH - _RIGHT + 24, _TOP + 18 * place + 4, 12, colour, font_weight="bold")
    if points and all_premature:
        remark = f"wait until the last commitment, since there was always one too early: {', '.join(all_premature)}"
        svg.write(root, svg.shortened(remark, _WIDTH - 32, 11), 16, 52, 11, MUTED)
    return svg.rendered(root)


def _described(points: list[_Point]) -> str:
    lines = [f"{p.name}: {100 * p.premature:.1f} % premature, median wait {p.wait_s:.2f} s." for p in points]
    return "\n".join(lines) or "Nothing was measured."


def _draw(root: svg.Element, axes: _Axes, group: list[_Point], colour: str) -> None:
    curve = sorted((point for point in group if point.silence_ms is not None), key=lambda point: point.silence_ms or 0)
    if len(curve) > 1:
        line = " ".join(f"{svg.number(axes.x(p.wait_s))},{svg.number(axes.y(p.premature))}" for p in curve)
        svg.add(root, "polyline", points=line, fill="none", stroke=colour, stroke_width=1.5, stroke_opacity="0.6")
    for place, point in enumerate(curve):
        x, y = axes.x(point.wait_s), axes.y(point.premature)
        svg.add(root, "circle", cx=x, cy=y, r=4, fill=PAPER, stroke=colour, stroke_width=1.5)
        # Neighbours on the curve are nearer to each other than their labels are wide.
        svg.write(root, point.label, x + 10, y - 6 - 12 * (place % 2), 10, colour)
    for point in group:
        if point.silence_ms is None:
            x, y = axes.x(point.wait_s), axes.y(point.premature)
            diamond = f"M{svg.number(x)},{svg.number(y - 8)} l8,8 -8,8 -8,-8 z"
            svg.add(root, "path", d=diamond, fill=colour, stroke=PAPER, stroke_width=1.5)
            svg.write(root, point.label, x, y - 14, 13, colour, font_weight="bold", text_anchor="middle")


def _grid(root: svg.Element, axes: _Axes) -> None:
    bottom, right = axes.y(0), axes.x(axes.wait_s)
    for wait_s in _ticks(axes.wait_s):
        svg.rect(root, "grid", axes.x(wait_s), _TOP, 1, bottom - _TOP, GRID)
        svg.write(root, f"{wait_s:g}", axes.x(wait_s), bottom + 18, 11, MUTED, text_anchor="middle")
    for premature in _ticks(axes.premature):
        svg.rect(root, "grid", _LEFT, axes.y(premature), right - _LEFT, 1, GRID)
        svg.write(root, f"{100 * premature:g} %", _LEFT - 8, axes.y(premature) + 4, 11, MUTED, text_anchor="end")
    middle = (_LEFT + right) / 2
    named = "median wait from the true end of speech to the commitment, seconds"
    svg.write(root, named, middle, bottom + 42, 12, MUTED, text_anchor="middle")
    turned = f"rotate(-90 20 {svg.number((_TOP + bottom) / 2)})"
    named = "recordings with a premature commitment"
    svg.write(root, named, 20, (_TOP + bottom) / 2, 12, MUTED, text_anchor="middle", transform=turned)


def _ticks(end: float) -> list[float]:
    """Round numbers from 0 to ``end``, not more than nine."""
    step = next((step for step in _STEPS if end / step <= 8), _STEPS[-1])
    return [round(step * place, 2) for place in range(math.floor(end / step + 1e-6) + 1)]
