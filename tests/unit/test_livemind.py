"""The modes warm, preempt and livemind on virtual time with scripted models, to the millisecond."""

import asyncio

import pytest

from tests.scripted import Dialogue, ScriptedModel, on_virtual_time
from voice_livemind.clock import Clock
from voice_livemind.config import load_settings
from voice_livemind.mind.pace import Pace
from voice_livemind.mind.prompts import Step, finished_facts
from voice_livemind.mind.thinking import Plan, Thinking
from voice_livemind.mind.worth import adds_something, is_new
from voice_livemind.record.turn import SegmentRecord
from voice_livemind.segments.segment import Segment

MS = 0.0011
QUESTION = (1.0, 2.0, "What is one?")
THREE = (
    (1.0, 2.0, "Tom has two boxes."),
    (2.6, 4.0, "Each holds four eggs."),
    (4.6, 6.0, "How many eggs are there?"),
)


def test_the_draft_made_at_the_pause_is_heard_in_the_instant_of_the_commitment() -> None:
    (turn,) = Dialogue(QUESTION).replay("preempt")
    marks = turn.marks
    # Pause at 2.3, text at 2.35, first token 0.2 later, clause 0.1 later, sound 0.15 later: all before the commitment.
    assert marks.text_final == pytest.approx(2.35, abs=MS)
    assert marks.first_token == pytest.approx(2.55, abs=MS)
    assert turn.clauses[0].synthesis == pytest.approx((2.65, 2.8), abs=MS)
    assert marks.committed == pytest.approx(3.0, abs=MS)
    assert marks.first_audio == pytest.approx(3.0, abs=MS)
    assert turn.heard == "It is one." and turn.tokens.wasted == 0


def test_a_draft_that_is_not_ready_goes_on_after_the_commitment() -> None:
    dialogue = Dialogue(QUESTION)
    dialogue.speaker.first_token_s = 2.0
    (turn,) = dialogue.replay("preempt")
    assert turn.marks.committed == pytest.approx(3.0, abs=MS)
    assert turn.marks.first_audio == pytest.approx(2.35 + 2.0 + 0.1 + 0.1, abs=MS)


def test_nothing_of_a_draft_is_heard_before_the_commitment_and_resumed_speech_takes_it_back() -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one"), (2.8, 3.6, "and two?"))
    dialogue.speaker = ScriptedModel("It is a long story that takes its time.", "Three.", token_s=0.2)
    (turn,) = dialogue.replay("preempt")
    assert turn.transcript == "What is one and two?"
    assert turn.heard == turn.reply == "Three."
    assert [text for text, _ in dialogue.view.said] == ["Three."]
    assert turn.marks.committed == pytest.approx(4.6, abs=MS)
    assert turn.marks.first_audio == pytest.approx(4.6, abs=MS)
    # The draft had two words when the speech went on.
    assert turn.tokens.wasted == 2
    assert dialogue.speaker.cancelled >= 1


def test_a_noise_after_the_pause_costs_a_written_draft_nothing() -> None:
    dialogue = Dialogue(QUESTION, (2.95, 3.15, ""))
    dialogue.speaker = ScriptedModel("It is one.", token_s=0.01)
    (turn,) = dialogue.replay("preempt")
    assert turn.heard == "It is one." and turn.tokens.wasted == 0
    drafts = [asked for asked in dialogue.speaker.asked if asked[-1]["content"].startswith("What is one?")]
    # One request wrote the draft; any other only warmed the prompt.
    assert len([None for budget in dialogue.speaker.budgets if budget > 1]) == 1 <= len(drafts)


