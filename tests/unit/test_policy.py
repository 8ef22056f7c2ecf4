"""How long a silence ends a turn."""

import pytest

from voice_livemind.errors import UserError
from voice_livemind.transcribe.evidence import Evidence
from voice_livemind.turns.policy import Pauses, policy_named
from voice_livemind.turns.request import asks


def silence_s(text: str, *pauses_s: float, **evidence: float) -> float:
    sure = {"trailing": 0.001, "last_word": 0.99, "voice": 0.99} | evidence
    return policy_named("default")(Evidence(text, "en", **sure), pauses_s)


def test_a_question_that_sounds_complete_ends_soonest() -> None:
    assert silence_s("What is the capital of France?") == pytest.approx(0.3)


def test_a_loose_end_gets_the_longest() -> None:
    assert silence_s("What is the capital of the") == pytest.approx(1.5)


def test_who_only_told_something_is_given_time_to_ask() -> None:
    assert 0.6 < silence_s("Anna has three baskets.") < 1.0


def test_a_slow_speaker_is_given_more_time_once_that_is_a_habit() -> None:
    assert silence_s("What is that?", 0.8) == silence_s("What is that?")
    assert silence_s("What is that?", 0.8, 0.7, 0.9) == pytest.approx(0.96)


def test_what_the_voice_says_counts() -> None:
    assert silence_s("Set a timer.", voice=0.01) > silence_s("Set a timer.")


def test_nothing_heard_commits_nothing() -> None:
    assert silence_s("") > 10


def test_fixed_policies_have_names() -> None:
    assert policy_named("fixed-800ms")(Evidence("and", "en"), []) == 0.8
    with pytest.raises(UserError, match="fixd-800ms: not a policy"):
        policy_named("fixd-800ms")


def test_hesitations_in_mid_sentence_are_no_habit() -> None:
    pauses = Pauses()
    pauses.begin(1.0)
    pauses.understood(1.0, Evidence("I want a", "en"))
    pauses.end(2.0)
    pauses.begin(3.0)
    pauses.understood(3.0, Evidence("I want a horse.", "en"))
    pauses.end(3.5)
    assert pauses.lasted_s == [0.5]


def test_a_pause_that_is_understood_only_after_it_is_over_has_its_true_length() -> None:
    pauses = Pauses()
    pauses.begin(1.0)
    pauses.end(1.5)
    pauses.understood(1.0, Evidence("I want a horse.", "en"))
    pauses.begin(4.0)
    pauses.end(4.4)
    assert pauses.lasted_s == [0.5]


@pytest.mark.parametrize(
    "text", ["Can I have tea?", "I'd like tea.", "Tell me about bees.", "Large tea.", "Give it to Tom, please."]
)
def test_requests(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text", ["Anna has tea.", "The tea is hot.", "I woke up at 7.", "Tom drinks tea.", "At noon he left."]
)
def test_statements(text: str) -> None:
    assert not asks(text)
    assert asks(text, language="de")
