"""Words in lines of a terminal: each word with a style of its own."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from rich.cells import cell_len, chop_cells
from rich.text import Text

LABEL_CELLS = 7


class Word(NamedTuple):
    """Without space around it."""

    text: str
    style: str = ""


def words_of(text: str, style: str = "") -> list[Word]:
    """The words of a text, without what would make a terminal do something else than show them."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return [Word(word, style) for word in shown.split()]


def paragraph(label: str, words: Iterable[Word], width: int, label_style: str = "", most: int = 99) -> list[Text]:
    """``words`` in lines of ``width`` cells, right of a label; at most ``most`` lines, the last then ends with "…"."""
    room = max(1, width - LABEL_CELLS)
    rows: list[list[Word]] = [[]]
    used = 0
    for word in _short(words, room):
        cells = cell_len(word.text)
        if rows[-1] and used + 1 + cells > room:
            rows.append([])
            used = 0
        used += cells + bool(rows[-1])
        rows[-1].append(word)
    if len(rows) > most:
        rows = rows[:most]
        rows[-1][-1] = Word("…", rows[-1][-1].style)
    return [_line(label if place == 0 else "", label_style, row, width) for place, row in enumerate(rows)]


def fitted(line: Text, width: int) -> Text:
    """``line``, cut off at ``width`` cells."""
    line.truncate(max(0, width), overflow="ellipsis")
    return line


def _short(words: Iterable[Word], room: int) -> Iterable[Word]:
    for word in words:
        for piece in chop_cells(word.text, room) if cell_len(word.text) > room else [word.text]:
            yield Word(piece, word.style)


def _line(label: str, label_style: str, row: Sequence[Word], width: int) -> Text:
    line = Text.assemble((f"{label:>{LABEL_CELLS - 2}} ", label_style))
    for style, words in groupby(row, key=lambda word: word.style):
        line.append(" ")
        line.append(" ".join(word.text for word in words), style)
    return fitted(line, width)
