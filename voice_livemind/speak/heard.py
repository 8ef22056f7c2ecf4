"""Which words of a clause were heard before it was cut off."""

from collections.abc import Sequence


def words_heard(text: str, ends_s: Sequence[float], seconds: float, heard_s: float) -> list[str]:
    """The words of ``text`` of which more was heard than not.

    ``ends_s``: when each word is over; where that is not known each takes its share of the characters. ``seconds``: of
    the whole clause; ``heard_s``: how much of it was heard.
    """
    words = text.split()
    if len(ends_s) != len(words):
        characters = sum(map(len, words)) or 1
        ends_s = [seconds * sum(map(len, words[: place + 1])) / characters for place in range(len(words))]
    starts_s = [0.0, *ends_s]
    return [
        word for word, start_s, end_s in zip(words, starts_s, ends_s, strict=False) if heard_s >= (start_s + end_s) / 2
    ]
