"""Cuts a growing text into clauses, each long enough to sound natural, the first as soon as possible."""

import re
from collections.abc import Iterator

from voice_livemind.segments.sentences import ends_sentence

_SHORTEST_CLAUSE = 12
"""Characters before a comma that are worth speaking alone: a shorter clause sounds torn off."""
_LONGEST_CLAUSE = 200
_SHORTEST_PHRASE = 10
"""Letters' worth of speech before the phrase boundary at which the first clause is cut even without a comma."""
_LETTERS_A_FIGURE = 4
"""A figure is said as a word."""
_PHRASE_STARTS = {
    *("and", "but", "or", "so", "because", "which", "who", "that", "when", "while", "if", "than", "after", "before"),
    *("is", "are", "was", "were", "has", "have", "had", "will", "can", "costs", "cost"),
    *("in", "on", "at", "by", "per", "into", "during", "with", "from", "for"),
    *("equals", "plus", "minus", "times", "divided"),
    *("=", "+", "-", "*", "×", "/"),  # noqa: RUF001  the sign for times is meant
}
"""Before these words a speaker may take breath, and the listener does not wait for the rest of the clause."""
_MARKUP = re.compile(r"[`#]+|\*\*+|^\s*(?:[-•*]\s+|Note:)|\\[\[\]()]", re.MULTILINE)
_SYMBOLS = {"=": "equals", "+": "plus", "-": "minus", "*": "times", "×": "times", "/": "divided by"}  # noqa: RUF001
_FIGURE = re.compile(r"[\d$%]")
_SIGN_FIRST = re.compile(r"[-*×/](?= |$)")  # noqa: RUF001
_SIGN = re.compile(r"(?:^| )(=) |(?<=[\d%)]) ([-+*×/]) (?=[\d($])")  # noqa: RUF001  the sign for times is meant


class ClauseCutter:
    """Takes text in any pieces, gives whole clauses. Only what white space follows is known to be whole."""

    def __init__(self) -> None:
        self._rest = ""
        self._first = True

    def add(self, piece: str) -> Iterator[str]:
        """Take the next piece; yield the clauses that it completes."""
        self._rest += piece
        while (end := self._first_end()) is not None:
            clause, self._rest = self._rest[:end], self._rest[end:]
            if clause.rstrip()[-1:].isdigit():
                # On its own a sign would not be known to be one.
                self._rest = _SIGN_FIRST.sub(lambda sign: f"{_SYMBOLS[sign[0]]} ", self._rest, count=1)
            if spoken(clause):
                self._first = False
                yield spoken(clause)

    def flush(self) -> Iterator[str]:
        """The text is over: the rest is a clause too."""
        rest, self._rest = self._rest, ""
        if spoken(rest):
            yield spoken(rest)

    def _first_end(self) -> int | None:
        for gap in re.finditer(r"\s+", self._rest):
            before = self._rest[: gap.start()]
            if not before.strip():
                continue
            word = before.split()[-1]
            following = self._rest[gap.end() :].split()
            if "\n" in gap.group() or ends_sentence(word, following[0] if following else "A"):
                return gap.end()
            if word[-1] in ",;:–—" and len(before.strip()) >= _SHORTEST_CLAUSE:  # noqa: RUF001  dashes are meant
                return gap.end()
            if len(before) >= _LONGEST_CLAUSE:
                return gap.end()
            # The word that follows may still grow ("is" to "isolated"), but hardly ever does: a token is mostly a word.
            if (
                self._first
                and _letters(before) >= _SHORTEST_PHRASE
                and following
                and following[0].lower() in _PHRASE_STARTS
            ):
                return gap.end()
        return None


def _letters(text: str) -> int:
    """How long ``text`` takes to say, in letters of words."""
    return len(spoken(text)) + (_LETTERS_A_FIGURE - 1) * len(_FIGURE.findall(text))


def spoken(text: str) -> str:
    """``text`` as a person says it: without markup, signs as words; empty where nothing can be spoken."""
    plain = " ".join(_MARKUP.sub("", text).split())
    plain = _SIGN.sub(lambda sign: f" {_SYMBOLS[sign[1] or sign[2]]} ", plain).strip()
    return plain if any(character.isalnum() for character in plain) else ""
