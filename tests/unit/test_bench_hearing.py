"""`bench hearing`: conditions, truth, comparison and figures, with a listener that hears what it is told to."""

import argparse
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tests.audio import MANIFEST, recording
from voice_livemind.bench.conditions import Changes, Recording, changed, read_recordings, silence
from voice_livemind.bench.figures import percentiles, rounded, share
from voice_livemind.bench.heard import Heard, HeardTurn
from voice_livemind.bench.hearing import Run, is_premature, summarize
from voice_livemind.bench.hearing_plot import draw_hearing
from voice_livemind.bench.hearing_runs import Transcriber
from voice_livemind.bench.labels import Label, Span, read_labels
from voice_livemind.bench.no_speech import without_speech
from voice_livemind.bench.results import write_results
from voice_livemind.bench.sound_changes import active_power, add_noise, append, hesitate, piece_of, randomness
from voice_livemind.bench.speech_span import speech_span
from voice_livemind.bench.spoken_numbers import with_digits
from voice_livemind.bench.words import spelt, unheard, word_errors
from voice_livemind.commands import bench
from voice_livemind.config import Settings, Transcribe
from voice_livemind.errors import Failure, UserError
from voice_livemind.hear.frames import RATE_HZ, Samples
from voice_livemind.hear.recording import read_recording

SPEECH = ((1.0, 3.0),)


def sound(seconds: float, *spans: Span, level: float = 6000, noise: float = 20, seed: int = 0) -> Samples:
    """A voice (a tone with a pulse) in ``spans``, over the noise of a room."""
    random = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    made = random.normal(0, noise, len(time_s))
    for start_s, end_s in spans:
        voiced = (time_s >= start_s) & (time_s < end_s)
        made += voiced * level * np.sin(2 * np.pi * 220 * time_s) * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * time_s))
    return np.clip(np.round(made), -32768, 32767).astype(np.int16)


def turn(start_s: float, *commits: float, text: str | None = "", end_s: float | None = None) -> HeardTurn:
    """A turn whose last pause and text came 0.3 and 0.1 s before its last commitment. ``None``: no words."""
    last = commits[-1]
    end = last - 0.5 if end_s is None else end_s
    segments = ((start_s, end, end + 0.4, text),) if text is not None else ()
    return HeardTurn(start_s, end, last - 0.3, last, commits, last - 0.1, text or "", segments, ())


def heard(
    turns: Sequence[HeardTurn],
    speech: tuple[Span, ...] = SPEECH,
    label: Label | None = None,
    policy: str = "default",
    seconds: float = 6,
) -> Run:
    """The run of a silent recording in which somebody is said to speak."""
    label = label or Label(file="a.wav", text="hello there" if speech else "")
    return Run.of(Recording("a.wav", sound(seconds), speech, label), policy, None, Heard(tuple(turns), 0.01))


# The truth


@pytest.mark.parametrize("noise", [0, 5, 60])
def test_the_span_of_speech_is_measured(noise: float) -> None:
    span = speech_span(sound(6, (1.0, 2.0), (2.2, 3.0), noise=noise))
    assert span == pytest.approx((1.0, 3.0), abs=0.02)


def test_what_does_not_stand_out_is_no_speech() -> None:
    assert speech_span(sound(5)) is None
    assert speech_span(np.zeros(RATE_HZ, np.int16)) is None
    assert speech_span(np.zeros(10, np.int16)) is None


def test_a_click_after_the_end_is_not_speech_but_a_release_is() -> None:
    click = sound(6, SPEECH[0], (4.5, 4.53))
    assert speech_span(click) == pytest.approx((1.0, 3.0), abs=0.02)
    released = sound(6, SPEECH[0], (3.08, 3.13))
    assert speech_span(released) == pytest.approx((1.0, 3.13), abs=0.02)


@pytest.mark.parametrize("name", [name for name, one in MANIFEST.items() if one["speech"] and one["kind"] != "noisy"])
def test_the_measure_agrees_with_spans_that_are_known(name: str) -> None:
    span = speech_span(read_recording(recording(name)))
    known = MANIFEST[name]["speech"]
    assert span == pytest.approx((known[0][0], known[-1][1]), abs=0.03)


# Conditions


