"""Whole turns on virtual time with scripted models, to the millisecond."""

import numpy as np
import pytest

from tests.scripted import VOICE_RATE_HZ, Dialogue, ScriptedModel

MS = 0.0011
THREE = (
    (1.0, 2.0, "Tom has two boxes."),
    (2.6, 4.0, "Each holds four eggs."),
    (4.6, 6.0, "How many eggs are there?"),
)


def test_a_question_is_answered_after_the_silence_that_ends_the_turn() -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one?"))
    (turn,) = dialogue.replay("paper")
    marks = turn.marks
    assert (turn.transcript, turn.reply, turn.heard) == ("What is one?", "It is one.", "It is one.")
    assert marks.speech_start == pytest.approx(1.0, abs=MS)
    assert marks.speech_end == pytest.approx(2.0, abs=MS)
    assert marks.pause == pytest.approx(2.3, abs=MS)
    assert marks.text_final == pytest.approx(2.35, abs=MS)
    assert marks.committed == pytest.approx(3.0, abs=MS)
    assert marks.first_token == pytest.approx(3.2, abs=MS)
    assert marks.first_clause == pytest.approx(3.3, abs=MS)
    assert marks.first_audio == pytest.approx(3.4, abs=MS)
    assert marks.reply_end == pytest.approx(4.3, abs=MS)
    assert turn.first_word_s == pytest.approx(1.4, abs=MS)


@pytest.mark.parametrize(
    ("recognition_s", "judgement_s", "known_s"), [(0.25, 0, 2.35), (0.25, 0.4, 2.5), (0.1, 0, 2.3)]
)
def test_words_and_voice_are_heard_from_the_lull_on(recognition_s: float, judgement_s: float, known_s: float) -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one?"))
    dialogue.recognition_s, dialogue.judgement_s = recognition_s, judgement_s
    (turn,) = dialogue.replay("paper")
    # The lull is at 2.1, the pause at 2.3. One pass serves both.
    assert turn.transcription == [pytest.approx((2.1, 2.1 + recognition_s), abs=MS)]
    assert turn.pauses == [pytest.approx((2.3, known_s), abs=MS)]
    assert turn.transcript == "What is one?"


def test_a_lull_in_mid_sentence_delays_nothing() -> None:
    dialogue = Dialogue((1.0, 1.5, "What"), (1.66, 2.0, "is one?"))
    dialogue.judgement_s = 0.2
    (turn,) = dialogue.replay("paper")
    assert turn.pauses == [pytest.approx((2.3, 2.35), abs=MS)]
    assert [segment.text for segment in turn.segments] == ["What is one?"]


@pytest.mark.parametrize(("recognition_s", "known_s"), [(0.25, 2.3), (0.7, 3.2)])
def test_a_pause_right_after_a_lull_waits_for_one_pass_at_most(recognition_s: float, known_s: float) -> None:
    dialogue = Dialogue((1.0, 1.7, "What"), (1.84, 1.9, "is one?"))
    dialogue.recognition_s = recognition_s
    (turn,) = dialogue.replay("paper")
    # The lull at 1.8 was none; the next is at 2.0, the pause at 2.2. Where both wait, only the pause is heard.
    assert turn.transcript == "What is one?" and len(turn.transcription) == 2
    assert turn.pauses == [pytest.approx((2.2, known_s), abs=MS)]


def test_what_is_heard_at_lulls_without_a_pause_hands_sentences_on_and_stands_for_the_passes_in_speech() -> None:
    dialogue = Dialogue(
        (1.0, 3.0, "One is here now. Two is"), (3.14, 5.0, "here too. Three is"), (5.14, 7.0, "the last of them.")
    )
    (turn,) = dialogue.replay("paper")
    assert [began_s for began_s, _ in turn.transcription] == pytest.approx([3.1, 5.1, 7.1], abs=MS)
    # Two passes agree on the first sentence while the speaker goes on.
    assert [(segment.text, segment.revision) for segment in turn.segments] == [
        ("One is here now.", 0),
        ("Two is here too.", 0),
        ("Three is the last of them.", 0),
    ]
    assert turn.segments[0].heard_s == pytest.approx(5.35, abs=MS)