def test_livemind_warms_and_thinks_while_the_speaker_goes_on_and_stops_at_the_lull() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker = ScriptedModel("eggs = ?; boxes = 2; and so on", " = 2; and so on", token_s=0.3)
    (turn,) = dialogue.replay("livemind")
    first = turn.segments[0]
    # Speech goes on at 2.6 and counts as speech 0.12 s later; the speaker's prompt is warmed in the 0.2 s after that.
    assert first.note_start_s == pytest.approx(2.92, abs=MS)
    # Broken off at the lull at 4.1, it goes on where it was, with nothing in between, and ends at the next lull.
    broken, resumed = dialogue.thinker.asked
    assert resumed == [*broken, {"role": "assistant", "content": "eggs = ?; boxes"}]
    assert first.note_end_s == pytest.approx(6.1, abs=MS)
    assert (first.note, first.fate) == ("eggs = ?; boxes = 2", "used")
    assert dialogue.thinker.cancelled == 2
    *_, question = dialogue.speaker.asked[-1]
    assert question["content"].splitlines() == [
        "Tom has two boxes.",
        "(Note: eggs = ?; boxes = 2)",
        "Each holds four eggs.",
        "How many eggs are there?",
    ]


def test_a_broken_thought_without_a_whole_fact_leaves_its_sentence_to_the_answer() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker = ScriptedModel("eggs equal something else and that is that", first_token_s=0.4, token_s=1.0)
    # Slow enough that no draft has a word when the speech goes on.
    dialogue.speaker.first_token_s = 0.4
    (turn,) = dialogue.replay("livemind")
    assert (turn.segments[0].fate, turn.segments[0].note) == ("aborted", None)
    assert turn.tokens.wasted == turn.tokens.notes > 0
    *_, question = dialogue.speaker.asked[-1]
    assert question["content"] == " ".join(text for _, _, text in THREE)


def test_a_thought_on_words_that_are_revised_is_aborted_at_once() -> None:
    async def think() -> tuple[ScriptedModel, list[SegmentRecord], Thinking]:
        thinker = ScriptedModel("need = 2 and more and more", "need = 3", token_s=0.3)
        plan, settings = Plan(notes=True, frugal=True, warm=None), load_settings(None).mind
        records = [SegmentRecord(0, revision, "", 0.0, 1.0) for revision in range(2)]
        thinking = Thinking(thinker, [], plan, settings, Clock(), Pace(), lambda _: None)
        async with asyncio.TaskGroup() as tasks:
            runs = tasks.create_task(thinking.run())
            thinking.add(Segment(0, 0, "I need two.", 0.0, 1.0), records[0])
            thinking.goes_on(2.0)
            await asyncio.sleep(0.6)
            thinking.add(Segment(0, 1, "I need three.", 0.0, 1.0), records[1])
            await asyncio.sleep(0.01)
            assert thinker.cancelled == 1
            await asyncio.sleep(2)
            runs.cancel()
        return thinker, records, thinking

    thinker, (first, second), thinking = on_virtual_time(think())
    assert (first.fate, second.fate, second.note) == ("aborted", "used", "need = 3")
    assert thinker.asked[1][-1]["content"].startswith("I need three.")
    assert thinking.steps == [Step(("I need three.",), "need = 3")]
    assert (thinking.tokens, thinking.wasted) == (5, 2)


def test_no_reply_waits_for_a_thought() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker.first_token_s = 5.0
    (turn,) = dialogue.replay("livemind")
    assert turn.marks.text_final == pytest.approx(6.35, abs=MS)
    assert turn.marks.first_token == pytest.approx(6.55, abs=MS)
    assert turn.marks.committed == pytest.approx(7.0, abs=MS)
    assert turn.marks.first_audio == pytest.approx(7.0, abs=MS)


def test_the_answerers_prompt_is_read_before_the_speaker_has_finished() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.replay("livemind")
    *_, before, last = dialogue.speaker.asked
    # All but the last sentence was in an earlier request for one token.
    assert dialogue.speaker.budgets[-2] == 1
    assert last[:-1] == before[:-1]
    assert last[-1]["content"] == before[-1]["content"] + "\nHow many eggs are there?"


def test_warm_reads_the_growing_input_and_answers_after_the_commitment() -> None:
    dialogue = Dialogue(*THREE)
    (turn,) = dialogue.replay("warm")
    assert turn.marks.first_token is not None and turn.marks.first_token >= 7.0
    warmed = [
        asked[-1]["content"]
        for asked, budget in zip(dialogue.speaker.asked, dialogue.speaker.budgets, strict=True)
        if budget == 1
    ]
    assert warmed[0] == "Tom has two boxes."
    assert warmed[-1] == "Tom has two boxes. Each holds four eggs. How many eggs are there?"
    assert not dialogue.thinker.asked


