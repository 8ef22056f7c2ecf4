"""Cutting a growing reply into what can be spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_livemind.reply.clauses import ClauseCutter, spoken


def clauses_of(text: str, size: int = 3) -> list[str]:
    cutter = ClauseCutter()
    pieces = [text[begin : begin + size] for begin in range(0, len(text), size)]
    return [clause for piece in pieces for clause in cutter.add(piece)] + list(cutter.flush())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna has three, and Tom has four.", ["Anna has three,", "and Tom has four."]),
        ("The capital of France is Paris.", ["The capital of France", "is Paris."]),
        (
            "It is Paris, because I say so and because it is so.",
            ["It is Paris,", "because I say so and because it is so."],
        ),
        ("rolls left = 24 - 2 = 22.", ["rolls left", "equals 24 minus 2 equals 22."]),
        ("They buy 5 pounds of coffee per day in spring.", ["They buy 5 pounds of coffee", "per day in spring."]),
        ("1500 - 1090 - 74 = 336, so 336.", ["1500", "minus 1090 minus 74 equals 336,", "so 336."]),
        ("24 * 3 = 72.", ["24 times 3", "equals 72."]),
        ("Ron saves $450 - $20.", ["Ron saves $450", "minus $20."]),
        ("Yes, of course.", ["Yes, of course."]),
        ("It is 3.5 dollars. Good.", ["It is 3.5 dollars.", "Good."]),
        ("She has 1,000 eggs.", ["She has 1,000 eggs."]),
        ("Dr. Smith knows. Ask him.", ["Dr. Smith knows.", "Ask him."]),
        ("**Bold** and `code`.\n- one\n- two", ["Bold and code.", "one", "two"]),
        ("...", []),
    ],
)
def test_clauses(text: str, expected: list[str]) -> None:
    assert clauses_of(text) == expected


def test_the_first_clause_comes_before_the_text_is_whole() -> None:
    cutter = ClauseCutter()
    assert list(cutter.add("Anna has three apples, and")) == ["Anna has three apples,"]


@given(st.text(alphabet="ab ,.!?\n3", max_size=80), st.integers(1, 9))
def test_nothing_that_can_be_spoken_is_lost(text: str, size: int) -> None:
    said = "".join("".join(clauses_of(text, size)).split())
    assert [c for c in said if c.isalnum()] == [c for c in text if c.isalnum()]


def test_the_first_clause_waits_for_one_word_after_it() -> None:
    cutter = ClauseCutter()
    assert list(cutter.add("The capital of France")) == []
    assert list(cutter.add(" is")) == ["The capital of France"]
    assert list(cutter.add(" Paris.")) == []
    assert list(cutter.flush()) == ["is Paris."]


def test_markup_is_not_spoken() -> None:
    assert spoken("## The **answer** is `12`") == "The answer is 12"


def test_signs_are_spoken_as_words() -> None:
    assert spoken("12 + 5 = 17, and 2 * $3 is 6.") == "12 plus 5 equals 17, and 2 times $3 is 6."
    assert spoken("A well-known 24/7 shop - closed") == "A well-known 24/7 shop - closed"