def test_the_reply_stands_in_the_track_where_the_record_says() -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one?"))
    (turn,) = dialogue.replay("paper")
    assert dialogue.track is not None and turn.marks.first_audio is not None
    audible = np.flatnonzero(dialogue.track.sound(0).samples)
    assert audible[0] / VOICE_RATE_HZ == pytest.approx(turn.marks.first_audio, abs=MS)
    assert audible[-1] / VOICE_RATE_HZ == pytest.approx(turn.marks.reply_end, abs=2 * MS)


def test_paper_thinks_about_a_sentence_once_the_speaker_goes_on_and_never_about_the_last() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker = ScriptedModel("eggs = ?", "eggs = 2 * 4 = 8")
    (turn,) = dialogue.replay("paper")
    first, second, last = turn.segments
    # Speech goes on at 2.6 and counts as speech 0.12 s later; the text has been there since 2.35.
    assert first.note_start_s == pytest.approx(2.72, abs=MS)
    assert (first.action, first.note, first.fate) == ("infer", "eggs = ?", "used")
    assert second.note_start_s == pytest.approx(4.72, abs=MS)
    assert (second.note, last.action, last.note) == ("eggs = 2 * 4 = 8", "none", None)
    *_, note, question = dialogue.speaker.asked[-1]
    assert note["role"] == "assistant" and note["content"].endswith("eggs = 2 * 4 = 8")
    assert question["content"].startswith("How many eggs are there?")


def test_each_thinking_request_begins_with_the_one_before_and_its_reply() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.replay("paper")
    first, second = dialogue.thinker.asked
    assert second[: len(first)] == first
    assert second[len(first)]["role"] == "assistant" and second[len(first)]["content"].endswith("noted = 1")
    answer = dialogue.speaker.asked[-1]
    assert answer[: len(second)] == second


def test_paper_waits_for_a_thought_that_runs_at_the_end_of_the_turn() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker.first_token_s = 5.0
    (turn,) = dialogue.replay("paper")
    thought_ends_s = turn.segments[0].note_end_s
    assert thought_ends_s == pytest.approx(2.72 + 5.1, abs=MS)
    assert turn.marks.first_token == pytest.approx(2.72 + 5.1 + 0.2, abs=MS)
    # The second sentence came during the thought, and was left for the answer.
    assert turn.segments[1].action == "none"


def test_a_wait_is_no_note() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker = ScriptedModel("wait")
    (turn,) = dialogue.replay("paper")
    assert [(segment.action, segment.note) for segment in turn.segments] == [
        ("wait", None),
        ("wait", None),
        ("none", None),
    ]


def test_conventional_modes_transcribe_and_answer_only_after_the_turn() -> None:
    (turn,) = Dialogue(*THREE).replay("direct")
    assert turn.transcription[-1][0] == pytest.approx(7.0, abs=MS)
    assert turn.marks.text_final == pytest.approx(7.0 + 0.25, abs=MS)
    assert turn.marks.first_audio == pytest.approx(7.25 + 0.2 + 0.1 + 0.1, abs=MS)
    assert all(segment.action == "none" for segment in turn.segments)


def test_cot_speaks_only_what_follows_the_reasoning() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker = ScriptedModel("Two times four is eight.\nAnswer: There are eight eggs.\nDone.")
    (turn,) = dialogue.replay("cot")
    assert turn.reply == turn.heard == "There are eight eggs."
    assert turn.marks.first_token is not None and turn.marks.first_clause is not None
    assert turn.marks.first_clause - turn.marks.first_token == pytest.approx(10 * 0.05, abs=MS)


def test_cot_without_the_marker_speaks_the_last_sentence() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker = ScriptedModel("Two times four is eight. There are eight eggs.")
    (turn,) = dialogue.replay("cot")
    assert turn.heard == "There are eight eggs."


def test_the_second_question_knows_the_first() -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one?"), (8.0, 9.0, "And two?"))
    first, second = dialogue.replay("paper")
    assert (first.turn, second.turn) == (1, 2)
    contents = [message["content"] for message in dialogue.speaker.asked[-1]]
    assert any("What is one?" in content for content in contents)
    assert "It is one." in contents