def test_the_words_of_a_sentence_are_read_before_it_is_whole() -> None:
    long = "Each of the boxes holds four eggs and a half and two more that he got from his mother today."
    dialogue = Dialogue((1.0, 2.0, "Tom has two boxes."), (2.6, 9.0, long))
    (turn,) = dialogue.replay("warm")
    first, *partial, last = [
        messages[-1]["content"]
        for messages, budget in zip(dialogue.speaker.asked, dialogue.speaker.budgets, strict=True)
        if budget == 1
    ]
    assert first == "Tom has two boxes."
    assert last == turn.transcript == f"Tom has two boxes. {long}"
    # A pass every three seconds of speech.
    assert len(partial) == 2 and all(last.startswith(words) for words in partial)
    assert len(first) < len(partial[0]) < len(partial[1]) < len(last)


def test_only_what_depends_on_a_revised_sentence_is_thought_about_again() -> None:
    dialogue = Dialogue(
        (1.0, 2.0, "Tom has two boxes."), (2.8, 4.0, "I need the"), (4.6, 5.8, "big box."), (6.4, 7.4, "Which one?")
    )
    dialogue.thinker = ScriptedModel("boxes = 2", "need = big")
    (turn,) = dialogue.replay("livemind")
    used = [(segment.text, segment.note) for segment in turn.segments if segment.fate == "used"]
    assert used == [("Tom has two boxes.", "boxes = 2"), ("I need the big box.", "need = big")]
    # The first sentence was thought about once.
    assert len([asked for asked in dialogue.thinker.asked if "Tom has" in asked[-1]["content"]]) == 1


def test_aloud_is_spoken_as_it_is_generated() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker = ScriptedModel("Two times four is eight. There are eight eggs.")
    (turn,) = dialogue.replay("aloud")
    assert turn.heard == "Two times four is eight. There are eight eggs."
    # The first clause is the shortest that can be spoken.
    assert [clause.text for clause in turn.clauses] == ["Two times four", "is eight.", "There are eight eggs."]


def test_an_unfinished_note_keeps_its_whole_facts() -> None:
    assert finished_facts("Note: eggs = 2; boxes = 4; all = ") == "eggs = 2; boxes = 4"
    assert finished_facts("Note: eggs = ") is None
    assert finished_facts("wait") is None


@pytest.mark.parametrize(
    ("sentence", "new"),
    [("Tom has two boxes.", True), ("Okay, so, let me.", False), ("The boxes, yes.", False), ("It has 3 boxes.", True)],
)
def test_what_is_worth_a_thought(sentence: str, new: bool) -> None:
    assert is_new(sentence, ["Are there boxes?"]) is new


def test_a_note_that_only_repeats_is_none() -> None:
    assert not adds_something("Tom has two boxes", ["Tom has two boxes."])
    assert adds_something("boxes = 2", ["Tom has two boxes."])
    assert adds_something("Tom owns containers", ["Tom has two boxes."])


def test_a_notes_budget_grows_with_the_speech_and_with_the_thinkers_speed() -> None:
    pace = Pace()
    assert pace.budget(10.0, 64) == 64
    pace.measured(20, 2.0)
    assert pace.budget(4.0, 64) == 40
    assert pace.budget(0.5, 64) == 20
    assert pace.budget(60.0, 64) == 64
    pace.measured(20, 0.0)
    assert pace.budget(4.0, 64) == 40


def test_the_thinker_may_choose_to_wait_before_it_writes() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker = ScriptedModel("wait", "Note:", " eggs = 8")
    (turn,) = dialogue.replay("livemind", "mind.wait_by_choice=true")
    assert [(segment.action, segment.note) for segment in turn.segments] == [
        ("wait", None),
        ("infer", "eggs = 8"),
        ("none", None),
    ]
    assert dialogue.thinker.asked[-1][-1] == {"role": "assistant", "content": "Note:"}