@given(st.integers(0, 50), st.floats(0.1, 3))
def test_a_hesitation_adds_its_length_and_loses_nothing(seed: int, seconds: float) -> None:
    clean = sound(5, SPEECH[0])
    longer, speech = hesitate(clean, SPEECH, seconds, np.random.default_rng(seed))
    added = round(seconds * RATE_HZ)
    assert len(longer) == len(clean) + added
    assert np.ravel(speech) == pytest.approx([1.0, 3.0 + seconds], abs=1e-4)
    begin = next(place for place in range(RATE_HZ, len(clean)) if longer[place] != clean[place])
    assert 1.7 - 0.02 <= begin / RATE_HZ <= 2.3 + 0.02
    # Up to 5 ms of the room tone may be like what it stands for.
    begins = [place for place in range(begin - 80, begin + 1) if (longer[place + added :] == clean[place:]).all()]
    assert begins
    tone = longer[begins[0] + 80 : begins[0] + added - 80].astype(float)
    assert np.sqrt((tone**2).mean()) < 30


def test_the_place_of_a_hesitation_is_quiet_and_goes_by_the_seed() -> None:
    clean = sound(6, (1.0, 1.9), (2.1, 3.0))
    places = set()
    for seed in range(20):
        longer, _ = hesitate(clean, SPEECH, 0.8, randomness(seed, "a.wav"))
        again, _ = hesitate(clean, SPEECH, 0.8, randomness(seed, "a.wav"))
        assert (longer == again).all()
        place_s = int(np.flatnonzero(longer[: len(clean)] != clean)[0]) / RATE_HZ
        assert 1.9 <= place_s <= 2.1
        places.add(place_s)
    assert len(places) > 3


def test_a_hesitation_is_made_of_little_room_tone_too_but_not_of_none() -> None:
    short = sound(3.9, (0.2, 3.3), noise=10)
    longer, speech = hesitate(short, ((0.2, 3.3),), 2.0, np.random.default_rng(1))
    assert speech[0][1] == pytest.approx(5.3)
    assert speech_span(longer) == pytest.approx((0.2, 5.3), abs=0.02)
    with pytest.raises(UserError, match="no room tone"):
        hesitate(sound(2, (0, 2)), ((0.0, 2.0),), 0.8, np.random.default_rng(1))


def test_spans_after_a_hesitation_move_and_spans_before_it_stay() -> None:
    speech = ((0.5, 1.0), (2.0, 4.0), (5.0, 5.5))
    _, moved = hesitate(sound(7, *speech), speech, 1.0, np.random.default_rng(1))
    assert np.ravel(moved) == pytest.approx([0.5, 1.0, 2.0, 5.0, 6.0, 6.5])


@pytest.mark.parametrize("snr_db", [20, 10, 5, 0, -10])
@pytest.mark.parametrize("level", [500, 30_000])
def test_noise_is_mixed_at_exactly_the_ratio(snr_db: float, level: float) -> None:
    clean = sound(5, (1.0, 1.9), (2.6, 3.0), level=level, noise=0)
    noise = piece_of(sound(1, noise=500, seed=3), len(clean), np.random.default_rng(1))
    mixed = add_noise(clean, SPEECH, noise, snr_db).astype(float)
    assert np.abs(mixed).max() <= 32767
    # The first second holds no speech: what is there is the noise, perhaps made quieter together with the speech.
    quieter = (mixed @ clean - mixed[:RATE_HZ].mean() * clean.sum()) / (clean.astype(float) @ clean)
    added = mixed - quieter * clean
    ratio_db = 10 * np.log10(quieter**2 * active_power(clean, SPEECH) / (added**2).mean())
    assert ratio_db == pytest.approx(snr_db, abs=0.15)


def test_pauses_do_not_count_for_the_level_of_speech() -> None:
    dense, sparse = sound(4, (1.0, 3.0), noise=1), sound(6, (1.0, 2.0), (4.0, 5.0), noise=1)
    assert active_power(sparse, ((1.0, 5.0),)) == pytest.approx(active_power(dense, SPEECH), rel=0.05)


def test_noise_is_looped_from_a_place_that_the_seed_and_the_file_choose() -> None:
    noise = np.arange(1000).astype(np.int16)
    piece = piece_of(noise, 2500, randomness(1, "a.wav", "noise"))
    assert len(piece) == 2500 and set(np.diff(piece.astype(int))) == {1, -999}
    assert (piece == piece_of(noise, 2500, randomness(1, "a.wav", "noise"))).all()
    others = {int(piece_of(noise, 1, randomness(seed, name))[0]) for seed in (1, 2) for name in ("a", "b")}
    assert len(others) == 4
    with pytest.raises(UserError, match="silent"):
        add_noise(sound(5, *SPEECH), SPEECH, np.zeros(5 * RATE_HZ, np.int16), 10)