def test_speech_over_the_reply_ends_it_and_history_holds_what_was_heard() -> None:
    long_reply = "One two three four five six seven eight nine ten."
    dialogue = Dialogue((1.0, 2.0, "Count."), (5.3, 6.2, "Stop."))
    dialogue.speaker = ScriptedModel(long_reply, token_s=0.01)
    first, second = dialogue.replay("paper")
    assert first.interrupted and not second.interrupted
    assert first.reply == long_reply
    # Heard from 3.39 until there is 0.08 s of speech at 5.38, at 0.3 s a word.
    assert first.heard == "One two three four five six seven"
    assert dialogue.track is not None
    silence = dialogue.track.sound(0).samples[round(5.39 * VOICE_RATE_HZ) : round(7.2 * VOICE_RATE_HZ)]
    assert not silence.any()
    assert first.heard in [message["content"] for message in dialogue.speaker.asked[-1]]


def test_speech_right_after_a_commitment_takes_the_reply_back_and_joins_the_same_turn() -> None:
    dialogue = Dialogue((1.0, 2.0, "Tell me."), (3.6, 4.6, "All of it."))
    (turn,) = dialogue.replay("paper")
    assert turn.transcript == "Tell me. All of it."
    assert turn.commits == pytest.approx([3.0, 5.6], abs=MS)
    assert turn.marks.committed == pytest.approx(5.6, abs=MS)
    assert turn.heard == turn.reply == "It is one." and not turn.interrupted
    # The first reply sounded from 3.4 on, and fell silent when the speech counted as such.
    assert dialogue.track is not None
    silence = dialogue.track.sound(0).samples[round(3.73 * VOICE_RATE_HZ) : round(5.9 * VOICE_RATE_HZ)]
    assert not silence.any()
    # What was thought meanwhile is kept, and the answer knows all of it.
    *_, note, question = dialogue.speaker.asked[-1]
    assert note["content"].endswith("noted = 1") and question["content"].startswith("All of it.")
    assert turn.tokens.wasted == 3


def test_words_said_before_an_interruption_are_not_lost() -> None:
    dialogue = Dialogue((1.0, 2.0, "Tell me."), (5.7, 6.6, "All of it."))
    dialogue.recognition_s = 3.0
    first, second = dialogue.replay("direct")
    assert first.transcript == "Tell me." and first.interrupted and first.heard == ""
    assert second.transcript == "All of it."
    assert dialogue.speaker.asked[-1][-1]["content"] == "Tell me. All of it."


def test_a_sentence_with_a_pause_in_it_is_heard_again_as_a_whole() -> None:
    dialogue = Dialogue((1.0, 2.0, "I need the"), (2.8, 4.0, "big box."), (4.6, 6.0, "Do you have it?"))
    (turn,) = dialogue.replay("paper")
    first = [segment for segment in turn.segments if segment.index == 0]
    assert [(segment.revision, segment.text) for segment in first] == [(0, "I need the"), (1, "I need the big box.")]
    assert turn.transcript == "I need the big box. Do you have it?"
    # Nothing was thought about the torn half.
    assert [segment.action for segment in first] == ["none", "infer"]


def test_speech_without_a_pause_is_handed_on_sentence_by_sentence_before_it_ends() -> None:
    words = "One is here now. Two is here too. Three is here as well. Four is the last of them all."
    dialogue = Dialogue((1.0, 13.0, words))
    (turn,) = dialogue.replay("paper")
    assert [segment.text for segment in turn.segments] == [f"{part.strip()}." for part in words.split(".")[:-1]]
    handed_on = [segment.heard_s for segment in turn.segments]
    assert handed_on[0] is not None and handed_on[0] < 8
    assert turn.segments[0].note_start_s is not None and turn.segments[0].note_start_s < 9


def test_a_dead_speaker_is_replaced_by_the_thinker() -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one?"))
    dialogue.speaker = ScriptedModel("DIES")
    dialogue.thinker = ScriptedModel("One is one.")
    (turn,) = dialogue.replay("paper")
    assert turn.heard == "One is one."
    assert turn.fallback == "speaker: the server is gone"


@pytest.mark.parametrize("nothing", ["", "wait", "Wait.", "..."])
def test_a_speaker_with_nothing_to_say_is_replaced_by_the_thinker(nothing: str) -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one?"))
    dialogue.speaker = ScriptedModel(nothing)
    dialogue.thinker = ScriptedModel("One is one.")
    (turn,) = dialogue.replay("paper")
    assert turn.heard == turn.reply == "One is one."
    assert turn.fallback == "speaker: it had nothing to say"


