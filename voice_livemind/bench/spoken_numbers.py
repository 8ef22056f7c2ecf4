"""Numbers in words become digits, so that "twenty five" and "25" are the same: English, up to the thousands."""

import re
from collections.abc import Sequence

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    "ten",
    "eleven",
    "twelve",
    *(f"{stem}teen" for stem in ("thir", "four", "fif", "six", "seven", "eigh", "nine")),
)
_SMALL = {word: value for value, word in enumerate(_DIGITS + _TEENS)}
_TENS = {
    f"{stem}ty": 10 * ten for ten, stem in enumerate(("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine"), 2)
}
_DECIMAL = re.compile(r"\d+")


def with_digits(words: Sequence[str]) -> list[str]:
    """The same words, each number among them as one word of digits: "two hundred and five" becomes "205"."""
    written: list[str] = []
    place = 0
    while place < len(words):
        value, after = _number(words, place)
        if value is None:
            written.append(words[place])
            place += 1
            continue
        decimals, after = _decimals(words, after)
        written.append(f"{value}.{decimals}" if decimals else str(value))
        place = after
    return written


def _number(words: Sequence[str], begin: int) -> tuple[int | None, int]:
    """The number that starts at ``begin``, or ``None``, and the place after it."""
    place = begin
    if words[place] == "a" and _at(words, place + 1) in ("hundred", "thousand"):
        place += 1
    thousands = 0
    below: int | None = None
    """What was said of it since "thousand"."""
    while True:
        word = _at(words, place)
        if word == "and" and place > begin and words[place - 1] in ("hundred", "thousand"):
            if (_at(words, place + 1) or "") not in _SMALL | _TENS:
                break
            place += 1
            continue
        if word == "thousand" and not thousands and below != 0:
            thousands, below = (1 if below is None else below) * 1000, None
        elif word == "hundred" and (below is None or 0 < below < 100):
            below = (1 if below is None else below) * 100
        elif (grown := _grown(below, word)) is not None:
            below = grown
        elif place == begin and word and _DECIMAL.fullmatch(word) and _at(words, place + 1) in ("hundred", "thousand"):
            below = int(word)
        else:
            break
        place += 1
    if below is None and not thousands:
        return None, begin
    return thousands + (below or 0), place


def _grown(below: int | None, word: str | None) -> int | None:
    """``below`` with ``word`` said after it, or ``None``: "twenty five" is a number, "five five" is none."""
    if word in _TENS:
        return _TENS[word] + (below or 0) if below is None or (below and below % 100 == 0) else None
    if word not in _SMALL:
        return None
    value = _SMALL[word]
    if below is None:
        return value
    if value and below and (below % 100 == 0 or (value < 10 and below % 10 == 0 and below % 100 >= 20)):
        return below + value
    return None


def _decimals(words: Sequence[str], place: int) -> tuple[str, int]:
    """The digits after a spoken point at ``place``, and the place after them."""
    digits, after = "", place + 1
    if _at(words, place) != "point":
        return "", place
    while (word := _at(words, after)) is not None:
        if word in _SMALL and _SMALL[word] < 10:
            digits += str(_SMALL[word])
        elif _DECIMAL.fullmatch(word) and not digits:
            digits += word
        else:
            break
        after += 1
    return digits, after if digits else place


def _at(words: Sequence[str], place: int) -> str | None:
    return words[place] if place < len(words) else None
