"""A few words of SVG: elements, numbers, and text that is known to fit its box."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

Element = ElementTree.Element

FONT = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"

BOLD = 1.12
"""How much wider bold text is."""

_FORBIDDEN_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ADVANCES = {
    character: advance
    for characters, advance in (
        (" .,:;'|/·ijl", 0.34),
        ("()[]-!frtI", 0.41),
        ("sckzxyv", 0.6),
        ("abdeghnopqu0123456789", 0.64),
    )
    for character in characters
}
"""Of the characters that are narrower than capitals, in parts of the font size."""
_CAPITAL = 0.8
_WIDEST = 1.0


def number(value: float) -> str:
    """A coordinate in pixels, to a tenth."""
    return f"{round(value, 1) + 0.0:g}"


def add(parent: Element, tag: str, text: str | None = None, **attributes: str | float) -> Element:
    """Append an element; ``stroke_width`` is written ``stroke-width``, ``class_`` is written ``class``."""
    written = {
        name.rstrip("_").replace("_", "-"): value if isinstance(value, str) else number(value)
        for name, value in attributes.items()
    }
    element = ElementTree.SubElement(parent, tag, written)
    if text is not None:
        element.text = _FORBIDDEN_IN_XML.sub("\ufffd", text)
    return element


def rect(parent: Element, kind: str, x: float, y: float, width: float, height: float, fill: str) -> Element:
    """A filled rectangle of class ``kind``."""
    return add(parent, "rect", class_=kind, x=x, y=y, width=width, height=height, fill=fill)


def write(
    parent: Element, text: str | None, x: float, y: float, size: float, fill: str, **attributes: str | float
) -> Element:
    """A line of text on the baseline ``y``."""
    return add(parent, "text", text, x=x, y=y, font_size=size, fill=fill, **attributes)


def document(width: float, height: float, title: str, description: str) -> Element:
    """An empty picture, ``width`` by ``height`` pixels, that says what it is to those who cannot see it."""
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": number(width),
            "height": number(height),
            "viewBox": f"0 0 {number(width)} {number(height)}",
            "role": "img",
            "aria-labelledby": "timeline-title timeline-desc",
            "font-family": FONT,
        },
    )
    add(root, "title", title, id="timeline-title")
    add(root, "desc", description, id="timeline-desc")
    return root


def rendered(root: Element) -> str:
    """The document as text."""
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def text_width(text: str, size: float) -> float:
    """An upper estimate of the width in pixels, after the widest of the usual sans-serif fonts (DejaVu Sans)."""
    return size * sum(map(_advance, text))


def wrapped(text: str, width: float, size: float, max_lines: int) -> list[str]:
    """``text`` in at most ``max_lines`` lines of at most ``width`` pixels; an ellipsis says that some is left out."""
    lines: list[str] = []
    for piece in _pieces(text, width, size):
        if lines and text_width(f"{lines[-1]} {piece}", size) <= width:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    if len(lines) <= max_lines:
        return lines
    return [*lines[: max_lines - 1], _with_ellipsis(lines[max_lines - 1], width, size)]


def shortened(text: str, width: float, size: float) -> str:
    """``text`` in one line of at most ``width`` pixels."""
    return text if text_width(text, size) <= width else _with_ellipsis(text, width, size)


def _advance(character: str) -> float:
    """In parts of the font size."""
    return _ADVANCES.get(character, _CAPITAL if character.isalpha() and character < "\u1100" else _WIDEST)


def _pieces(text: str, width: float, size: float) -> Iterator[str]:
    """The words; a word wider than a line comes in parts that each fit."""
    for word in text.split():
        piece = ""
        for character in word:
            if piece and text_width(piece + character, size) > width:
                yield piece
                piece = ""
            piece += character
        yield piece


def _with_ellipsis(line: str, width: float, size: float) -> str:
    while line and text_width(line + "…", size) > width:
        line = line[:-1]
    return line.rstrip(" ,.;:") + "…"
