"""A session that is kept can be repeated: the same sound, settings and keys."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from tests.room import echo_of, microphone, speech_like
from tests.scripted import Dialogue, ScriptedModel, on_virtual_time
from voice_livemind.clock import Clock
from voice_livemind.config import Echo, load_settings
from voice_livemind.conversation import Conversation
from voice_livemind.errors import UserError
from voice_livemind.hear.echo import EchoCanceller
from voice_livemind.hear.frames import FRAME_SAMPLES, RATE_HZ, Frame
from voice_livemind.hear.recording import play_frames
from voice_livemind.mind.history import remembered
from voice_livemind.mind.prompts import Exchange
from voice_livemind.modes import MODES
from voice_livemind.play.track import Track
from voice_livemind.record.session import read_session, record_session
from voice_livemind.steering import Key, steered
from voice_livemind.surroundings import Surroundings, View
from voice_livemind.view.controls import Controls


def test_what_was_heard_comes_back_to_the_bit_with_the_settings_of_then(tmp_path: Path) -> None:
    settings = load_settings(None, ["turns.pause_s=0.3", "speak.rate=1.2"])
    noise = np.random.default_rng(1).integers(-32768, 32767, 5 * FRAME_SAMPLES, np.int16)
    with record_session(tmp_path, "paper", settings) as session:
        for number, samples in enumerate(noise.reshape(5, -1)):
            session.microphone(Frame(number, samples), samples // 2)
        session.key(3, "push")
    (folder,) = tmp_path.iterdir()
    again = read_session(folder)
    assert (again.heard(Echo(mode="off")) == noise).all() and again.mode == "paper" and again.keys == [(3, "push")]
    assert load_settings(None, (), again.settings) == settings
    assert load_settings(None, ["speak.rate=0.8"], again.settings).speak.rate == 0.8


def test_the_echo_is_taken_out_anew(tmp_path: Path) -> None:
    settings = load_settings(None)
    reply = np.concatenate([speech_like(6.0, 1), np.zeros(RATE_HZ, np.int16)])
    heard = microphone(echo_of(reply, 0.08))
    canceller = EchoCanceller(settings.echo)
    live = []
    with record_session(tmp_path, "paper", settings) as session:
        for number in range(len(heard) // FRAME_SAMPLES):
            span = slice(number * FRAME_SAMPLES, (number + 1) * FRAME_SAMPLES)
            frame = Frame(number, heard[span])
            session.microphone(frame, reply[span])
            live.append(canceller.clean(frame, reply[span]).samples)
    (folder,) = tmp_path.iterdir()
    again = read_session(folder)
    assert (again.heard(settings.echo) == np.concatenate(live)).all()
    assert (again.heard(Echo(mode="off")) == heard[: len(live) * FRAME_SAMPLES]).all()


def test_each_turn_is_written_once_as_soon_as_it_is_over(tmp_path: Path) -> None:
    turns = Dialogue((1.0, 2.0, "What is one?"), (8.0, 9.0, "And two?")).replay("paper")
    with record_session(tmp_path, "paper", load_settings(None)) as session:
        (folder,) = tmp_path.iterdir()
        for known in (turns[:1], turns[:1], turns):
            session.turns(known)
            written = [json.loads(line)["turn"] for line in (folder / "turns.jsonl").read_text().splitlines()]
            assert written == [turn.turn for turn in known]


def test_what_is_no_session_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a session"):
        read_session(tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UserError, match=r"--record .*file"),
        record_session(tmp_path / "file", "paper", load_settings(None)),
    ):
        pass


def keyed(dialogue: Dialogue, *keys: tuple[float, Key]) -> tuple[Conversation, list[tuple[int, Key]]]:
    """The conversation with keys pressed at these times, and which acted from which frame on."""
    acted: list[tuple[int, Key]] = []

    async def converse() -> Conversation:
        now, controls = Clock(), Controls()
        track = Track(now, 1000)
        sets = ["turns.policy=fixed-1000ms", "turns.pause_s=0.3", "turns.min_speech_s=0.12"]
        around = Surroundings(load_settings(None, sets), MODES["paper"], dialogue.stations(), now, track, View())
        conversation = Conversation(around, dialogue.spoken.is_speech)
        samples = dialogue.spoken.samples(4.0)

        async def pressing() -> AsyncIterator[Frame]:
            left = list(keys)
            async for frame in play_frames(samples, now):
                while left and left[0][0] <= frame.end_s:
                    match left.pop(0)[1]:
                        case "new conversation":
                            controls.new_conversation.set()
                        case "push":
                            controls.push_to_talk = True
                        case "release":
                            controls.push_to_talk = False
                yield frame

        frames = steered(pressing(), controls, conversation, lambda frame, key: acted.append((frame, key)))
        await conversation.listen(frames, len(samples) / RATE_HZ)
        return conversation

    return on_virtual_time(converse()), acted


def test_while_the_key_is_down_no_silence_ends_the_turn_and_its_end_does() -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one"), (5.0, 6.0, "and two?"))
    conversation, acted = keyed(dialogue, (0.5, "push"), (6.2, "release"))
    (turn,) = conversation.records
    assert turn.transcript == "What is one and two?"
    assert turn.commits == pytest.approx([6.18], abs=0.021)
    assert [key for _, key in acted] == ["push", "release"]


def test_what_is_said_over_the_reply_with_the_key_down_is_a_turn_of_its_own() -> None:
    dialogue = Dialogue((1.0, 2.0, "Count."), (5.3, 5.7, "Okay."))
    dialogue.speaker = ScriptedModel("One two three four five six seven eight nine ten.", "Yes.", token_s=0.0)
    conversation, _ = keyed(dialogue, (5.2, "push"), (5.72, "release"))
    first, second = conversation.records
    assert first.interrupted and (first.transcript, second.transcript) == ("Count.", "Okay.")
    assert len(first.commits) == len(second.commits) == 1


def test_a_new_conversation_knows_nothing_of_the_one_before() -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one?"), (8.0, 9.0, "And two?"))
    conversation, _ = keyed(dialogue, (6.0, "new conversation"))
    assert [turn.transcript for turn in conversation.records] == ["What is one?", "And two?"]
    assert not any("What is one?" in message["content"] for message in dialogue.speaker.asked[-1])


def test_a_new_conversation_begins_in_the_middle_of_a_sentence() -> None:
    dialogue = Dialogue((1.0, 4.0, "What is one?"), (8.0, 9.0, "And two?"))
    conversation, _ = keyed(dialogue, (2.0, "new conversation"))
    assert conversation.records[-1].transcript == "And two?"
    assert len(dialogue.speaker.asked) == len([turn for turn in conversation.records if turn.reply])


def test_of_a_long_conversation_the_end_is_remembered() -> None:
    history = [Exchange(f"question {n} " + "x" * 90, "y" * 100) for n in range(1000)]
    lengths = set()
    known: list[Exchange] = []
    for exchange in history:
        known = remembered([*known, exchange], 4096)
        assert known[-1] == exchange
        lengths.add(len(known))
    assert 5 < max(lengths) < 30
    assert remembered(history[:3], 4096) == history[:3]
