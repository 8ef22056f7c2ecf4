"""Cards: a bar that spans exactly its time, and under it what was said or thought, in a box that may be wider."""

from collections.abc import Sequence
from dataclasses import dataclass

from voice_livemind.timeline import svg
from voice_livemind.timeline.layout import Scale, lanes

BAR_PX = 5.0
GAP_PX = 5.0
"""Between lanes."""
_PADDING_PX = 5.0
_MIN_TEXT_PX = 72.0
_MAX_WORD_PX = 150.0


@dataclass(frozen=True)
class Card:
    """Something with words and a place in time."""

    kind: str
    """The ``class`` of its element."""
    start_s: float
    end_s: float | None
    """``None`` where the record has no times; then there is no bar."""
    text: str
    tooltip: str
    """The whole text, never shortened."""
    bar: str
    """Colour."""
    fill: str
    """Colour."""
    ink: str
    """Colour."""
    room_px: float = _MIN_TEXT_PX
    """How wide the box may get for its text where the bar is shorter."""
    size: float = 11.0
    """Of the text, in pixels."""
    max_lines: int = 6


@dataclass(frozen=True)
class _Placed:
    card: Card
    left: float
    width: float
    lines: list[str]

    @property
    def height(self) -> float:
        return BAR_PX + len(self.lines) * _line_px(self.card) + (_PADDING_PX if self.lines else 0.0)


def draw_cards(parent: svg.Element, scale: Scale, cards: Sequence[Card], top: float) -> float:
    """Draw ``cards`` from ``top`` down, those that overlap one under another; returns the bottom, in pixels."""
    placed = sorted((_placed(card, scale) for card in cards), key=lambda item: item.left)
    chosen = lanes([(item.left, item.left + item.width) for item in placed])
    for lane in range(max(chosen, default=-1) + 1):
        members = [item for item, own in zip(placed, chosen, strict=True) if own == lane]
        for item in members:
            _draw(parent, scale, item, top)
        top += max(item.height for item in members) + GAP_PX
    return top


def _placed(card: Card, scale: Scale) -> _Placed:
    start = scale.x(card.start_s)
    bar = scale.x(card.end_s) - start if card.end_s is not None else 0.0
    width = max(bar, _text_px(card) + 2 * _PADDING_PX + 1)
    lines = svg.wrapped(card.text, width - 2 * _PADDING_PX, card.size, card.max_lines)
    # At the right edge the box moves left; its bar stays at its time.
    return _Placed(card, min(start, scale.width - width), width, lines)


def _text_px(card: Card) -> float:
    """The width that the text wants: its own up to what it has room for, but no word is broken without need."""
    longest = max((svg.text_width(word, card.size) for word in card.text.split()), default=0.0)
    return max(min(svg.text_width(card.text, card.size), card.room_px), min(longest, _MAX_WORD_PX))


def _draw(parent: svg.Element, scale: Scale, item: _Placed, top: float) -> None:
    card = item.card
    group = svg.add(parent, "g", class_=card.kind)
    svg.add(group, "title", card.tooltip)
    # One pixel less than its place, so that neighbours that touch in time are told apart.
    svg.rect(group, "box", item.left, top, item.width - 1, item.height, card.fill)
    if card.end_s is not None:
        start = scale.x(card.start_s)
        svg.rect(group, "bar", start, top, max(scale.x(card.end_s) - start - 1, 2.0), BAR_PX, card.bar)
    for index, line in enumerate(item.lines):
        baseline = top + BAR_PX + (index + 1) * _line_px(card)
        svg.write(group, line, item.left + _PADDING_PX, baseline, card.size, card.ink)


def _line_px(card: Card) -> float:
    return card.size * 1.25
