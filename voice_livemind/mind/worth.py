"""Cheap rules before and after a thought: is there something to note, and does the note say anything?"""

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")  # noqa: RUF001  the apostrophe is meant
_EMPTY_WORDS = """
a about all also am an and any are as at be been but by can did do does for from get go got had has have he hello her
here hey hi him his i i'm if in is it it's its just let like me mm my no not now of off oh ok okay on or our please she
so some sure thank thanks that that's the their them then there they this to uh uhm um us very was we well were what
will with would yeah yes you your
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
"""English words that carry no fact. In other languages they count as content: the rule then spares less."""


def is_new(sentence: str, before: Iterable[str]) -> bool:
    """Whether ``sentence`` has a content word that was not said ``before``."""
    said = _content(" ".join(before))
    return not _content(sentence) <= said


def adds_something(note: str, sentences: Iterable[str]) -> bool:
    """Whether ``note`` is more than words of ``sentences``: an equation counts as more."""
    return "=" in note or not _content(note) <= _content(" ".join(sentences))


def _content(text: str) -> set[str]:
    return set(_WORD.findall(text.lower())) - _EMPTY