def test_conditions_are_laid_over_one_another() -> None:
    clean = Recording("a.wav", sound(5, *SPEECH), SPEECH, None)
    noise = sound(1, noise=500)
    all_of_it = changed(clean, Changes(0.8, silence(), noise), 10)
    assert all_of_it.seconds == pytest.approx(5 + 0.8 + 4)
    assert np.ravel(all_of_it.speech) == pytest.approx([1.0, 3.8])
    assert np.abs(all_of_it.samples[-RATE_HZ:]).mean() > 100
    assert changed(clean, Changes(), None).samples is clean.samples
    quiet = Recording("b.wav", noise, (), None)
    assert (changed(quiet, Changes(0.8, None, noise), 10).samples == noise).all()
    assert (append(noise, silence())[len(noise) :] == 0).all()


# What was said


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Twenty ounce", "20 oz."),
        ("sixteen-ounce lattes", "16 OUNCE latte"),
        ("two hundred and five", "205"),
        ("a thousand two hundred", "1,200"),
        ("twelve hundred", "1200"),
        ("nine thousand nine hundred ninety-nine", "9999"),
        ("five hundred thousand", "500,000"),
        ("2 hundred", "200"),
        ("three point one four", "3.14"),
        ("five dollars", "$5"),
        ("ten percent", "10%"),
        ("ten thirty p.m.", "10:30 PM"),
        ("It’s two boxes, the U.S. cities'", "its 2 box the us city"),  # noqa: RUF001 (the typographic one is meant)
        ("zero", "0"),
        ("ok", "okay"),
    ],
)
def test_the_same_words_are_spelt_the_same(said: str, written: str) -> None:
    assert spelt(said) == spelt(written)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("five five", "5 5"),
        ("one twenty", "1 20"),
        ("twenty twenty", "20 20"),
        ("thirteen five", "13 5"),
        ("and a half", "and a half"),
        ("a hundred and more", "100 and more"),
        ("two and five", "2 and 5"),
        ("a latte and two", "a latte and 2"),
        ("zero thousand", "0 1000"),
        ("point", "point"),
        ("one point taken", "1 point taken"),
    ],
)
def test_what_is_no_number_stays(words: str, expected: str) -> None:
    assert " ".join(with_digits(words.split())) == expected


@given(st.integers(0, 999_999))
def test_every_number_is_read(number: int) -> None:
    assert with_digits(in_words(number).split()) == [str(number)]


