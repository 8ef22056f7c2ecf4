"""The page that a timeline is drawn on, and its colours."""

from dataclasses import dataclass, field

from voice_livemind.timeline import svg
from voice_livemind.timeline.layout import LEFT_PX, Scale

PAPER = "#ffffff"
"""Painted, so that the picture reads the same in a dark viewer."""
INK = "#1f2328"
MUTED = "#59636e"
GRID = "#e8ebee"
SPEECH = "#3568a8"
SPEECH_TINT = "#dfeaf7"
SPEECH_WASH = "#edf3fa"
REPLY = "#0f766e"
REPLY_TINT = "#dcf3f0"
COMMITTED = "#7a3ea8"
CUT = "#cf222e"
WORK = "#57606a"
WORK_TINT = "#b6bdc5"
WORK_WASH = "#f0f2f4"
FATES = {
    "used": ("#1a7f37", "#e3f5e7"),
    "stale": ("#b26a00", "#fdf1dc"),
    "late": ("#0969da", "#e2effd"),
    "aborted": ("#cf222e", "#fdeaea"),
    "wait": (WORK, WORK_WASH),
}
"""Colour and tint of a thought, by what became of it."""

ROW_GAP_PX = 14.0
LABEL_SIZE = 11.0


@dataclass
class Page:
    """A picture that grows downwards."""

    scale: Scale
    grid: svg.Element = field(default_factory=lambda: svg.Element("g"))
    behind: svg.Element = field(default_factory=lambda: svg.Element("g"))
    """Shades, and the vertical lines of the marks."""
    front: svg.Element = field(default_factory=lambda: svg.Element("g"))
    y: float = 0.0
    """Down to where it is filled, in pixels."""

    def row_name(self, name: str, middle: float) -> None:
        """Write ``name`` into the gutter, at the height ``middle``."""
        svg.write(self.front, name, LEFT_PX - 14, middle + 4, 12, MUTED, class_="row", text_anchor="end")

    def label(self, text: str, x: float, baseline: float, colour: str, kind: str) -> None:
        """Small text on a patch of paper, so that lines pass behind it."""
        group = svg.add(self.front, "g", class_=kind)
        svg.rect(group, "box", x, baseline - 10, svg.text_width(text, LABEL_SIZE), 13, PAPER)
        svg.write(group, text, x, baseline, LABEL_SIZE, colour)
