"""What speech over a reply does to it: the decision alone, and whole dialogues on virtual time."""

import numpy as np
import pytest

from tests.scripted import VOICE_RATE_HZ, Dialogue, ScriptedModel
from voice_livemind.config import load_settings
from voice_livemind.hear.frames import FRAME_S
from voice_livemind.play.track import Track
from voice_livemind.record.turn import TurnRecord
from voice_livemind.speak.heard import words_heard
from voice_livemind.speak.word_ends import word_ends
from voice_livemind.turns.backchannel import is_backchannel
from voice_livemind.turns.barge_in import Act, Ask, BargeIn, Dismiss, GoOn, Hold, Interrupt
from voice_livemind.turns.machine import Start, TurnEvent, TurnMachine

MS = 0.0011
TURNS = load_settings(None).turns
NUMBERS = "One two three four five six seven eight nine ten eleven twelve."
ASKED = (1.0, 2.0, "Count.")
"""The reply to it is heard from 3.3 s on, a word in 0.3 s."""


def decided(speech: list[float], meant: bool | None = None) -> list[tuple[float, Act | TurnEvent]]:
    """All that is done until a reply is interrupted, and when; ``meant``: the answer to the first question."""
    machine, barge_in = TurnMachine(TURNS), BargeIn()
    done: list[tuple[float, Act | TurnEvent]] = []
    replying = True
    for number, sure in enumerate(speech):
        start_s, end_s = number * FRAME_S, (number + 1) * FRAME_S
        event = machine.step(start_s, end_s, sure)
        if meant is not None and done and isinstance(done[-1][1], Ask):
            answer = barge_in.heard(meant)
            assert answer is not None
            done.append((end_s, answer))
        act = barge_in.step(start_s, end_s, sure, event, replying)
        if act is not None:
            done.append((end_s, act))
        replying = replying and not isinstance(act, Interrupt)
    return done


def kinds(done: list[tuple[float, Act | TurnEvent]]) -> list[type]:
    return [type(act) for _, act in done]


def test_the_reply_is_silenced_before_it_is_certain_that_somebody_speaks() -> None:
    done = decided([0.0] * 10 + [1.0] * 6)
    assert kinds(done) == [Hold]
    assert done[0][0] - 10 * FRAME_S <= 0.1


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_click_silences_nothing(frames: int) -> None:
    assert decided([0.0] * 10 + [1.0] * frames + [0.0] * 50) == []


def test_after_a_cough_the_reply_goes_on() -> None:
    done = decided([0.0] * 10 + [0.6] * 10 + [0.0] * 50)
    assert kinds(done) == [Hold, GoOn]
    assert done[1][0] == pytest.approx(20 * FRAME_S + 0.3, abs=FRAME_S)


def test_a_television_does_not_silence_the_reply_for_long() -> None:
    done = decided([0.0] * 10 + [0.5] * 500)
    assert kinds(done) == [Hold, GoOn]
    assert done[1][0] - done[0][0] == pytest.approx(1.5, abs=FRAME_S)


@pytest.mark.parametrize(("meant", "answer"), [(False, Dismiss), (True, Interrupt)])
def test_the_words_of_short_speech_decide(meant: bool, answer: type) -> None:
    done = decided([0.0] * 10 + [1.0] * 20 + [0.0] * 20, meant)
    assert kinds(done)[:3] == [Hold, Ask, answer]


def test_speech_that_goes_on_interrupts_without_a_question() -> None:
    done = decided([0.0] * 10 + [1.0] * 45)
    assert kinds(done) == [Hold, Interrupt]
    at_s, act = done[1]
    assert isinstance(act, Interrupt) and act.events == (Start(10 * FRAME_S),)
    assert at_s == pytest.approx(10 * FRAME_S + 0.8, abs=FRAME_S)


def test_who_says_mhm_twice_is_asked_twice() -> None:
    done = decided([0.0] * 10 + [1.0] * 12 + [0.0] * 15 + [1.0] * 12 + [0.0] * 15)
    assert kinds(done) == [Hold, Ask, Ask]
    first, second = (act for _, act in done[1:])
    assert isinstance(first, Ask) and isinstance(second, Ask)
    assert first.start_s == second.start_s and first.end_s < second.end_s


def test_without_a_reply_every_event_is_followed_at_once() -> None:
    machine, barge_in = TurnMachine(TURNS), BargeIn()
    for number in range(30):
        start_s, end_s = number * FRAME_S, (number + 1) * FRAME_S
        event = machine.step(start_s, end_s, 1.0)
        assert barge_in.step(start_s, end_s, 1.0, event, replying=False) is event


@pytest.mark.parametrize(
    "text", ["Mhm.", "Mm-hmm.", "Uh-huh.", "Okay, okay.", "Yeah, right.", "I see.", "", "Thank you."]
)
def test_these_interrupt_nobody(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["Stop.", "No.", "Wait, wait.", "Okay, but why?", "Yes, and Berlin?", "What?"])
def test_these_do(text: str) -> None:
    assert not is_backchannel(text)


