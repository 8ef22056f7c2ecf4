"""What the prompts promise to a prefix cache and to the listener."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from voice_livemind.mind.prompts import (
    ANSWER,
    WAIT,
    Exchange,
    Step,
    aloud_messages,
    answer_messages,
    cot_messages,
    direct_messages,
    note_in,
    noted_messages,
    thinking_messages,
)
from voice_livemind.serving.chat import Message

HISTORY = (
    Exchange("I have $50 and buy a hat for $20. How much is left?", "30 dollars are left."),
    Exchange("And if I", ""),
)
SENTENCES = ("Tom has 3 boxes.", "He is happy.", "Each box holds 4 pens.")
REPLIES = ("Note: boxes = 3", WAIT, "Note: pens = 3 * 4 = 12")
LAST = ("How many pens does he have?",)

Plain = Callable[[Sequence[Exchange], Sequence[str]], list[Message]]
PLAIN: tuple[Plain, ...] = (direct_messages, cot_messages, aloud_messages)


@pytest.mark.parametrize("history", [(), HISTORY[:1], HISTORY])
def test_every_request_of_a_turn_appends_to_the_request_before(history: Sequence[Exchange]) -> None:
    steps: list[Step] = []
    sent: list[Message] = []
    for sentence, reply in zip(SENTENCES, REPLIES, strict=True):
        request = thinking_messages(history, steps, [sentence])
        assert request[: len(sent)] == sent
        assert len(request) == len(sent) + 1 or not sent
        sent = [*request, {"role": "assistant", "content": reply}]
        steps.append(Step((sentence,), note_in(reply)))
    request = answer_messages(history, steps, LAST)
    assert request[:-1] == sent


def test_thinking_and_answering_share_all_but_the_stage() -> None:
    think, answer = thinking_messages(HISTORY[:1], (), LAST), answer_messages(HISTORY[:1], (), LAST)
    assert think[:-1] == answer[:-1]
    assert think[-1] != answer[-1]
    assert think[-1]["content"].startswith(LAST[0])
    assert answer[-1]["content"].startswith(LAST[0])


def test_the_next_turn_begins_with_the_history_of_this_one() -> None:
    before, after = answer_messages(HISTORY[:1], (), LAST), answer_messages(HISTORY, (), LAST)
    assert after[: len(before) - 1] == before[:-1]


def test_notes_in_brackets_append_too() -> None:
    steps: list[Step] = []
    sent = ""
    for sentence, reply in zip(SENTENCES, REPLIES, strict=True):
        *before, last = noted_messages(HISTORY, steps, [sentence])
        assert before == noted_messages(HISTORY, (), LAST)[:-1]
        assert last["content"].startswith(sent)
        sent = last["content"]
        steps.append(Step((sentence,), note_in(reply)))
    assert noted_messages((), steps, LAST)[-1]["content"].splitlines() == [
        "Tom has 3 boxes.",
        "(Note: boxes = 3)",
        "He is happy.",
        "Each box holds 4 pens.",
        "(Note: pens = 3 * 4 = 12)",
        "How many pens does he have?",
    ]


@pytest.mark.parametrize(
    "messages",
    [
        noted_messages(HISTORY, [Step(SENTENCES[:2], "boxes = 3")], LAST),
        noted_messages((), (), LAST),
        *(plain(HISTORY, SENTENCES) for plain in PLAIN),
        thinking_messages(HISTORY, [Step(SENTENCES[:1], None)], SENTENCES[1:2]),
        answer_messages(HISTORY, [Step(SENTENCES[:2], "boxes = 3")], LAST),
        answer_messages((), (), LAST),
    ],
)
def test_roles_alternate_and_nothing_is_empty(messages: list[Message]) -> None:
    assert messages[0]["role"] == "system"
    assert [message["role"] for message in messages[1:]] == ["user", "assistant"] * (len(messages) // 2 - 1) + ["user"]
    assert all(message["content"].strip() for message in messages)


def test_waiting_is_kept_as_a_message_and_sentences_of_a_step_stay_together() -> None:
    said = [message["content"] for message in answer_messages((), [Step(SENTENCES[:2], None)], LAST)[-3:]]
    assert said[0].startswith("Tom has 3 boxes. He is happy.")
    assert said[1] == WAIT


@pytest.mark.parametrize("plain", PLAIN)
def test_plain_modes_send_the_input_as_it_was_said(plain: Plain) -> None:
    assert plain(HISTORY[:1], SENTENCES)[-1] == {"role": "user", "content": " ".join(SENTENCES)}


@pytest.mark.parametrize("plain", PLAIN)
def test_what_was_never_answered_is_said_together_with_what_follows_it(plain: Plain) -> None:
    assert plain(HISTORY, LAST)[-1]["content"] == f"And if I {LAST[0]}"
    first = thinking_messages(HISTORY, [Step(SENTENCES[:1], "boxes = 3")], LAST)[-3]
    assert first["content"].startswith(f"And if I {SENTENCES[0]}")


def test_only_silent_reasoning_knows_the_marker() -> None:
    stages = [
        direct_messages(HISTORY, SENTENCES),
        aloud_messages(HISTORY, SENTENCES),
        thinking_messages(HISTORY, (), SENTENCES),
        answer_messages(HISTORY, (), SENTENCES),
    ]
    assert not [message for messages in stages for message in messages if ANSWER in message["content"]]
    replies = [m["content"] for m in cot_messages(HISTORY, SENTENCES) if m["role"] == "assistant"]
    assert all(reply.count(ANSWER) == 1 for reply in replies)
    assert all(reply.splitlines()[-1].startswith(ANSWER) for reply in replies)


def test_examples_speak_without_symbols_on_one_line() -> None:
    answered = answer_messages((), (), LAST)
    spoken = [
        reply["content"]
        for asked, reply in pairwise(answered)
        if reply["role"] == "assistant" and asked["content"].endswith("(answer aloud in one spoken sentence)")
    ]
    for plain in (direct_messages, aloud_messages):
        spoken += [m["content"] for m in plain((), LAST) if m["role"] == "assistant"]
    spoken += [m["content"].split(ANSWER)[1] for m in cot_messages((), LAST) if m["role"] == "assistant"]
    assert len(spoken) >= 12
    assert not [text for text in spoken if set(text) & set("=*/%$()[]\n")]


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        ("wait", None),
        (" Wait.\n", None),
        ("", None),
        ("boxes = 3 ", "boxes = 3"),
        ("Note: boxes = 3", "boxes = 3"),
        ("Note: wait", None),
    ],
)
def test_a_note_is_told_from_a_wait(reply: str, note: str | None) -> None:
    assert note_in(reply) == note
