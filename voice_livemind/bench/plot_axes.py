"""The two axes of a plot, with their grid."""

from collections.abc import Callable

from voice_livemind.bench.axis import Axis
from voice_livemind.timeline import svg
from voice_livemind.timeline.page import GRID, MUTED


def draw_x_axis(root: svg.Element, across: Axis, top: float, bottom: float, named: str) -> None:
    """Lines from ``top`` to ``bottom`` at the round values of ``across``, and its name below."""
    for value in across.ticks:
        svg.rect(root, "grid", across.px(value), top, 1, bottom - top, GRID)
        svg.write(root, f"{value:g}", across.px(value), bottom + 18, 11, MUTED, text_anchor="middle")
    svg.write(root, named, (across.begin + across.end) / 2, bottom + 42, 12, MUTED, text_anchor="middle")


def draw_y_axis(root: svg.Element, up: Axis, across: Axis, named: str, shown: Callable[[float], str]) -> None:
    """Lines along ``across`` at the round values of ``up``, and its name at the left."""
    for value in up.ticks:
        svg.rect(root, "grid", across.begin, up.px(value), across.end - across.begin, 1, GRID)
        svg.write(root, shown(value), across.begin - 8, up.px(value) + 4, 11, MUTED, text_anchor="end")
    middle = (up.begin + up.end) / 2
    turned = f"rotate(-90 20 {svg.number(middle)})"
    svg.write(root, named, 20, middle, 12, MUTED, text_anchor="middle", transform=turned)
