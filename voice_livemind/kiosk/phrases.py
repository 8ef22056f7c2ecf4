"""Words that mean something to the kiosk itself: farewells and the wake phrase. Recognisers spell as they please."""

import difflib
import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")
_ALIKE = 0.87
"""Of the letters of a wake phrase; "livemind" is heard as "life mind"; "my computer" is no "hey computer"."""
_BEFORE = 2
"""Words that may stand before the wake phrase: "um", "oh please"."""


def words_of(text: str) -> list[str]:
    """In lower case, without punctuation."""
    return _WORD.findall(text.lower().replace("'", "").replace("’", ""))  # noqa: RUF001  the typographic one is meant


def is_farewell(text: str, farewells: Sequence[str]) -> bool:
    """Whether ``text`` is a farewell, as a whole: "bye", not "what does bye mean"."""
    said = words_of(text)
    return any(said == words_of(farewell) for farewell in farewells)


def after_wake_phrase(text: str, phrase: str) -> list[str] | None:
    """The words that follow the wake phrase, which is at the beginning of ``text``; ``None`` where it is not."""
    said, wanted = words_of(text), words_of(phrase)
    letters = "".join(wanted)
    best: tuple[float, list[str]] = (0.0, [])
    for start in range(min(_BEFORE + 1, len(said))):
        for count in range(max(1, len(wanted) - 1), len(wanted) + 2):
            heard = "".join(said[start : start + count])
            alike = difflib.SequenceMatcher(None, heard, letters, autojunk=False).ratio()
            if alike > best[0]:
                best = alike, said[start + count :]
    return best[1] if best[0] >= _ALIKE else None