def in_words(number: int) -> str:
    """As it is spoken."""
    small = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    small_words = [*small.split(), "seventeen", "eighteen", "nineteen"]
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905 (it reads better)
    if number < 20:
        return small_words[number]
    if number < 100:
        return tens[number // 10 - 2] + (f" {small_words[number % 10]}" if number % 10 else "")
    unit, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = f" {in_words(number % unit)}" if number % unit else ""
    return f"{in_words(number // unit)} {name}{rest}"


def test_words_wanted_twice_must_be_heard_twice() -> None:
    assert unheard(spelt("some milk some sugar"), spelt("Sugar and some milk.")) == ["some"]
    assert unheard([], ["a"]) == []


@pytest.mark.parametrize(
    ("wanted", "got", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b", "a x b", 1),
        ("", "a b", 2),
        ("a b", "", 2),
    ],
)
def test_word_errors(wanted: str, got: str, errors: int) -> None:
    assert word_errors(wanted.split(), got.split()) == errors


# Scores


def test_percentiles_are_linear_and_pass_over_what_is_unknown() -> None:
    assert percentiles([0.4, None, 0.1, 0.3, 0.2], (50, 90)) == pytest.approx({"p50": 0.25, "p90": 0.37})
    assert percentiles([0.7], (50, 95)) == {"p50": 0.7, "p95": 0.7}
    assert percentiles([None], (50,)) == {"p50": None}
    assert share(1, 4) == 0.25 and share(0, 0) is None
    assert rounded({"a": (0.123456, None, -0.00001)}) == {"a": [0.1235, None, 0.0]}


def test_a_commitment_before_the_last_word_is_premature() -> None:
    assert is_premature(2.99, SPEECH) and is_premature(0.5, SPEECH)
    assert not is_premature(3.0, SPEECH) and not is_premature(9.0, SPEECH)
    two = ((1.0, 2.0), (5.0, 6.0))
    assert [is_premature(time_s, two) for time_s in (1.5, 2.0, 4.9, 5.0, 5.5, 6.0)] == [
        True,
        False,
        False,
        True,
        True,
        False,
    ]


def test_any_commitment_of_any_turn_counts() -> None:
    repaired = heard([turn(1.0, 2.5, 3.6)])
    assert repaired.premature and not repaired.missed and repaired.commit_wait_s is None
    assert repaired.last_commit_wait_s == pytest.approx(0.6)
    in_two = heard([turn(1.0, 2.0, end_s=1.5), turn(2.2, 3.6)])
    assert in_two.premature and in_two.false_turns == 0


def test_waits_are_those_of_the_last_turn_that_began_in_the_speech() -> None:
    run = heard([turn(1.0, 3.6), turn(4.5, 5.5, end_s=5.0)])
    assert run.premature is False and run.missed is False
    assert (run.commit_wait_s, run.pause_wait_s, run.text_wait_s) == pytest.approx((0.6, 0.3, 0.5))
    assert run.false_turns == 1
    reopened = heard([turn(1.0, 3.3, 4.4, end_s=3.9)])
    assert reopened.commit_wait_s == pytest.approx(1.4)


def test_a_recording_that_was_not_heard_is_missed() -> None:
    assert heard([]).missed is True
    assert heard([turn(1.0, 2.5)], ((1.0, 2.0), (4.0, 5.0))).missed is True
    noise = heard([], ())
    assert noise.missed is None and noise.premature is None


def test_a_turn_without_words_is_a_false_one_and_answers_nothing() -> None:
    noise = heard([turn(1.0, 2.0, text=None), turn(3.0, 4.0)], ())
    assert (noise.false_turns, noise.false_turns_without_words) == (2, 1)
    figures = summarize([noise])
    assert figures["false_turns"] == 2 and figures["false_turns_without_words"] == 1
    # Before anybody speaks it hurts nobody; in the middle of the speech it does.
    assert heard([turn(0.1, 0.9, text=None, end_s=0.4), turn(1.0, 3.6)]).premature is False
    assert heard([turn(1.0, 2.0, text=None), turn(2.2, 3.6)]).premature is True
    unheard_end = heard([turn(1.0, 3.6, text=None)])
    assert unheard_end.missed is True and unheard_end.commit_wait_s is None


def test_figures_of_many_runs() -> None:
    slots = Label(file="a.wav", slots={"size": "twenty ounce", "drink": "iced coffee"})
    text = Label(file="a.wav", text="Hello there, old friend!")
    runs = [
        heard([turn(1.0, 3.6, text="A 20 oz ice coffee")], label=slots),
        heard([turn(1.0, 3.4, text="hello their friend")], label=text),
        heard([turn(1.0, 2.5, 3.5)], label=slots),
        heard([turn(1.0, 1.6), turn(3.0, 4.0)], ()),
    ]
    figures = summarize(runs)
    assert figures["recordings"] == 4 and figures["with_speech"] == 3
    assert figures["premature_share"] == pytest.approx(1 / 3)
    assert figures["commit_wait_s"] == pytest.approx({"p50": 0.5, "p90": 0.58, "p95": 0.59})
    assert figures["label_recall"] == pytest.approx((3 + 2 + 0) / 12)
    assert figures["wer"] == pytest.approx(2 / 4)
    assert figures["false_turns_per_minute"] == pytest.approx(60 * 2 / (4 + 4 + 4 + 6))
    assert figures["segment_latency_s"]["p50"] == pytest.approx(0.4)
    assert figures["full_window_label_recall"] is None and figures["reopened"] == 1
    assert figures["vad_cpu_share"] == pytest.approx(0.01)


def test_nothing_to_measure_is_null_and_no_error() -> None:
    figures = summarize([heard([], ())])
    assert figures["premature_share"] is None and figures["wer"] is None
    assert figures["commit_wait_s"] == {"p50": None, "p90": None, "p95": None}
    assert figures["false_turns_per_minute"] == 0
    ElementTree.fromstring(draw_hearing({"default": figures}))
    ElementTree.fromstring(draw_hearing({}))


def test_a_policy_that_is_always_premature_is_drawn_too() -> None:
    summary = {
        "fixed-200ms": summarize([heard([turn(1.0, 2.5, 3.2)])]),
        "default": summarize([heard([turn(1.0, 3.3)])]),
    }
    drawn = ElementTree.fromstring(draw_hearing(summary))
    texts = [element.text or "" for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"default", "200 ms", "100 %"} <= set(texts)
    assert any("always one too early: fixed-200ms" in text for text in texts)


# Labels


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2: input should be"),
        ('{"file": "b.wav"}', "line 2: neither slots nor text nor speech"),
        ('{"text": "a"}', "line 2: file: field required"),
        ('{"file": "b.wav", "slots": {"a": 1}}', "line 2: slots.a: input should be a valid string"),
        ('{"file": "b.wav", "speech": [[2, 1]]}', "line 2: speech: a span ends before it starts"),
        ('{"file": "b.wav", "speech": [[2, 3], [1, 2]]}', "line 2: speech: spans overlap"),
        ('{"file": "a.wav", "text": "b"}', "line 2: a.wav has a label already"),
    ],
)
def test_a_label_that_is_wrong_is_named_with_its_line(line: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text(f'{{"file": "a.wav", "text": "a"}}\n{line}\n')
    with pytest.raises(UserError, match="line 2") as raised:
        read_labels(tmp_path / "labels.jsonl")
    assert expected in str(raised.value) and "\n" not in str(raised.value)


def test_words_that_nobody_says_are_an_error(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sound(3), RATE_HZ)
    with pytest.raises(UserError, match="no speech stands out"):
        read_recordings([tmp_path / "a.wav"], {"a.wav": Label(file="a.wav", text="hello")})
    with pytest.raises(UserError, match="ends before the speech of its label"):
        read_recordings([tmp_path / "a.wav"], {"a.wav": Label(file="a.wav", speech=((1.0, 9.0),))})
    (read,) = read_recordings([tmp_path / "a.wav"], {"a.wav": Label(file="a.wav", text="")})
    assert read.speech == ()


# The command


class Ears:
    """Commits as many seconds after the loud part as the policy says."""

    def __init__(self) -> None:
        self.listened: list[tuple[str, float]] = []

    async def listen(self, samples: Samples, policy: str) -> Heard:
        self.listened.append((policy, len(samples) / RATE_HZ))
        wait_s = {"default": 0.3, "fixed-500ms": 0.5, "fixed-800ms": 0.8}.get(policy)
        if wait_s is None:
            raise UserError(f"no policy is named {policy}")
        span = speech_span(samples)
        return Heard((turn(span[0], span[1] + wait_s, text="Hello there."),) if span else (), 0.01)


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Ears:
    """Stand-ins for both ways of hearing."""
    made = Ears()

    @asynccontextmanager
    async def make_listener(_: Settings) -> AsyncIterator[Ears]:
        yield made

    @asynccontextmanager
    async def full_window_ready(_: Transcribe) -> AsyncIterator[Transcriber]:
        async def transcribe(_: Samples) -> str:
            return "Hello."

        yield transcribe

    monkeypatch.setattr(bench, "make_listener", make_listener)
    monkeypatch.setattr(bench, "full_window_ready", full_window_ready)
    return made


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two recordings of speech, one of nothing, and labels."""
    soundfile.write(tmp_path / "a.wav", sound(4, (1.0, 2.0)), RATE_HZ)
    soundfile.write(tmp_path / "b.wav", sound(5, (1.5, 3.0)), RATE_HZ)
    soundfile.write(tmp_path / "noise.wav", sound(3, noise=300), RATE_HZ)
    labels = [{"file": "a.wav", "slots": {"x": "hello there"}}, {"file": "b.wav", "text": "Hello, there!"}]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(label) + "\n" for label in labels))
    return tmp_path


def run_bench(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run the command on recordings in ``folder``; its results.json."""
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    paths = [str(folder / word) if word.endswith((".wav", ".jsonl")) else word for word in arguments]
    args = parser.parse_args(["hearing", *paths, "--out", str(folder / "out")])
    assert bench.run(args) == 0
    results: dict[str, Any] = json.loads((folder / "out" / "results.json").read_text())
    return results


def test_results_have_their_documented_shape(files: Path, ears: Ears) -> None:
    arguments = ["a.wav", "b.wav", "noise.wav", "--labels", "labels.jsonl"]
    results = run_bench(files, *arguments, "--policy", "default", "--policy", "fixed-500ms", "--policy", "fixed-800ms")
    assert list(results) == ["machine", "versions", "command", "runs", "summary"]
    assert list(results["summary"]) == ["default", "fixed-500ms", "fixed-800ms"]
    assert len(results["runs"]) == 9 and {run["file"] for run in results["runs"]} == {"a.wav", "b.wav", "noise.wav"}
    default = results["summary"]["default"]
    assert default["recordings"] == 3 and default["premature_share"] == 0
    assert default["commit_wait_s"] == pytest.approx({"p50": 0.3, "p90": 0.3, "p95": 0.3}, abs=0.02)
    assert default["label_recall"] == 1 and default["full_window_label_recall"] == 0.5
    assert default["wer"] == 0 and default["full_window_wer"] == 0.5 and default["false_turns_per_minute"] == 0
    assert {*default} >= {"pause_wait_s", "text_wait_s", "segment_latency_s"}
    assert results["machine"]["cores"] and results["versions"]["python"]
    assert "| fixed-800ms | 0.0 | 0.80 |" in (files / "out" / "results.md").read_text()
    drawn = ElementTree.fromstring((files / "out" / "hearing.svg").read_text())
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"default", "500 ms", "800 ms"} <= set(texts)
    assert sorted(path.name for path in (files / "out").iterdir()) == ["hearing.svg", "results.json", "results.md"]
    assert len(ears.listened) == 3 + 9


