"""Recordings go in, spoken answers come out: real models, real time, the real command line."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from tests.audio import MANIFEST, recording, says
from tests.system.command import run
from voice_livemind.hear.recording import read_recording
from voice_livemind.sound import AUDIBLE
from voice_livemind.transcribe.recognizer import Recognizer

ANSWERED = ("capital", "weeks", "apples", "pause", "noisy", "two-questions")
EMPTY = ("silence", "noise")
SPOKEN = [(name, turn) for name in ANSWERED for turn in range(len(MANIFEST[name]["speech"]))]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what one replay of all of them left."""
    out = tmp_path_factory.mktemp("out")
    done = run("replay", *map(recording, (*ANSWERED, *EMPTY)), "--out", out)
    assert done.returncode == 0, done.stderr
    (out / "printed.txt").write_text(done.stdout)
    return out


@pytest.fixture(scope="module")
def turns(results: Path) -> Callable[[str], list[dict[str, Any]]]:
    def read(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (results / f"{name}.turns.jsonl").read_text().splitlines()]

    return read


@pytest.mark.parametrize("name", (*ANSWERED, *EMPTY))
def test_each_recording_leaves_its_three_files_and_no_other(results: Path, name: str) -> None:
    left = {path.name for path in results.iterdir() if path.name.startswith((name, f".{name}"))}
    assert left == {f"{name}.reply.wav", f"{name}.turns.jsonl", f"{name}.timeline.svg"}


@pytest.mark.parametrize("name", ANSWERED)
def test_the_answer_can_be_heard_in_the_reply(results: Path, name: str, recognizer: Recognizer) -> None:
    reply = read_recording(results / f"{name}.reply.wav")
    pieces = [reply[begin : begin + 25 * 16_000] for begin in range(0, len(reply), 25 * 16_000)]
    heard = " ".join(recognizer.transcribe(piece, 0.0).text for piece in pieces)
    for answer in MANIFEST[name].get("answers", [MANIFEST[name]["answer"]]):
        assert says(heard, answer), heard


@pytest.mark.parametrize("name", EMPTY)
def test_without_speech_there_is_no_turn_and_no_sound(
    results: Path, name: str, turns: Callable[[str], list[dict[str, Any]]]
) -> None:
    assert turns(name) == []
    samples, _ = soundfile.read(results / f"{name}.reply.wav")
    assert not samples.any()
    assert len(samples) > 0


@pytest.mark.parametrize("name", ANSWERED)
def test_a_recording_has_as_many_turns_as_the_speaker_took(
    name: str, turns: Callable[[str], list[dict[str, Any]]]
) -> None:
    assert [turn["turn"] for turn in turns(name)] == list(range(1, len(MANIFEST[name]["speech"]) + 1))


@pytest.mark.parametrize(("name", "number"), SPOKEN)
def test_speech_starts_and_ends_where_the_manifest_says(
    name: str, number: int, turns: Callable[[str], list[dict[str, Any]]]
) -> None:
    start_s, end_s = MANIFEST[name]["speech"][number]
    marks = turns(name)[number]["marks"]
    assert marks["speech_end"] == pytest.approx(end_s, abs=0.15)
    assert marks["speech_start"] == pytest.approx(start_s, abs=0.25)


@pytest.mark.parametrize("name", ANSWERED)
def test_the_marks_are_in_order_and_agree_with_each_other(
    name: str, turns: Callable[[str], list[dict[str, Any]]]
) -> None:
    for turn in turns(name):
        marks = turn["marks"]
        order = ("speech_start", "speech_end", "pause", "committed", "first_token", "first_clause", "first_audio")
        times = [marks[key] for key in (*order, "reply_end")]
        assert times == sorted(times)
        assert marks["text_final"] >= marks["speech_end"]
        assert turn["first_word_s"] == pytest.approx(marks["first_audio"] - marks["speech_end"], abs=0.002)
        assert turn["heard"] and not turn["interrupted"] and turn["fallback"] is None
        assert turn["tokens"]["reply"] > 0
        latest = {segment["index"]: segment for segment in turn["segments"]}
        spoken = [segment for segment in latest.values() if segment["text"]]
        edges = [edge for segment in spoken for edge in (segment["start_s"], segment["end_s"])]
        assert edges == sorted(edges)
        assert " ".join(segment["text"] for segment in spoken) == turn["transcript"]


@pytest.mark.parametrize("name", ANSWERED)
def test_the_reply_file_begins_to_sound_when_the_record_says(
    results: Path, name: str, turns: Callable[[str], list[dict[str, Any]]]
) -> None:
    samples, rate_hz = soundfile.read(results / f"{name}.reply.wav", dtype="float32")
    audible_s = np.flatnonzero(np.abs(samples) >= AUDIBLE) / rate_hz
    for turn in turns(name):
        after = audible_s[audible_s > turn["marks"]["committed"]]
        assert after[0] == pytest.approx(turn["marks"]["first_audio"], abs=0.002)
    # Nothing sounds outside what the record calls played.
    spans = [clause["played"] for turn in turns(name) for clause in turn["clauses"]]
    within = np.zeros(len(audible_s), bool)
    for start_s, end_s in spans:
        within |= (audible_s >= start_s - 0.002) & (audible_s <= end_s + 0.002)
    assert within.all()


def test_the_thinker_works_while_the_speaker_goes_on(turns: Callable[[str], list[dict[str, Any]]]) -> None:
    (turn,) = turns("apples")
    thoughts = [segment for segment in turn["segments"] if segment["note_start_s"] is not None]
    assert thoughts and thoughts[0]["note_start_s"] < turn["marks"]["speech_end"]
    assert turn["segments"][-1]["action"] == "none"


@pytest.mark.parametrize("name", (*ANSWERED, *EMPTY))
def test_the_timeline_shows_the_words_and_the_time_to_the_first(
    results: Path, name: str, turns: Callable[[str], list[dict[str, Any]]]
) -> None:
    root = ElementTree.parse(results / f"{name}.timeline.svg").getroot()
    shown = " ".join("".join(root.itertext()).split())
    for turn in turns(name):
        assert turn["transcript"].split()[0] in shown
        assert any(f"{math.floor(turn['first_word_s'] * 100 + d) / 100:.2f}" in shown for d in (0, 1))


def test_a_line_is_printed_for_each_sentence_and_each_clause(
    results: Path, turns: Callable[[str], list[dict[str, Any]]]
) -> None:
    printed = " ".join((results / "printed.txt").read_text().split())
    for name in ANSWERED:
        for turn in turns(name):
            for text in [s["text"] for s in turn["segments"]] + [c["text"] for c in turn["clauses"]]:
                assert " ".join(text.split()) in printed


@pytest.mark.parametrize("mode", ["cot", "direct", "paper"])
def test_at_full_speed_two_replays_give_the_same_record(mode: str, tmp_path: Path) -> None:
    records = []
    for attempt in ("first", "second"):
        out = tmp_path / attempt
        done = run("replay", recording("capital"), "--mode", mode, "--speed", "max", "--out", out)
        assert done.returncode == 0, done.stderr
        records.append((out / "capital.turns.jsonl").read_text())
    assert records[0] == records[1]
    turn = json.loads(records[0])
    assert turn["mode"] == mode and says(turn["heard"], "Paris")


def test_the_answerer_can_be_chosen(tmp_path: Path) -> None:
    done = run("replay", recording("capital"), "--mode", "direct", "--answerer", "thinker", "--speed", "max",
               "--out", tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert says(json.loads((tmp_path / "capital.turns.jsonl").read_text())["heard"], "Paris")
