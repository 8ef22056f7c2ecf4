"""The turn machine: any pattern of speech and silence."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voice_livemind.config import load_settings
from voice_livemind.hear.frames import FRAME_S
from voice_livemind.turns.machine import Commit, Pause, Resume, Start, TurnEvent, TurnMachine

TURNS = load_settings(None).turns
FOLLOWS: dict[type[TurnEvent] | None, set[type[TurnEvent]]] = {
    None: {Start},
    Start: {Pause},
    Pause: {Resume, Commit},
    Resume: {Pause},
    Commit: {Start},
}


def events_of(speech: list[bool]) -> list[tuple[float, TurnEvent]]:
    """Each event with the time at which it was decided."""
    machine = TurnMachine(TURNS)
    decided = []
    for number, is_speech in enumerate(speech):
        event = machine.step(number * FRAME_S, (number + 1) * FRAME_S, is_speech)
        if event is not None:
            decided.append(((number + 1) * FRAME_S, event))
    return decided


def runs(*lengths: int) -> list[bool]:
    """Silence, speech, silence, … of so many frames."""
    return [bool(place % 2) for place, length in enumerate(lengths) for _ in range(length)]


patterns = st.lists(st.integers(1, 80), min_size=1, max_size=30).map(lambda lengths: runs(*lengths))


@given(patterns)
def test_events_come_in_an_order_that_makes_sense(speech: list[bool]) -> None:
    kinds = [type(event) for _, event in events_of(speech)]
    for before, after in pairwise([None, *kinds]):
        assert after in FOLLOWS[before]


@given(patterns)
def test_every_commit_comes_exactly_when_the_silence_is_long_enough(speech: list[bool]) -> None:
    for decided_s, event in events_of(speech):
        if isinstance(event, Commit):
            assert abs(decided_s - event.speech_end_s - TURNS.end_of_turn_s) < FRAME_S
            silent = speech[round(event.speech_end_s / FRAME_S) : round(decided_s / FRAME_S)]
            # Sounds too short to be speech do not keep a turn open.
            assert sum(silent) * FRAME_S < TURNS.end_of_turn_s


@given(patterns)
def test_times_never_go_back(speech: list[bool]) -> None:
    times = []
    for _, event in events_of(speech):
        times.append(event.speech_start_s if isinstance(event, Start | Resume) else event.speech_end_s)
    assert times == sorted(times)


def test_a_cough_starts_nothing() -> None:
    assert events_of(runs(50, 5, 100)) == []


def test_a_pause_within_a_turn_is_no_end_of_it() -> None:
    kinds = [type(event) for _, event in events_of(runs(10, 50, 45, 50, 60))]
    assert kinds == [Start, Pause, Resume, Pause, Commit]


def test_a_click_in_the_silence_does_not_delay_the_end() -> None:
    *_, (decided_s, last) = events_of(runs(10, 50, 30, 2, 60))
    assert last == Commit(60 * FRAME_S)
    assert abs(decided_s - (60 * FRAME_S + TURNS.end_of_turn_s)) < FRAME_S
