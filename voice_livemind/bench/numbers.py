"""The numbers in what was said or written, exactly: "six hundred twenty", "1,200", "$5", "3 1/2", "-4" (English)."""

import re
import unicodedata
from fractions import Fraction

from voice_livemind.bench.spoken_numbers import with_digits

_SINGLE_SIGN = re.compile("(?=[¼-¾⅐-⅞])")
"""Before a fraction of one character, as in "1½"."""
_FRACTION_SLASH = "\N{FRACTION SLASH}"
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_WORD = re.compile(r"(?<!\w)[-−](?=[$£€]?\d|\.\d)|\d+/\d+|\d+(?:\.\d+)?|\.\d+|[^\W\d_]+")  # noqa: RUF001  a minus sign
_MINUS_AFTER = {"is", "are", "equals", "be", "was", "to", "of", "answer", "result"}
""""minus" after these words is a sign, elsewhere a subtraction."""
_LARGE = {"million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {
    "half": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "hundredth": 100,
}
_LONGEST = 40
"""Characters of a number that is believed; models that lose their way write digits without end."""


def numbers_in(text: str) -> list[Fraction]:
    """All numbers in their order. "A" and "half" alone are none, "one half" and "two and a half" are."""
    plain = unicodedata.normalize("NFKC", _SINGLE_SIGN.sub(" ", text)).replace(_FRACTION_SLASH, "/")
    plain = _GROUPED.sub("", plain.lower())
    words = with_digits(_WORD.findall(plain))
    found: list[Fraction] = []
    place = 0
    while place < len(words):
        value, after = _value(words, place)
        if value is None:
            place += 1
            continue
        found.append(-value if _negative(words, place) else value)
        place = after
    return found


def _value(words: list[str], place: int) -> tuple[Fraction | None, int]:
    """The number that starts at ``place``, with the fraction and the cents that belong to it, and the place after."""
    value, after = _large(words, place)
    if value is None:
        return (Fraction(1, 2), place + 2) if words[place : place + 2] == ["a", "half"] else (None, place)
    part, after_part = _part(words, after, value)
    if part is not None:
        return part, after_part
    joined = after + (words[after : after + 1] == ["and"])
    if words[joined : joined + 2] == ["a", "half"] and joined > after:
        return value + Fraction(1, 2), joined + 2
    added, after_added = _fraction(words, joined)
    if added is not None:
        return value + added, after_added
    return _with_cents(words, after, value)


def _large(words: list[str], place: int) -> tuple[Fraction | None, int]:
    """Plain numbers, and those in millions: "two million 300000"."""
    value = _plain(words, place)
    place += 1
    if value is None or place >= len(words) or words[place] not in _LARGE:
        return value, place
    scale = _LARGE[words[place]]
    more, after = _large(words, place + 1)
    if more is not None and 0 < more < scale:
        return value * scale + more, after
    return value * scale, place + 1


def _plain(words: list[str], place: int) -> Fraction | None:
    word = words[place] if place < len(words) else ""
    if not re.fullmatch(r"[\d./]*\d", word) or not word.isascii() or len(word) > _LONGEST or re.search(r"/0+$", word):
        return None
    return Fraction(word)


def _part(words: list[str], place: int, count: Fraction) -> tuple[Fraction | None, int]:
    """``count`` parts, named at ``place``: "three quarters". ("Twenty fifth" and "two third" are no fractions.)"""
    word = words[place] if place < len(words) else ""
    singular = {"halves": "half"}.get(word, word.removesuffix("s"))
    if singular not in _PARTS or count.denominator != 1 or not 1 <= count < 20 or (count == 1) != (word == singular):
        return None, place
    return count / _PARTS[singular], place + 1


def _fraction(words: list[str], place: int) -> tuple[Fraction | None, int]:
    """A fraction below one: "1/2", "three quarters"."""
    value = _plain(words, place)
    if value is None:
        return None, place
    if value.denominator != 1:
        return (value, place + 1) if value < 1 and "/" in words[place] else (None, place)
    part, after = _part(words, place + 1, value)
    return (part, after) if part is not None and part < 1 else (None, place)


def _with_cents(words: list[str], after: int, value: Fraction) -> tuple[Fraction, int]:
    """ "5 dollars and 50 cents" is one number."""
    if words[after : after + 1] not in (["dollar"], ["dollars"]):
        return value, after
    place = after + 1 + (words[after + 1 : after + 2] == ["and"])
    cents = _plain(words, place)
    if cents is not None and cents < 100 and words[place + 1 : place + 2] in (["cent"], ["cents"]):
        return value + cents / 100, place + 2
    return value, after


def _negative(words: list[str], place: int) -> bool:
    before, *earlier = [*words[max(0, place - 2) : place][::-1], ""]
    if before == "minus":
        return earlier[0] in _MINUS_AFTER or not earlier[0]
    return before in ("-", "−", "negative")  # noqa: RUF001  a minus sign


def last_number(text: str) -> Fraction | None:
    """What an answer in numbers comes down to."""
    return next(reversed(numbers_in(text)), None)
