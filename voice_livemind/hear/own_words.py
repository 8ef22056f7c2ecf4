"""The last safeguard against echo: did the assistant hear its own reply?"""

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")
_SHARE = 0.75
"""So many of the words that were heard must be the reply's: the recogniser mishears what is left of an echo."""
_ALL = 3
"""Of so few words all must be."""
_FEW = 2
"""Of so few, one must tell something: "what", "no" and "the" stand in many a reply."""
_TELLING = 5
"""Letters of such a word."""


def is_echo(text: str, spoken: str) -> bool:
    """Whether the words of ``text`` are words of ``spoken``, in their order and close together.

    ``spoken`` is what the loudspeaker said while ``text`` was heard, or shortly before. Who answers a question with one
    of its own words while it is still being asked is taken for an echo as well.
    """
    heard, said = _words(text), _words(spoken)
    if len(heard) <= _FEW and not any(len(word) >= _TELLING or word.isdigit() for word in heard):
        return False
    needed = len(heard) if len(heard) <= _ALL else _SHARE * len(heard)
    # What is in order but far apart is chance: every reply holds "the" and "of".
    width = len(heard) + len(heard) // 4
    starts = range(max(1, len(said) - width + 1))
    return any(_common(heard, said[start : start + width]) >= needed for start in starts)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("'", "").replace("’", ""))  # noqa: RUF001  the typographic one is meant


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for word in one:
        diagonal = 0
        for place, candidate in enumerate(other, start=1):
            above = row[place]
            row[place] = diagonal + 1 if word == candidate else max(above, row[place - 1])
            diagonal = above
    return row[-1]