def test_several_conditions_are_told_apart_and_one_keeps_its_name(files: Path, ears: Ears) -> None:
    noisy = ["a.wav", "--labels", "labels.jsonl", "--noise", "noise.wav", "--snr", "40"]
    assert list(run_bench(files, *noisy)["summary"]) == ["default"]
    results = run_bench(files, *noisy, "--snr", "30", "--append", "silence", "--hesitate", "0.8", "--seed", "2")
    assert list(results["summary"]) == ["default@40dB", "default@30dB"]
    assert [run["snr_db"] for run in results["runs"]] == [40, 30]
    assert ears.listened[-1][1] == pytest.approx(4 + 0.8 + 4)
    assert results["runs"][0]["speech"] == [pytest.approx([1.0, 2.8], abs=0.02)]


def test_sounds_that_nobody_speaks_in_can_be_listened_to_as_well(files: Path, ears: Ears) -> None:
    results = run_bench(files, "--nobody", "0.1", "--noise", "noise.wav")
    assert [run["file"] for run in results["runs"]] == ["(silence)", "(music)", "(claps)", "(coughs)", "(noise)"]
    assert {run["seconds"] for run in results["runs"]} == {6.0} and len(ears.listened) == 1 + 5
    assert results["summary"]["default"]["with_speech"] == 0


