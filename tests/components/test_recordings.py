"""The recordings of audio/: what the manifest says of them is so, and a recogniser hears what was said."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from voice_livemind.weights.cache import model_path

ROOT = Path(__file__).parents[2]
AUDIO = ROOT / "audio"
MAKE = ROOT / "scripts" / "make-recordings"
ENTRIES: list[dict[str, Any]] = [
    json.loads(line) for line in (AUDIO / "manifest.jsonl").read_text("utf-8").splitlines()
]
BY_FILE = {entry["file"]: entry for entry in ENTRIES}
SPOKEN = [entry for entry in ENTRIES if entry["speech"]]
IN_A_QUIET_ROOM = [entry for entry in SPOKEN if entry["kind"] != "noisy"]
ODD_FORMATS = {"weeks.wav": (8000, 1), "tickets.ogg": (44100, 2)}
UNDER_TEN = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
NUMBERS = [*UNDER_TEN, *TEENS, "twenty"]
QUIET_DB = -40.0
"""Relative to the peak; the speech itself was measured down to -45 dB, but without room tone."""


def named(entry: dict[str, Any]) -> str:
    return str(entry["file"])


def load(entry: dict[str, Any]) -> tuple[npt.NDArray[np.float64], int]:
    samples, rate = soundfile.read(AUDIO / entry["file"], always_2d=True)
    return samples.mean(axis=1), rate


def words(text: str) -> list[str]:
    """Lower case, without punctuation, numbers up to twenty as digits, amounts as they are spoken."""
    text = re.sub(r"\$(\d+)", r"\1 dollars", text.casefold()).replace("guidebook", "guide book")
    return [str(NUMBERS.index(word)) if word in NUMBERS else word for word in re.findall(r"[\w']+", text)]


def test_the_manifest_lists_every_file_once_and_the_folder_is_small() -> None:
    files = [path for path in AUDIO.iterdir() if path.suffix in {".flac", ".ogg", ".wav"}]
    assert sorted(path.name for path in files) == sorted(entry["file"] for entry in ENTRIES)
    assert sum(path.stat().st_size for path in files) < 6_000_000


def test_every_kind_is_there() -> None:
    answered = {"question", "problem", "pause", "correction", "two-questions", "noisy"}
    assert {entry["kind"] for entry in ENTRIES} == answered | {"command", "noise", "silence", "monologue"}
    assert {entry["kind"] for entry in ENTRIES if entry["answer"] is not None} == answered
    problems = [entry["sentences"] for entry in ENTRIES if entry["kind"] == "problem"]
    assert problems.count(3) >= 2
    assert {3, 6, 10} <= set(problems)
    assert max(problems) > 20


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_length_and_format(entry: dict[str, Any]) -> None:
    samples, rate = load(entry)
    assert len(samples) / rate == pytest.approx(entry["seconds"], abs=0.001)
    expected = ODD_FORMATS.get(entry["file"], (16000, 1))
    assert (rate, soundfile.info(AUDIO / entry["file"]).channels) == expected
    assert entry["licence"] == "CC0-1.0"


@pytest.mark.parametrize("entry", SPOKEN, ids=named)
def test_the_spans_of_speech_are_in_order_and_end_with_a_sentence(entry: dict[str, Any]) -> None:
    times = [0.0, *(time for span in entry["speech"] for time in span), entry["seconds"]]
    assert times == sorted(times)
    assert 0.3 <= entry["speech"][0][0] <= 0.6
    assert 1.0 <= entry["seconds"] - entry["speech"][-1][1] <= 1.5
    ends = entry["sentence_ends_s"]
    assert len(ends) == entry["sentences"] == len(re.findall(r"[.?]", entry["text"]))
    assert {end for _, end in entry["speech"]} <= set(ends)


@pytest.mark.parametrize("entry", IN_A_QUIET_ROOM, ids=named)
def test_speech_is_where_the_manifest_says_and_nowhere_else(entry: dict[str, Any]) -> None:
    samples, rate = load(entry)
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * 10 ** (QUIET_DB / 20)) / rate
    for start, end in entry["speech"]:
        within = loud[(loud > start - 0.02) & (loud < end + 0.02)]
        assert within[0] == pytest.approx(start, abs=0.1)
        assert within[-1] == pytest.approx(end, abs=0.1)
        loud = loud[(loud <= start - 0.02) | (loud >= end + 0.02)]
    assert not len(loud)


@pytest.mark.parametrize("entry", IN_A_QUIET_ROOM, ids=named)
def test_a_pause_follows_every_sentence(entry: dict[str, Any]) -> None:
    samples, rate = load(entry)
    limit = np.abs(samples).max() * 10 ** (QUIET_DB / 20)
    for end in entry["sentence_ends_s"]:
        assert np.abs(samples[round((end + 0.02) * rate) : round((end + 0.33) * rate)]).max() < limit


def test_the_hesitation_is_long_and_lies_within_the_sentence() -> None:
    [entry] = [entry for entry in ENTRIES if entry["kind"] == "pause"]
    samples, rate = load(entry)
    [(start, end)] = entry["speech"]
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * 10 ** (QUIET_DB / 20)) / rate
    longest = int(np.argmax(np.diff(loud)))
    assert 0.85 <= loud[longest + 1] - loud[longest] <= 1.1
    assert start + 0.4 < loud[longest] < loud[longest + 1] < end - 0.4
    assert entry["sentences"] == 1


def test_the_second_question_waits_for_an_answer() -> None:
    [entry] = [entry for entry in ENTRIES if entry["kind"] == "two-questions"]
    (_, first_end), (second_start, _) = entry["speech"]
    assert second_start - first_end == pytest.approx(7.0, abs=0.001)
    assert len(entry["answers"]) == 2
    assert entry["answers"][0] == entry["answer"]


def test_noise_lies_under_the_noisy_speech() -> None:
    [entry] = [entry for entry in ENTRIES if entry["kind"] == "noisy"]
    samples, rate = load(entry)
    [(start, end)] = entry["speech"]
    first, last = round(start * rate), round(end * rate)
    speech, noise = samples[first:last], np.concatenate([samples[:first], samples[last:]])
    assert 10 < 10 * np.log10(np.mean(speech**2) / np.mean(noise**2)) < 20


def test_silence_is_silent_and_noise_is_not() -> None:
    silence, _ = load(BY_FILE["silence.flac"])
    noise, rate = load(BY_FILE["noise.flac"])
    assert not silence.any()
    level = np.sqrt(np.mean(noise[: len(noise) // rate * rate].reshape(-1, rate) ** 2, axis=1))
    assert (20 * np.log10(level) > -50).all()


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_an_answer_cannot_be_had_by_repeating_the_question(entry: dict[str, Any]) -> None:
    for answer in entry.get("answers", [entry["answer"]]):
        if answer is not None:
            assert words(answer)[0] not in words(entry["text"])


@pytest.fixture(scope="module")
def whisper() -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from faster_whisper import WhisperModel

    return WhisperModel(str(model_path("whisper-base")), device="cpu", compute_type="int8", cpu_threads=1)


@pytest.mark.parametrize(
    "file", ["capital.flac", "weeks.wav", "marbles.flac", "tickets.ogg", "pause.flac", "correction.flac", "noisy.flac"]
)
def test_whisper_hears_what_was_said(whisper: Any, file: str) -> None:
    segments, _ = whisper.transcribe(str(AUDIO / file), language="en", beam_size=1, condition_on_previous_text=False)
    assert words(" ".join(segment.text for segment in segments)) == words(BY_FILE[file]["text"])


def test_the_same_texts_give_the_same_bytes(tmp_path: Path) -> None:
    names = ["capital", "tickets", "noise"]  # a voice, an encoder that draws random numbers, synthesised noise
    for run in ("first", "second"):
        command = [sys.executable, str(MAKE), "--out", str(tmp_path / run), "--only", *names]
        subprocess.run(command, check=True, capture_output=True)
    made = {path.name: path.read_bytes() for path in (tmp_path / "first").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (tmp_path / "second").iterdir()}
    for entry in map(json.loads, made["manifest.jsonl"].decode().splitlines()):
        assert entry["text"] == BY_FILE[entry["file"]]["text"]
