"""Whether a reply gives the expected answer, and from which of its clauses on: pure, texts in and judgements out.

A number is right when it is the last one that was said and equals the expected one exactly. A choice is told by its
letter, or where no letter is named by the words of the option; what was said last counts.
"""

import re
from collections.abc import Sequence
from itertools import accumulate

from voice_livemind.bench.numbers import last_number, numbers_in
from voice_livemind.bench.questions import Question
from voice_livemind.bench.words import spelt
from voice_livemind.record.turn import ClauseRecord

_NAMED = re.compile(r"\b(?:[Aa]nswer|[Oo]ption|[Cc]hoice|[Ll]etter)(?:'s|\s+is|\s+would be)?\s*:?\s*\(?([A-Z])\b(?!')")
""""the answer is C", "option A"."""
_MARKED = re.compile(r"(?<![\w'.])\(?([A-Z])(?:\)|[.:,;](?=\s|$)|$)")
""""C: a cell", "(C)", "It is C." """
_ALONE = re.compile(r"(?<![\w'.-])([B-HJ-Z])(?![\w'.-]*\w)")
"""Any other capital that stands alone, but "a" and "I" at the start of a sentence are no letters."""


def answer_given(reply: str, question: Question) -> str | None:
    """What ``reply`` comes down to: a number as digits, or a letter; ``None`` where it gives no answer."""
    if question.options:
        return _letter(reply, question) or _option_said(reply, question)
    number = last_number(reply)
    return None if number is None else str(number)


def is_right(reply: str, question: Question) -> bool:
    """Whether ``reply`` gives the expected answer."""
    return answer_given(reply, question) == _expected(question)


def holds_answer(note: str, question: Question) -> bool:
    """Whether the expected answer is anywhere in ``note``."""
    if question.options:
        return is_right(note, question)
    return last_number(question.answer) in numbers_in(note)


def answer_clause(clauses: Sequence[ClauseRecord], question: Question) -> ClauseRecord | None:
    """The clause from which on what was heard gives the expected answer; ``None`` where it does not in the end.

    ::

        heard    24 times 5 is 120,   plus 5 is 125,   so she earns 125 dollars.
        so far   120                  125              125
                                      ▲
    """
    found: ClauseRecord | None = None
    heard_so_far = accumulate((clause.text for clause in clauses), lambda before, text: f"{before} {text}")
    for clause, heard in zip(clauses, heard_so_far, strict=True):
        if clause.played is None:
            break
        if not is_right(heard, question):
            found = None
        elif found is None:
            found = clause
    return found


def _expected(question: Question) -> str:
    return question.answer if question.options else str(last_number(question.answer))


def _letter(reply: str, question: Question) -> str | None:
    """The letter that was named last, in the surest of the ways in which one can be named."""
    text = reply.strip()
    for way in (_NAMED, _MARKED, _ALONE):
        letters = [letter for letter in way.findall(text) if letter in question.choices]
        if letters:
            return str(letters[-1])
    return None


def _option_said(reply: str, question: Question) -> str | None:
    """The letter of the option whose words come last; of two that end there, the longer one."""
    heard = spelt(reply)
    said = [
        (end, len(words), letter)
        for letter, option in question.choices.items()
        if (words := spelt(option))
        for end in range(len(words), len(heard) + 1)
        if heard[end - len(words) : end] == words
    ]
    return max(said)[2] if said else None