def counted(*over: tuple[float, float, str]) -> tuple[Dialogue, list[TurnRecord]]:
    dialogue = Dialogue(ASKED, *over)
    dialogue.speaker = ScriptedModel(NUMBERS, "Yes.", token_s=0.0)
    return dialogue, dialogue.replay("paper")


def silent(track: Track | None, start_s: float, end_s: float) -> bool:
    assert track is not None
    return not track.sound(0).samples[round(start_s * VOICE_RATE_HZ) : round(end_s * VOICE_RATE_HZ)].any()


@pytest.mark.parametrize(("says", "lasts_s"), [("Mhm.", 0.4), ("Okay.", 0.4), ("...", 0.4), ("", 0.1)])
@pytest.mark.parametrize("at_s", [3.5, 4.0, 5.2, 6.0])
def test_a_short_sound_costs_no_word_of_the_reply(at_s: float, says: str, lasts_s: float) -> None:
    """Within the two seconds in which the turn can be reopened, and later."""
    dialogue, turns = counted((at_s, at_s + lasts_s, says))
    (turn,) = turns
    assert turn.heard == turn.reply == NUMBERS and not turn.interrupted
    assert silent(dialogue.track, at_s + 0.1, at_s + lasts_s + 0.2)
    assert dialogue.track is not None
    sounding = np.count_nonzero(dialogue.track.sound(0).samples) / VOICE_RATE_HZ
    assert sounding == pytest.approx(12 * 0.3, abs=MS)
    (clause,) = turn.clauses
    assert clause.played is not None and clause.played[1] - clause.played[0] > 12 * 0.3 + lasts_s


def test_what_is_said_after_a_mhm_still_interrupts() -> None:
    _, (first, second) = counted((4.5, 4.8, "Mhm."), (6.5, 7.0, "Stop."))
    assert first.interrupted and (first.transcript, second.transcript) == ("Count.", "Stop.")


def test_a_short_word_interrupts_as_soon_as_it_is_understood_and_is_part_of_its_turn() -> None:
    dialogue, (first, second) = counted((5.3, 5.7, "Stop."))
    assert first.interrupted and second.transcript == "Stop." and second.heard == "Yes."
    # Heard from 3.3 to 5.38.
    assert first.heard == "One two three four five six seven"
    assert silent(dialogue.track, 5.39, 6.7)
    assert second.marks.speech_start == pytest.approx(5.3, abs=MS)
    assert second.marks.speech_end == pytest.approx(5.7, abs=MS)


def test_the_next_answer_knows_where_the_reply_was_cut() -> None:
    dialogue, (first, _) = counted((5.3, 6.5, "And then?"))
    contents = [message["content"] for message in dialogue.speaker.asked[-1]]
    assert first.heard in contents and NUMBERS not in contents
    assert contents[-1].startswith("… And then?")


def test_the_model_is_cut_off_too() -> None:
    dialogue = Dialogue(ASKED, (5.3, 6.5, "And then?"))
    dialogue.speaker = ScriptedModel("One two three. " * 30, "Yes.", token_s=0.2)
    first, second = dialogue.replay("paper")
    assert dialogue.speaker.cancelled == 1 and first.interrupted
    assert first.reply.startswith(first.heard) and len(first.heard) < len(first.reply)
    assert second.heard == "Yes."


def test_the_assistant_does_not_answer_itself() -> None:
    dialogue, turns = counted((4.4, 5.3, "Two three four."))
    assert [turn.transcript for turn in turns] == ["Count."]
    assert len(dialogue.speaker.asked) == 1


def test_words_are_heard_when_more_of_them_was_than_not() -> None:
    ends_s = (0.5, 1.0, 2.0)
    assert [words_heard("a b c", ends_s, 2.0, heard_s) for heard_s in (0.2, 0.3, 1.2, 1.6)] == [
        [],
        ["a"],
        ["a", "b"],
        ["a", "b", "c"],
    ]
    # Where nothing is known of the words, each takes its share of the letters.
    assert words_heard("a bbbbbbbb c", (), 1.0, 0.4) == ["a"]


def test_a_word_ends_with_its_last_sound_not_with_the_pause_after_it() -> None:
    lasting = [("^", 1.0), ("h", 1.0), ("i", 1.0), (",", 5.0), (" ", 1.0), ("y", 1.0), ("o", 1.0), (".", 4.0)]
    assert word_ends(lasting, [["h", "i", ","], ["y", "o", "."]]) == [3.0, 11.0]


def test_words_that_are_run_together_end_at_their_share() -> None:
    lasting = [("ʌ", 1.0), ("v", 1.0), ("ð", 1.0), ("ə", 1.0), (" ", 1.0), ("b", 1.0)]
    assert word_ends(lasting, [["ʌ", "v"], ["ð", "ə"], ["b"]]) == [2.0, 4.0, 6.0]