def test_a_speaker_that_takes_the_answer_for_a_note_is_asked_plainly() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.speaker = ScriptedModel("wait", "There are eight eggs.")
    (turn,) = dialogue.replay("paper")
    assert (turn.heard, turn.fallback) == ("There are eight eggs.", "speaker: it had nothing to say")
    assert (
        dialogue.speaker.asked[-1][-1]["content"] == "Tom has two boxes. Each holds four eggs. How many eggs are there?"
    )


def test_with_both_models_dead_the_listener_still_hears_something() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.speaker = dialogue.thinker = ScriptedModel("DIES")
    (turn,) = dialogue.replay("paper")
    assert turn.heard == "Sorry, I can't answer that just now."
    assert turn.fallback is not None


def test_a_speaker_that_dies_in_the_middle_is_not_started_over() -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one?"))
    dialogue.speaker = ScriptedModel("It is one. And DIES")
    (turn,) = dialogue.replay("paper")
    assert turn.heard == "It is one. And"
    assert not dialogue.thinker.asked


@pytest.mark.parametrize("invention", ["", "...", "Thank you for watching this video, see you in the next one."])
def test_what_is_no_speech_leaves_no_turn(invention: str) -> None:
    dialogue = Dialogue((1.0, 1.2, invention))
    assert dialogue.replay("paper") == []
    assert not dialogue.speaker.asked and dialogue.view.said == []


def test_silence_leaves_nothing() -> None:
    assert Dialogue().replay("paper", tail_s=10) == []


def test_two_replays_give_the_same_record() -> None:
    first, second = (Dialogue(*THREE).replay("paper") for _ in range(2))
    assert [turn.as_json() for turn in first] == [turn.as_json() for turn in second]


@pytest.mark.parametrize("mode", ["paper", "livemind"])
@pytest.mark.parametrize("after_s", [0.02, 0.5, 1.0, 1.5, 1.98])
def test_a_premature_commitment_is_repaired_for_two_seconds(after_s: float, mode: str) -> None:
    goes_on_s = 4.0 + 1.0 + after_s
    said = (
        (1.0, 2.0, "Tom has two boxes."),
        (2.6, 4.0, "Each holds four eggs."),
        (goes_on_s, goes_on_s + 1.4, "How many?"),
    )
    dialogue = Dialogue(*said)
    dialogue.thinker = ScriptedModel("boxes = 2", "eggs = 2 * 4 = 8")
    dialogue.speaker = ScriptedModel("It is one two three four five six seven or eight.")
    (turn,) = dialogue.replay(mode)
    # The same turn, without a word lost or doubled, and answered once, as a whole.
    assert turn.transcript == "Tom has two boxes. Each holds four eggs. How many?"
    assert turn.commits == pytest.approx([5.0, goes_on_s + 2.4], abs=0.021)
    assert not turn.interrupted and turn.heard == turn.reply == dialogue.speaker.replies[0]
    # The reply fell silent as soon as the speech counted as such, and stayed silent until the turn was over.
    assert dialogue.track is not None
    silent_s = goes_on_s + 0.13, goes_on_s + 2.4
    assert (
        not dialogue.track.sound(0)
        .samples[round(silent_s[0] * VOICE_RATE_HZ) : round(silent_s[1] * VOICE_RATE_HZ)]
        .any()
    )
    # What was thought about the first sentence was thought once, and is part of the answer.
    assert turn.segments[0].note == "boxes = 2" and turn.segments[0].fate == "used"
    first = [asked for asked in dialogue.thinker.asked if asked[-1]["content"].startswith("Tom has")]
    assert len(first) == 1


def test_speech_later_than_two_seconds_after_the_commitment_is_another_turn() -> None:
    dialogue = Dialogue((1.0, 2.0, "Count."), (5.06, 6.0, "Stop."))
    dialogue.speaker = ScriptedModel("One two three four five six seven eight nine ten.", "Yes.")
    first, second = dialogue.replay("paper")
    assert first.interrupted and (first.transcript, second.transcript) == ("Count.", "Stop.")


def test_what_is_said_after_a_whole_short_reply_is_another_turn() -> None:
    """The reply was heard to its end: there is nothing to take back."""
    dialogue = Dialogue((1.0, 2.0, "Stop."), (4.4, 5.4, "All of it."))
    dialogue.speaker = ScriptedModel("Yes.")
    first, second = dialogue.replay("paper")
    assert (first.heard, first.interrupted) == ("Yes.", False)
    assert second.transcript == "All of it."
