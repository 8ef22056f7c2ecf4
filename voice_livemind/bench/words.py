"""What was said against what was understood, word by word, in a common spelling (English)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from voice_livemind.bench.spoken_numbers import with_digits

_SIGNS = {"%": " percent ", "°": " degree ", "&": " and ", "+": " plus "}
_CURRENCIES = {"$": "dollar", "£": "pound", "€": "euro"}
_MONEY = re.compile(r"([$£€])\s?(\d+(?:\.\d+)?)")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_INITIALS = re.compile(r"(?<=\b[a-z])\.(?=[a-z]\b)")
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
_APOSTROPHES = re.compile("['’ʼ]")  # noqa: RUF001  the typographic ones are meant
_PLURAL_ES = ("ches", "shes", "sses", "xes", "zes")
_SAME = {
    "oz": "ounce",
    "lb": "pound",
    "kg": "kilogram",
    "kilo": "kilogram",
    "km": "kilometer",
    "kilometre": "kilometer",
    "metre": "meter",
    "cm": "centimeter",
    "centimetre": "centimeter",
    "ml": "milliliter",
    "millilitre": "milliliter",
    "litre": "liter",
    "feet": "foot",
    "min": "minute",
    "sec": "second",
    "hr": "hour",
    "tsp": "teaspoon",
    "tbsp": "tablespoon",
    "ok": "okay",
}


def spelt(text: str) -> list[str]:
    """The words in lower case without punctuation; numbers as digits, units in full, plurals in the singular.

    "Two 16-oz lattes!" and "2 sixteen ounce latte" are both ``["2", "16", "ounce", "latte"]``.
    """
    text = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).lower())
    text = _MONEY.sub(lambda money: f"{money[2]} {_CURRENCIES[money[1]]} ", text)
    for sign, name in _SIGNS.items():
        text = text.replace(sign, name)
    words = _WORD.findall(_INITIALS.sub("", _GROUPED.sub("", text)))
    return [_SAME.get(word, word) for word in map(_singular, with_digits(words))]


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(_PLURAL_ES):
        return word[:-2]
    if word.endswith("s") and len(word) > 2 and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def unheard(wanted: Sequence[str], heard: Sequence[str]) -> list[str]:
    """Words of ``wanted`` that ``heard`` lacks, whatever their order; what is wanted twice must be heard twice."""
    return sorted((Counter(wanted) - Counter(heard)).elements())


def word_errors(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """Substitutions, deletions and insertions that lead from ``wanted`` to ``heard``."""
    row = list(range(len(heard) + 1))
    for count, word in enumerate(wanted, start=1):
        diagonal, row[0] = row[0], count
        for place, other in enumerate(heard, start=1):
            diagonal, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, diagonal + (word != other))
    return row[-1]
