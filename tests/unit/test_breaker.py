"""The circuit breaker, and what is shed while the servers are slow: pure decisions, tested with lists of times."""

import pytest

from voice_livemind.serving.breaker import Breaker
from voice_livemind.serving.shedding import Shed, Shedding


def broken(at_s: float = 10.0) -> Breaker:
    """One that has just opened."""
    breaker = Breaker()
    for _ in range(3):
        assert breaker.admits(at_s)
        breaker.failed(at_s)
    return breaker


def test_three_failures_in_a_row_open_it_and_a_success_between_them_does_not() -> None:
    breaker = Breaker()
    for _ in range(2):
        breaker.failed(1.0)
    breaker.succeeded()
    for _ in range(2):
        breaker.failed(1.0)
    assert breaker.state(1.0) == "closed"
    breaker.failed(1.0)
    assert breaker.state(1.0) == "open" and not breaker.admits(1.9)


def test_after_a_second_one_request_may_try_and_its_success_closes_it() -> None:
    breaker = broken(10.0)
    assert breaker.state(11.0) == "half-open"
    assert breaker.admits(11.0) and not breaker.admits(11.1)
    breaker.succeeded()
    assert breaker.state(11.2) == "closed" and breaker.admits(11.2)


def test_each_failed_trial_doubles_the_rest_up_to_eight_seconds() -> None:
    breaker, now_s, rests_s = broken(0.0), 1.0, []
    for _ in range(5):
        assert breaker.admits(now_s)
        breaker.failed(now_s)
        rest_s = next(rest_s for rest_s in range(1, 20) if breaker.state(now_s + rest_s) == "half-open")
        rests_s.append(rest_s)
        now_s += rest_s
    assert rests_s == [2, 4, 8, 8, 8]


def test_a_trial_that_nobody_waits_for_any_more_leaves_its_place_to_another() -> None:
    breaker = broken(10.0)
    assert breaker.admits(11.0)
    breaker.left()
    assert breaker.admits(11.1)


def test_thinking_is_shed_first_then_warming_and_they_come_back_one_by_one() -> None:
    shedding = Shedding(late_s=0.5, calm_s=10)
    levels = []
    for at_s in (1.0, 2.0, 3.0, 4.0):
        shedding.answered(0.8, at_s)
        levels.append(shedding.level(at_s))
    assert levels == [Shed.NOTHING, Shed.THINKING, Shed.THINKING, Shed.WARMING]
    assert shedding.level(13.9) == Shed.WARMING
    assert shedding.level(14.0) == Shed.THINKING
    assert shedding.level(24.0) == Shed.NOTHING


def test_one_late_answer_sheds_nothing() -> None:
    shedding = Shedding(late_s=0.5, calm_s=10)
    for at_s in range(10):
        shedding.answered(0.8 if at_s % 2 else 0.1, float(at_s))
    assert shedding.level(10.0) == Shed.NOTHING


def test_answers_between_half_the_limit_and_the_limit_keep_the_level_where_it_is() -> None:
    shedding = Shedding(late_s=0.5, calm_s=10)
    shedding.answered(0.8, 0.0)
    shedding.answered(0.8, 1.0)
    for at_s in range(2, 100):
        shedding.answered(0.4, float(at_s))
        assert shedding.level(at_s) == Shed.THINKING
    assert shedding.level(109.0) == Shed.NOTHING


def test_a_missed_deadline_sheds_everything_at_once() -> None:
    shedding = Shedding(late_s=0.5, calm_s=10)
    shedding.missed(1.0)
    assert shedding.level(1.0) == Shed.WARMING


def test_coming_back_too_early_makes_the_next_time_twice_as_long() -> None:
    shedding = Shedding(late_s=0.5, calm_s=10)
    shedding.missed(0.0)
    assert shedding.level(10.0) == Shed.THINKING
    shedding.missed(11.0)
    assert shedding.level(30.9) == Shed.WARMING
    assert shedding.level(31.0) == Shed.THINKING
    assert shedding.level(51.0) == Shed.NOTHING
    # After a long calm it starts with the shortest time again.
    shedding.missed(200.0)
    assert shedding.level(210.0) == Shed.THINKING


@pytest.mark.parametrize("waited_s", [0.3, 0.6])
def test_requests_that_were_given_up_count_only_when_they_had_waited_too_long(waited_s: float) -> None:
    shedding = Shedding(late_s=0.5, calm_s=10)
    for _ in range(2):
        shedding.given_up(waited_s, 1.0)
    assert shedding.level(1.0) == (Shed.THINKING if waited_s > 0.5 else Shed.NOTHING)


def test_without_a_limit_nothing_is_ever_shed() -> None:
    shedding = Shedding(late_s=0, calm_s=10)
    shedding.missed(1.0)
    shedding.answered(60.0, 2.0)
    shedding.answered(60.0, 3.0)
    assert shedding.level(3.0) == Shed.NOTHING
