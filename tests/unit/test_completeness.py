"""How complete a turn sounds, and how long to wait for more of it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_livemind.turns.completeness import commit_after_s, completeness, dangles, text_completeness

probabilities = st.floats(0, 1)


@pytest.mark.parametrize(
    "text",
    [
        "Can you tell me the",
        "I'd like to go to Paris and",
        "I'd like to go to Paris and...",
        "Show me the way to.",
        "I think I'd",
        "Book a table for a",
        "A room with a ten",
        "I want a 20 minute",
        "I want a 20-minute...",
        "It is um",
        "We need every",
        "I'll go because.",
        "THE",
        "I think I’d",  # noqa: RUF001  the typographic apostrophe is meant
    ],
)
def test_a_sentence_that_must_go_on_dangles(text: str) -> None:
    assert dangles(text)
    assert text_completeness(text) < 0.05
    assert commit_after_s(completeness(text, 0.9)) > 1


@pytest.mark.parametrize(
    "text",
    [
        "Where are you from?",
        "What's it for?",
        "Turn it on.",
        "Stop that.",
        "I'll have two.",
        "Set a timer for ten minutes.",
        "I want a 20-minute walk.",
        "Meet me at seven.",
        "A dozen, please.",
        "Yes, I do.",
        "The answer is 42.",
        "It has a 4 litre engine and a roof that opens.",
        "",
        "...",
        "?",
    ],
)
def test_a_sentence_that_may_end_here_does_not(text: str) -> None:
    assert not dangles(text)


def test_the_mark_counts_where_the_recogniser_did_not_say_how_sure_it_is_of_it() -> None:
    whole = text_completeness("Tell me the time.")
    assert whole > 0.5
    assert whole == text_completeness("Tell me the time?") == text_completeness('He said "tell me the time."')
    for cut in (
        "Tell me the time",
        "Tell me the time,",
        "Tell me the time...",
        "Tell me the time…",
        "Tell me the time -",
    ):
        assert text_completeness(cut) < 0.3
    assert completeness("Tell me the time", trailing=0.01) == completeness("Tell me the time.", trailing=0.01) > whole


def test_words_of_other_languages_say_nothing() -> None:
    assert text_completeness("Ich sehe die.", "de") == text_completeness("Ich sehe the.", "de") > 0.5
    assert text_completeness("我想要一杯水。", "zh") == text_completeness("Ich sehe ihn.", "de")


def test_missing_evidence_is_neutral() -> None:
    unknown = completeness("Tell me the time.")
    assert completeness("Tell me the time.", 0.1) < unknown < completeness("Tell me the time.", 0.95)
    assert (
        completeness("Tell me the time.", last_word=0.2) < unknown < completeness("Tell me the time.", last_word=0.95)
    )
    assert completeness("Tell me the time.", trailing=0.3) < unknown < completeness("Tell me the time.", trailing=0.003)


def test_a_clear_end_commits_fast_and_a_clear_break_slowly() -> None:
    assert commit_after_s(completeness("Tell me the time.", 0.97, trailing=0.01, last_word=0.97)) == 0.3
    assert commit_after_s(completeness("Tell me the", 0.05, trailing=0.4, last_word=0.5)) == 1.5


@given(st.text(), st.none() | probabilities, st.none() | probabilities, st.none() | probabilities)
def test_always_a_probability(text: str, voice: float | None, trailing: float | None, last_word: float | None) -> None:
    assert 0 <= completeness(text, voice, trailing=trailing, last_word=last_word) <= 1


@given(st.text(), probabilities, probabilities, probabilities, probabilities)
def test_more_evidence_of_an_end_never_makes_it_less_probable(
    text: str, one: float, other: float, trailing: float, last_word: float
) -> None:
    less, more = sorted((one, other))
    assert completeness(text, less, trailing=trailing) <= completeness(text, more, trailing=trailing)
    assert completeness(text, last_word=less) <= completeness(text, last_word=more)
    assert completeness(text, trailing=more, last_word=last_word) <= completeness(
        text, trailing=less, last_word=last_word
    )


@given(probabilities, probabilities)
def test_the_surer_the_sooner(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert 1.5 >= commit_after_s(less) >= commit_after_s(more) >= 0.3


def test_the_wait_makes_no_leaps() -> None:
    waits = [commit_after_s(step / 1000) for step in range(1001)]
    assert max(earlier - later for earlier, later in pairwise(waits)) < 0.005
