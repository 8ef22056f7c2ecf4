"""The turn machine: any pattern of speech and silence, any judgement."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voice_livemind.config import load_settings
from voice_livemind.hear.frames import FRAME_S
from voice_livemind.turns.machine import Commit, Lull, NoPause, Pause, Reopen, Resume, Start, TurnEvent, TurnMachine

TURNS = load_settings(None).turns
FOLLOWS: dict[type[TurnEvent] | None, set[type[TurnEvent]]] = {
    None: {Start},
    Start: {Lull},
    Lull: {NoPause, Pause},
    NoPause: {Lull},
    Pause: {Resume, Commit},
    Resume: {Lull},
    Commit: {Start, Reopen},
    Reopen: {Lull},
}


def events_of(speech: list[bool], *judgements_s: float) -> list[tuple[float, TurnEvent]]:
    """Each event with the time at which it was decided. Each pause is judged at once, the judgements taken in turn."""
    machine = TurnMachine(TURNS)
    decided = []
    pauses = 0
    for number, is_speech in enumerate(speech):
        event = machine.step(number * FRAME_S, (number + 1) * FRAME_S, is_speech)
        if event is not None:
            decided.append(((number + 1) * FRAME_S, event))
        if isinstance(event, Pause) and judgements_s:
            machine.judge(event.speech_end_s, judgements_s[pauses % len(judgements_s)])
            pauses += 1
    return decided


def kinds_of(speech: list[bool], *judgements_s: float) -> list[type[TurnEvent]]:
    """The events alone."""
    return [type(event) for _, event in events_of(speech, *judgements_s)]


def runs(*lengths: int) -> list[bool]:
    """Silence, speech, silence, … of so many frames."""
    return [bool(place % 2) for place, length in enumerate(lengths) for _ in range(length)]


patterns = st.lists(st.integers(1, 150), min_size=1, max_size=30).map(lambda lengths: runs(*lengths))
judgements = st.lists(st.floats(0.2, 3.0), max_size=4)


@given(patterns, judgements)
def test_events_come_in_an_order_that_makes_sense(speech: list[bool], judged_s: list[float]) -> None:
    for before, after in pairwise([None, *kinds_of(speech, *judged_s)]):
        assert after in FOLLOWS[before]


@given(patterns, judgements)
def test_every_commit_follows_a_pause_of_the_judged_length(speech: list[bool], judged_s: list[float]) -> None:
    pauses = 0
    for (_, before), (decided_s, event) in pairwise(events_of(speech, *judged_s)):
        if isinstance(before, Pause):
            expected_s = min(judged_s[pauses % len(judged_s)] if judged_s else 99.0, TURNS.commit_max_s)
            pauses += 1
            if isinstance(event, Commit):
                assert event.speech_end_s == before.speech_end_s
                assert abs(decided_s - event.speech_end_s - max(expected_s, TURNS.pause_s)) <= FRAME_S + 1e-6


@given(patterns, judgements)
def test_an_upper_bound_ends_every_turn(speech: list[bool], judged_s: list[float]) -> None:
    silence = runs(round((TURNS.commit_max_s + 0.1) / FRAME_S))
    decided = events_of(speech + silence, *judged_s)
    assert not decided or isinstance(decided[-1][1], Commit)


@given(patterns, judgements)
def test_times_never_go_back_and_nothing_is_decided_before_it_happens(
    speech: list[bool], judged_s: list[float]
) -> None:
    times = []
    for decided_s, event in events_of(speech, *judged_s):
        times.append(event.speech_end_s if isinstance(event, Lull | Pause | Commit) else event.speech_start_s)
        assert times[-1] <= decided_s
    assert times == sorted(times)


def test_a_cough_starts_nothing() -> None:
    assert events_of(runs(50, 5, 100)) == []


def test_a_pause_within_a_turn_is_no_end_of_it() -> None:
    kinds = kinds_of(runs(10, 50, 45, 50, 100))
    assert kinds == [Start, Lull, Pause, Resume, Lull, Pause, Commit]


def test_a_lull_within_a_sentence_is_no_pause() -> None:
    assert kinds_of(runs(10, 50, 7, 50, 100)) == [Start, Lull, NoPause, Lull, Pause, Commit]
    assert kinds_of(runs(10, 50, 3, 50, 100)) == [Start, Lull, Pause, Commit]


def test_a_click_in_the_silence_does_not_delay_the_end() -> None:
    *_, (decided_s, last) = events_of(runs(10, 50, 30, 2, 60), 1.0)
    assert last == Commit(60 * FRAME_S)
    assert abs(decided_s - (60 * FRAME_S + 1.0)) < FRAME_S


def test_speech_soon_after_a_commitment_reopens_the_turn_and_later_speech_starts_another() -> None:
    soon = kinds_of(runs(10, 50, 60, 20, 30), 0.4)
    assert soon == [Start, Lull, Pause, Commit, Reopen, Lull, Pause, Commit]
    later = kinds_of(runs(10, 50, 130, 20, 30), 0.4)
    assert later == [Start, Lull, Pause, Commit, Start, Lull, Pause, Commit]


def test_a_judgement_on_a_pause_that_is_over_is_ignored() -> None:
    machine = TurnMachine(TURNS)
    speech = runs(10, 50, 20, 50, 20)
    for number, is_speech in enumerate(speech):
        machine.step(number * FRAME_S, (number + 1) * FRAME_S, is_speech)
    machine.judge(60 * FRAME_S, 0.2)
    assert machine.step(len(speech) * FRAME_S, (len(speech) + 1) * FRAME_S, False) is None
    machine.judge(130 * FRAME_S, 0.2)
    assert isinstance(machine.step((len(speech) + 1) * FRAME_S, (len(speech) + 2) * FRAME_S, False), Commit)


def decided_at(speech: list[float]) -> list[tuple[float, type[TurnEvent]]]:
    machine = TurnMachine(TURNS)
    events = [(n, machine.step(n * FRAME_S, (n + 1) * FRAME_S, sure)) for n, sure in enumerate(speech)]
    return [(round((number + 1) * FRAME_S, 2), type(event)) for number, event in events if event is not None]


def test_what_is_hardly_speech_must_last_longer_to_start_a_turn() -> None:
    assert decided_at([0.0] * 5 + [1.0] * 9) == [(0.28, Start)]
    assert decided_at([0.0] * 5 + [0.7] * 15) == []
    assert decided_at([0.0] * 5 + [0.7] * 30) == [(0.56, Start)]
    assert decided_at([0.0] * 5 + [0.5] * 200) == []


def test_a_cough_in_an_open_turn_lets_it_go_on_and_one_after_its_end_reopens_nothing() -> None:
    cough = [0.7] * 8
    spoken = [1.0] * 50
    resumed = decided_at([*spoken, *[0.0] * 20, *cough, *[0.0] * 10])
    assert [kind for _, kind in resumed] == [Start, Lull, Pause, Resume, Lull, Pause]
    ended = decided_at([*spoken, *[0.0] * 80, *cough, *[0.0] * 10])
    assert [kind for _, kind in ended] == [Start, Lull, Pause, Commit]


def test_a_turn_begins_with_the_soft_first_word_before_what_is_sure() -> None:
    speech = [0.0] * 10 + [0.8] * 6 + [0.0] * 12 + [1.0] * 20
    machine = TurnMachine(TURNS)
    events = [machine.step(n * FRAME_S, (n + 1) * FRAME_S, sure) for n, sure in enumerate(speech)]
    (start,) = [event for event in events if event is not None]
    assert isinstance(start, Start) and abs(start.speech_start_s - 10 * FRAME_S) < 1e-6
    # What lies further back is another sound.
    speech = [0.0] * 10 + [0.8] * 6 + [0.0] * 20 + [1.0] * 20
    machine = TurnMachine(TURNS)
    events = [machine.step(n * FRAME_S, (n + 1) * FRAME_S, sure) for n, sure in enumerate(speech)]
    (start,) = [event for event in events if event is not None]
    assert isinstance(start, Start) and abs(start.speech_start_s - 36 * FRAME_S) < 1e-6