def test_sounds_that_nobody_speaks_in_go_by_the_seed() -> None:
    first, again, other = (list(without_speech(6, seed, sound(1, noise=300))) for seed in (1, 1, 2))
    for one, same, different in zip(first, again, other, strict=True):
        assert (one.samples == same.samples).all() and one.speech == ()
        assert one.file == "(silence)" or not (one.samples == different.samples).all()
        assert one.file == "(silence)" or 500 < np.abs(one.samples).max() < 20_000


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["a.wav", "--policy", "quick"], "no policy is named quick"),
        (["a.wav", "--noise", "noise.wav"], "--noise and --snr go together"),
        (["a.wav", "--snr", "10"], "--noise and --snr go together"),
        (["a.wav", "a.wav"], "two files are named a.wav"),
        ([], "nothing to listen to"),
        (["none.wav"], "no such file"),
        (["a.wav", "--append", "none.wav"], "no such file"),
        (["a.wav", "--labels", "none.jsonl"], "No such file"),
        (["noise.wav", "--labels", "labels.jsonl"], "it has none of the files"),
    ],
)
@pytest.mark.usefixtures("ears")
def test_wrong_use_is_said_in_one_line(arguments: list[str], expected: str, files: Path) -> None:
    with pytest.raises(UserError, match=expected) as raised:
        run_bench(files, *arguments)
    assert "\n" not in str(raised.value)
    assert not list((files / "out").glob("*"))


def test_all_of_the_results_or_none(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(Failure, match="could not be written"):
        write_results(tmp_path, {"a": "text", "b": "text", "c/d": "text"})
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
