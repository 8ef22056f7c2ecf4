"""Where a sentence ends."""

import re

from voice_livemind.turns.completeness import dangles

_ABBREVIATIONS = {
    *("dr", "mr", "mrs", "ms", "prof", "st", "jr", "sr", "vs", "etc", "no", "gen", "sgt", "capt", "lt", "col"),
    *("inc", "ltd", "co", "corp", "dept", "est", "approx", "e.g", "i.e", "a.m", "p.m", "u.s", "u.k", "u.n", "d.c"),
    *("usw", "bzw", "ca", "z.b", "d.h", "u.a"),
}
"""English and German; none of either is a word of the other."""
_ALWAYS_GO_ON = {
    *("dr", "mr", "mrs", "ms", "prof", "st", "vs", "gen", "sgt", "capt", "lt", "col", "e.g", "i.e", "approx"),
    *("bzw", "ca", "z.b", "d.h", "nr"),
}


def ends_sentence(word: str, following: str | None) -> bool:
    """Whether a sentence ends after ``word``. ``following``: the next word, or None where nothing follows yet.

    "3.5", "Dr. Smith" and "in the U.S. alone" go on; "He left the U.S. Then …" ends.
    """
    bare = word.rstrip("\"')]”’")  # noqa: RUF001  the typographic quote is meant
    if bare.endswith(("?", "!", "。", "？", "！")):  # noqa: RUF001  the full-width marks are meant
        return True
    if not bare.endswith(".") or bare.endswith("..."):
        return False
    stem = bare[:-1].lower()
    if stem in _ALWAYS_GO_ON or re.fullmatch(r"[a-z]", stem):
        return False
    if stem in _ABBREVIATIONS or re.fullmatch(r"(?:[a-z]\.)+[a-z]", stem):
        return following is not None and following[:1].isupper()
    return True


def sounds_whole(text: str, language: str) -> bool:
    """Whether a text that the speaker paused after can be a sentence: it has its full stop, and no loose end."""
    words = text.split()
    return bool(words) and ends_sentence(words[-1], None) and not dangles(text, language)
