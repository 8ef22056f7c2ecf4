"""A kiosk and its visitors, on virtual time with scripted models, to the millisecond."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from prometheus_client.parser import text_string_to_metric_families

from tests.lobby import Lobby
from tests.scripted import ScriptedModel, on_virtual_time
from voice_livemind.config import load_settings
from voice_livemind.errors import UserError
from voice_livemind.health.metrics import Metrics
from voice_livemind.kiosk.hours import within
from voice_livemind.kiosk.ladder import Rung
from voice_livemind.kiosk.phrases import after_wake_phrase, is_farewell
from voice_livemind.kiosk.prepared import TEXTS
from voice_livemind.kiosk.state import KioskState
from voice_livemind.kiosk.transcripts import Transcripts
from voice_livemind.kiosk.visitors import Visitors
from voice_livemind.kiosk.waiting import until_open
from voice_livemind.record.turn import TurnRecord

MS = 0.0011


def asked(model: ScriptedModel) -> str:
    """All that the model was ever told."""
    return " ".join(message["content"] for request in model.asked for message in request)


def test_who_comes_back_soon_is_known_and_who_comes_after_quiet_is_not() -> None:
    soon = Lobby((1.0, 2.0, "My name is Ada."), (30.0, 31.0, "Who am I?"))
    soon.serve()
    assert "Ada" in str(soon.speaker.asked[-1])
    late = Lobby((1.0, 2.0, "My name is Ada."), (40.0, 41.0, "Who am I?"))
    first, second = late.serve()
    assert "Ada" not in str(late.speaker.asked[-1])
    assert (late.state.visitors, second.transcript) == (2, "Who am I?")
    # Of the first one only times are left, even in memory.
    assert "Ada" not in late.state.turns[0].as_json()
    assert late.state.turns[0].marks == first.marks


def test_quiet_counts_from_the_last_word_that_was_heard() -> None:
    visitors = Visitors(load_settings(None, ["kiosk.quiet_ends_s=5"]).kiosk)
    visitors.step(1.0, at_rest=False, closed=False)
    visitors.spoke("What is one?")
    assert not visitors.step(5.99, at_rest=True, closed=False)
    assert visitors.step(6.0, at_rest=True, closed=False)
    assert not visitors.present and visitors.count == 1
    assert not visitors.step(100.0, at_rest=True, closed=False)


def test_a_farewell_is_returned_by_no_model_and_ends_the_visit() -> None:
    lobby = Lobby((1.0, 2.0, "My name is Ada."), (8.0, 8.6, "Good bye!"), (15.0, 16.0, "Who am I?"))
    _, farewell, second = lobby.serve()
    assert farewell.heard == TEXTS["goodbye"]
    assert "bye" not in asked(lobby.speaker).lower() and "Ada" not in str(lobby.speaker.asked[-1])
    assert second.heard == "It is one." and lobby.state.visitors == 2


def test_who_takes_the_farewell_back_is_still_known() -> None:
    visitors = Visitors(load_settings(None).kiosk)
    visitors.spoke("Bye.")
    visitors.spoke("Oh, one more thing.")
    assert not visitors.step(1.0, at_rest=True, closed=False)
    assert visitors.count == 1


def test_a_visitor_is_greeted_once() -> None:
    lobby = Lobby((1.0, 2.0, "What is one?"), (9.0, 10.0, "What is two?"))
    first, second = lobby.serve("kiosk.greets=true")
    assert first.heard == f"{TEXTS['greeting']} It is one." and first.reply == "It is one."
    assert second.heard == "It is one."
    # The model is told what it said itself, and learns to greet from no example.
    *_, told, _ = lobby.speaker.asked[-1]
    assert told == {"role": "assistant", "content": "It is one."}


@pytest.mark.parametrize(
    ("rung", "mode", "heard"),
    [
        (Rung.FULL, "livemind", "It is one."),
        (Rung.WITHOUT_THINKER, "preempt", "It is one."),
        (Rung.LOCAL_SPEAKER, "preempt", "The spare one."),
        (Rung.PREPARED, "preempt", TEXTS["out_of_order"]),
    ],
)
def test_each_step_of_the_ladder_answers_in_its_way(rung: Rung, mode: str, heard: str) -> None:
    lobby = Lobby((1.0, 2.0, "What is one?"))
    lobby.rung = rung
    (turn,) = lobby.serve(until_s=15.0)
    assert (turn.mode, turn.heard) == (mode, heard)
    assert turn.first_sound_s is not None and turn.first_sound_s < 3.0
    assert (turn.first_word_s is None) == (rung is Rung.PREPARED)
    assert bool(lobby.speaker.asked) == (rung in (Rung.FULL, Rung.WITHOUT_THINKER))
    assert (turn.fallback is not None) == (rung is Rung.PREPARED)
    assert lobby.state.activity == ("out_of_order" if rung is Rung.PREPARED else "idle")


def test_nobody_waits_in_silence_for_a_slow_model() -> None:
    lobby = Lobby((1.0, 2.0, "What is one?"))
    lobby.speaker.first_token_s = 4.0
    (turn,) = lobby.serve(until_s=15.0)
    moment, answer = turn.clauses
    assert turn.heard == f"{TEXTS['one_moment']} It is one."
    assert moment.played is not None and moment.played[0] == pytest.approx(2.0 + 2.5, abs=MS)
    # Asked in the pause, when the words were known.
    assert answer.played is not None and answer.played[0] == pytest.approx(2.35 + 4.0 + 0.1 + 0.1, abs=MS)


def test_a_greeting_does_not_stand_for_the_answer_nor_for_its_time() -> None:
    lobby = Lobby((1.0, 2.0, "What is one?"))
    lobby.speaker.first_token_s = 4.0
    (turn,) = lobby.serve("kiosk.greets=true", until_s=15.0)
    answer = turn.clauses[-1]
    assert answer.played is not None and turn.marks.first_audio == pytest.approx(answer.played[0], abs=MS)
    # The greeting, at the commitment.
    assert turn.marks.first_sound == pytest.approx(3.0, abs=0.1)
    assert turn.heard == f"{TEXTS['greeting']} {TEXTS['one_moment']} It is one."
    assert [clause.played[0] for clause in turn.clauses if clause.played][1] == pytest.approx(2.0 + 2.5, abs=MS)


def test_the_figures_of_answers_hold_no_greeting_and_no_request_for_patience() -> None:
    lobby = Lobby((1.0, 2.0, "What is one?"), (14.0, 15.0, "What is two?"), (22.0, 22.6, "Good bye!"))
    lobby.speaker.first_token_s = 4.0
    turns = lobby.serve("kiosk.greets=true")
    metrics = Metrics(lobby.state)
    for turn in turns:
        metrics.over(turn)
    figures = {
        (sample.name.removeprefix("voice_livemind_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }
    # Each model had 4 s before its first word, after the 0.55 s until the words were known; the farewell needs none.
    assert figures["first_word_seconds_count",] == 2
    assert figures["first_word_seconds_sum",] == pytest.approx(2 * (0.35 + 4.0 + 0.1 + 0.1), abs=0.01)
    # Three were spoken to, none of them after more than 2.5 s.
    assert figures["first_sound_seconds_count",] == figures["first_sound_seconds_bucket", "3.0"] == 3


def test_a_model_that_does_not_answer_is_given_up() -> None:
    lobby = Lobby((1.0, 2.0, "What is one?"), (20.0, 21.0, "And now?"))
    lobby.speaker.first_token_s = 1000.0
    first, second = lobby.serve()
    sorry = first.clauses[-1]
    assert first.heard == f"{TEXTS['one_moment']} {TEXTS['sorry']}"
    assert sorry.played is not None and sorry.played[0] == pytest.approx(2.0 + 10.0, abs=MS)
    assert first.fallback == "no reply within 10 s"
    assert first.first_word_s is None and first.first_sound_s == pytest.approx(2.5, abs=0.1)
    assert second.turn == 2 and lobby.speaker.cancelled >= 1


LONG = "One two three four five. Six seven eight nine, ten eleven twelve. " * 3


@settings(max_examples=30, deadline=None)
@given(
    gaps_s=some.lists(some.sampled_from([0.3, 0.5, 1.0, 2.0, 5.0, 12.0, 40.0]), min_size=1, max_size=5),
    lengths_s=some.lists(some.sampled_from([0.4, 0.8, 1.5, 4.0, 9.0]), min_size=5, max_size=5),
    rung=some.sampled_from(Rung),
    button_s=some.sampled_from([None, 1.0, 3.3]),
    reply=some.sampled_from(["It is one.", LONG, "", "DIES", "One DIES"]),
    first_token_s=some.sampled_from([0.1, 1.0, 4.0, 1000.0]),
    synthesis_s=some.sampled_from([0.1, 2.0]),
    longest_turn_s=some.sampled_from([2, 60]),
)
def test_whatever_happens_who_has_spoken_hears_something_within_three_seconds(
    gaps_s: list[float],
    lengths_s: list[float],
    rung: Rung,
    button_s: float | None,
    reply: str,
    first_token_s: float,
    synthesis_s: float,
    longest_turn_s: int,
) -> None:
    said: list[tuple[float, float, str]] = []
    now_s = 0.5
    for gap_s, length_s in zip(gaps_s, lengths_s, strict=False):
        said.append((now_s + gap_s, now_s + gap_s + length_s, "What is one?"))
        now_s += gap_s + length_s
    lobby = Lobby(*said)
    lobby.rung, lobby.button_s, lobby.synthesis_s = rung, button_s, synthesis_s
    lobby.speaker = ScriptedModel(reply, first_token_s=first_token_s)
    for turn in lobby.serve(f"kiosk.longest_turn_s={longest_turn_s}", "kiosk.greets=true", until_s=now_s + 30):
        assert turn.interrupted or turn.heard
        assert turn.first_sound_s is None or turn.first_sound_s <= 3.0


def test_before_the_wake_phrase_nothing_is_answered_nor_told_to_a_model() -> None:
    lobby = Lobby(
        (1.0, 2.0, "Nice weather today."), (8.0, 9.5, "Hey computer, what is one?"), (16.0, 17.0, "And what is two?")
    )
    ignored, first, second = lobby.serve("kiosk.wake_phrase=hey computer")
    assert (ignored.heard, ignored.fallback) == ("", "not addressed")
    for model in (lobby.speaker, lobby.thinker):
        assert "weather" not in asked(model)
    assert first.heard == second.heard == "It is one."
    assert lobby.state.visitors == 1


def test_the_wake_phrase_alone_is_answered_with_an_offer() -> None:
    lobby = Lobby((1.0, 2.0, "Hey, computer!"), (8.0, 9.0, "What is one?"))
    first, second = lobby.serve("kiosk.wake_phrase=hey computer")
    assert (first.heard, second.heard) == (TEXTS["help"], "It is one.")


def test_the_button_greets_and_spares_the_wake_phrase() -> None:
    lobby = Lobby((5.0, 6.0, "What is one?"))
    lobby.button_s = 1.0
    (turn,) = lobby.serve("kiosk.wake_phrase=hey computer")
    assert turn.heard == "It is one."
    assert lobby.track is not None
    assert lobby.track.sound(0).samples[1050:1600].any()


def test_who_talks_for_too_long_is_answered_at_once_and_the_rest_is_another_turn() -> None:
    lobby = Lobby((1.0, 14.0, " ".join(["word"] * 40)))
    first, *_ = lobby.serve("kiosk.longest_turn_s=6")
    assert first.marks.committed == pytest.approx(1.0 + 6.0, abs=0.03)


def test_a_reply_ends_with_the_clause_before_it_would_be_too_long() -> None:
    lobby = Lobby((1.0, 2.0, "Count."))
    lobby.speaker = ScriptedModel("One two three four five. Six seven eight nine ten. Eleven twelve.")
    (turn,) = lobby.serve("reply.max_s=3.1", until_s=12.0)
    assert turn.heard == "One two three four five. Six seven eight nine ten."


def test_in_quiet_hours_a_visit_ends() -> None:
    visitors = Visitors(load_settings(None).kiosk)
    visitors.spoke("What is one?")
    assert not visitors.step(1.0, at_rest=False, closed=True)
    assert visitors.step(2.0, at_rest=True, closed=True)


@pytest.mark.parametrize(
    ("span", "now", "quiet"),
    [
        ("", "03:00", False),
        ("12:00-13:00", "11:59", False),
        ("12:00-13:00", "12:00", True),
        ("12:00-13:00", "13:00", False),
        ("22:00-06:30", "23:15", True),
        ("22:00-06:30", "06:29", True),
        ("22:00-06:30", "06:30", False),
    ],
)
def test_quiet_hours_may_cross_midnight(span: str, now: str, quiet: bool) -> None:
    assert within(span, time.fromisoformat(now)) is quiet


@pytest.mark.parametrize("hours", ["22-6", "24:00-06:00", "22:00 - 06:00", "night"])
def test_quiet_hours_that_are_none_are_refused(hours: str) -> None:
    with pytest.raises(UserError, match=r"kiosk\.quiet_hours"):
        load_settings(None, [f"kiosk.quiet_hours={hours}"])


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Hey computer, what is one?", ["what", "is", "one"]),
        ("Hey Computer.", []),
        ("Um, hey computers what's one", ["whats", "one"]),
        ("Hey compute, tell me.", ["tell", "me"]),
        ("My computer is slow.", None),
        ("Hey you.", None),
        ("I said yesterday hey computer to it", None),
        ("", None),
    ],
)
def test_the_wake_phrase_is_known_as_recognisers_spell_it(text: str, rest: list[str] | None) -> None:
    assert after_wake_phrase(text, "hey computer") == rest


def test_a_wake_phrase_of_one_word_is_known_in_two() -> None:
    assert after_wake_phrase("Live mind, hello.", "livemind") == ["hello"]


@pytest.mark.parametrize(("text", "farewell"), [("Bye!", True), ("Good-bye.", True), ("What does bye mean?", False)])
def test_a_farewell_is_all_that_is_said(text: str, farewell: bool) -> None:
    assert is_farewell(text, ["bye", "good bye"]) is farewell


def _turn(words: str) -> TurnRecord:
    return TurnRecord(1, "livemind", transcript=words, heard="Yes.")


def test_transcripts_are_private_and_old_ones_are_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    transcripts = Transcripts(str(folder), 7)
    for day in (1, 2, 9):
        transcripts.keep(3, _turn(f"on day {day}"), datetime(2026, 3, day, 12))
    (folder / "notes.txt").write_text("not ours")
    transcripts.prune(date(2026, 3, 9))
    assert sorted(file.name for file in folder.iterdir()) == ["2026-03-09.jsonl", "notes.txt"]
    kept = folder / "2026-03-09.jsonl"
    assert '"said": "on day 9", "heard": "Yes."' in kept.read_text()
    assert (folder.stat().st_mode & 0o777, kept.stat().st_mode & 0o777) == (0o700, 0o600)


def test_transcripts_that_are_off_still_grow_old(tmp_path: Path) -> None:
    transcripts = Transcripts(str(tmp_path), 7)
    transcripts.keep(1, _turn("before"), datetime(2026, 3, 1))
    transcripts.off()
    transcripts.keep(1, _turn("after"), datetime(2026, 3, 1))
    assert "after" not in (tmp_path / "2026-03-01.jsonl").read_text()
    transcripts.prune(date(2026, 3, 20))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_costs_the_transcript_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "open", full)
    lobby = Lobby((1.0, 2.0, "What is one?"), (8.0, 9.0, "What is two?"))
    first, second = lobby.serve(f"kiosk.transcripts={tmp_path}")
    assert first.heard == second.heard == "It is one."
    assert caplog.text.count("No space left on device") == 1


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Lobby((1.0, 2.0, "What is one?")).serve()
    assert not list(tmp_path.iterdir())


def test_a_device_is_waited_for_ever_more_patiently_and_each_reason_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    state, tried_s = KioskState(0.0), list[float]()
    faults = ["no microphone found"] * 3 + ["it is in use"] * 5

    @asynccontextmanager
    async def open_it() -> AsyncIterator[str]:
        tried_s.append(asyncio.get_running_loop().time())
        if len(tried_s) <= len(faults):
            raise UserError(faults[len(tried_s) - 1])
        assert (state.activity, state.detail) == ("waiting", "for the microphone: it is in use")
        yield "open"

    async def wait() -> str:
        async with AsyncExitStack() as stack:
            return await until_open(stack, state, "microphone", open_it)

    with caplog.at_level("INFO"):
        assert on_virtual_time(wait()) == "open"
    assert tried_s == pytest.approx([0, 0.5, 1.5, 3.5, 7.5, 15.5, 30.5, 45.5, 60.5])
    assert [record.getMessage() for record in caplog.records] == [
        "waiting for the microphone: no microphone found",
        "waiting for the microphone: it is in use",
        "the microphone is there",
    ]
    assert state.activity == "starting"
