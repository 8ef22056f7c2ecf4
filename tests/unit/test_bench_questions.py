"""`bench questions`: reading, feeding, scoring and figures, with scripted models on virtual time."""

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scripted import SECONDS_A_WORD, Dialogue, ScriptedModel, on_virtual_time
from voice_livemind import clock
from voice_livemind.bench.answers import answer_clause, answer_given, holds_answer, is_right
from voice_livemind.bench.axis import Axis
from voice_livemind.bench.intervals import median_interval, paired_difference, wilson
from voice_livemind.bench.numbers import last_number, numbers_in
from voice_livemind.bench.question_asking import ask, still_to_ask
from voice_livemind.bench.question_plots import draw_questions
from voice_livemind.bench.question_run import QuestionRun
from voice_livemind.bench.question_store import QuestionStore
from voice_livemind.bench.question_summary import summarize
from voice_livemind.bench.question_table import as_markdown
from voice_livemind.bench.questions import Question, bucket_of, draw, read_questions, sentences_of
from voice_livemind.bench.spoken_text import CHARACTERS_A_SECOND, at_the_speed_of_speech
from voice_livemind.bench.utterances import as_speech, as_text
from voice_livemind.clock import Clock, computing
from voice_livemind.commands import bench, bench_questions
from voice_livemind.config import Settings, load_settings
from voice_livemind.errors import UserError
from voice_livemind.modes import MODES
from voice_livemind.record.turn import ClauseRecord
from voice_livemind.stations import Stations

MS = 0.0011
EGGS = Question(
    id=1,
    question="Tom has 2 boxes of eggs for the weekend. Each of them holds 4 eggs. How many eggs does Tom have?",
    answer="8",
)
CELL = Question(id="c", question="What is a cell?", answer="C", options=("A virus", "A cell wall", "A unit of life"))


def text_settings() -> Settings:
    """As the command makes them for text."""
    return load_settings(None, ["turns.policy=fixed-500ms"])


# The clock


def skipping(main: Callable[[], Any]) -> Any:
    """Run a coroutine function on skipping time."""
    return clock.run(main(), "skipping")


def test_time_in_which_nothing_computes_is_leapt_over() -> None:
    async def wait() -> float:
        now = Clock()
        await asyncio.sleep(1000)
        return now.now()

    began_s = time.monotonic()
    assert skipping(wait) == pytest.approx(1000, abs=0.5)
    assert time.monotonic() - began_s < 5


def test_computing_takes_as_long_as_it_takes_and_timers_run_meanwhile() -> None:
    async def compute() -> tuple[float, float]:
        now = Clock()
        await asyncio.sleep(100)
        timer = asyncio.create_task(asyncio.sleep(0.05))
        rung_s = 0.0

        def rung(_: "asyncio.Task[None]") -> None:
            nonlocal rung_s
            rung_s = now.now()

        timer.add_done_callback(rung)
        with computing():
            await asyncio.to_thread(time.sleep, 0.3)
        return rung_s, now.now()

    rung_s, ended_s = skipping(compute)
    assert 100.05 - MS <= rung_s < 100.28
    assert 100.3 - MS <= ended_s < 101


# Questions


def test_questions_are_read_and_cut_as_the_assistant_cuts_them(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    lines = [{"id": 7, "question": "Dr. No paid $3.50.  How much?", "answer": "3.5", "sentences": 2}, CELL.model_dump()]
    file.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    paid, cell = read_questions(file)
    assert paid.spoken == ["Dr. No paid $3.50.", "How much?"] and paid.bucket == "2-4"
    assert cell.spoken == ["What is a cell?", "A: A virus.", "B: A cell wall.", "C: A unit of life."]
    assert cell.bucket == "1" and sentences_of("no mark at all") == ["no mark at all"]


def test_what_has_no_mark_at_its_end_gets_one() -> None:
    question = Question(id=1, question="Which is it:", answer="A", options=("so it is!", "x\ny"))
    assert question.spoken == ["Which is it.", "A: so it is!", "B: x y."]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2: input should be"),
        ('{"id": 2, "question": "a"}', "line 2: answer: field required"),
        ('{"id": 2, "question": " ", "answer": "1"}', "line 2: the question is empty"),
        ('{"id": 2, "question": "a", "answer": "yes"}', "line 2: answer: yes is not a number"),
        ('{"id": 2, "question": "a", "answer": "C", "options": ["x", "y"]}', "line 2: answer: c is not the letter"),
        ('{"id": 1, "question": "a", "answer": "1"}', "line 2: there is a question 1 already"),
    ],
)
def test_a_line_that_is_wrong_is_named(line: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(f'{{"id": 1, "question": "a", "answer": "1"}}\n{line}\n')
    with pytest.raises(UserError) as raised:
        read_questions(file)
    assert expected in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe"])
def test_a_file_without_questions_is_an_error(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"questions\.jsonl"):
        read_questions(file)
    with pytest.raises(UserError, match="No such file"):
        read_questions(tmp_path / "none.jsonl")


def of_length(id: int, sentences: int, category: str = "") -> Question:
    return Question(id=id, question="So it is. " * sentences, answer="1", category=category)


def test_short_and_long_questions_of_all_categories_are_drawn_alike() -> None:
    questions = [of_length(number, 1 + 2 * (number % 2), "ab"[number % 4 // 2]) for number in range(40)]
    questions += [of_length(100, 12), of_length(101, 30)]
    drawn = draw(questions, 12, seed=1)
    counts = {name: sum(question.bucket == name for question in drawn) for name in ("1", "2-4", "5-9", "10-20", "20+")}
    assert counts == {"1": 5, "2-4": 5, "5-9": 0, "10-20": 1, "20+": 1}
    short = [question.category for question in drawn if question.bucket == "1"]
    assert abs(short.count("a") - short.count("b")) == 1
    assert draw(questions, 12, seed=1) == drawn != draw(questions, 12, seed=2)
    assert draw(questions, None, seed=1) == draw(questions, 42, seed=1) == questions
    assert [bucket_of(count) for count in (1, 2, 4, 5, 9, 10, 20, 21)] == [
        *("1", "2-4", "2-4", "5-9", "5-9", "10-20", "10-20", "20+")
    ]


# Numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("six hundred twenty dollars", "620"),
        ("That's 1,200,000.", "1200000"),
        ("$5", "5"),
        ("-$5", "-5"),
        ("It is minus five", "-5"),
        ("negative 3", "-3"),
        ("3.50", "7/2"),
        (".5", "1/2"),
        ("five point two five", "21/4"),
        ("1/2", "1/2"),
        ("3 1/2", "7/2"),
        ("1½", "3/2"),
        ("two and a half", "5/2"),
        ("one half", "1/2"),
        ("three quarters of it", "3/4"),
        ("7 and three quarters", "31/4"),
        ("1.5 million", "1500000"),
        ("two million three hundred thousand", "2300000"),
        ("5 dollars and 50 cents", "11/2"),
        ("5 dollars fifty cents", "11/2"),
        ("25%", "25"),
        ("twenty-five", "25"),
        ("a hundred and five", "105"),
        ("620 dollars.", "620"),
    ],
)
def test_one_number_is_read(text: str, expected: str) -> None:
    assert numbers_in(text) == [Fraction(expected)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 minus 5 is 5", [10, 5, 5]),
        ("10-5=5", [10, 5, 5]),
        ("2 and 3", [2, 3]),
        ("124 times 5 is 620, so 620", [124, 5, 620, 620]),
        ("the twenty fifth", [20]),
        ("he gives half of a pie", []),
        ("1/0", []),
        ("0" * 100, []),
        ("", []),
    ],
)
def test_what_is_several_numbers_or_none(text: str, expected: list[int]) -> None:
    assert numbers_in(text) == expected


@given(st.integers(-999_999_999, 999_999_999))
def test_every_whole_number_is_read_with_its_commas(number: int) -> None:
    assert last_number(f"So the answer is {number:,}.") == number == last_number(str(number))


@given(st.decimals(0, 100_000, places=2))
def test_every_price_is_read(price: Any) -> None:
    assert last_number(f"It costs ${price:,}.") == Fraction(price)


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    numbers_in(text)
    answer_given(text, CELL)


# Answers


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("2 times 4 is 8.", True),
        ("Tom has eight eggs.", True),
        ("8.0", True),
        ("8 times 4 is 32.", False),
        ("Tom has 80 eggs.", False),
        ("I don't know.", False),
    ],
)
def test_a_number_is_right_when_it_is_the_last_one(reply: str, right: bool) -> None:
    assert is_right(reply, EGGS) == right


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("The answer is C.", "C"),
        ("C", "C"),
        ("It is C", "C"),
        ("(B) is right", "B"),
        ("B: a cell wall", "B"),
        ("It's option A, a virus.", "A"),
        ("Not A, but C.", "C"),
        ("It is a cell wall.", "B"),
        ("A cell is a unit of life.", "C"),
        ("A virus is no cell, so it's a unit of life.", "C"),
        ("I would say that nobody knows.", None),
        ("A cell is small.", None),
        ("The answer is D.", None),
        ("", None),
    ],
)
def test_a_choice_is_told_by_its_letter_or_its_words(reply: str, letter: str | None) -> None:
    assert answer_given(reply, CELL) == letter


def test_a_note_may_hold_the_answer_anywhere() -> None:
    assert holds_answer("eggs = 2 * 4 = 8 eggs in 2 boxes", EGGS) and not holds_answer("boxes = 2", EGGS)
    assert holds_answer("cell: a unit of life", CELL) and not holds_answer("cell = ?", CELL)


def clauses(*texts: str, heard: int = 99) -> list[ClauseRecord]:
    """Each a second after the one before, from 10 s on."""
    return [
        ClauseRecord(text, (9.0 + place, 9.5 + place), (10.0 + place, 11.0 + place) if place < heard else None)
        for place, text in enumerate(texts)
    ]


def test_the_answer_starts_with_the_clause_from_which_on_it_is_right() -> None:
    spoken = clauses("8 eggs are in a carton,", "but here it is 2 times 4,", "which is 8,", "so Tom has 8 eggs.")
    assert answer_clause(spoken, EGGS) is spoken[2]
    assert answer_clause(clauses("It is 8.", "No, 9."), EGGS) is None
    unit = clauses("Well,", "it is C,", "a unit of life.")
    assert answer_clause(unit, CELL) is unit[1]


def test_what_was_not_heard_is_no_answer() -> None:
    assert answer_clause(clauses("Two times four", "is 8.", heard=1), EGGS) is None
    assert answer_clause([], EGGS) is None


# Feeding


def test_sentences_come_at_the_speed_of_speech() -> None:
    said = at_the_speed_of_speech(EGGS.spoken)
    starts = [one.start_s for one in said]
    for one, start_s, following_s in zip(said, starts, starts[1:], strict=False):
        assert following_s - start_s == pytest.approx((len(one.text) + 1) / CHARACTERS_A_SECOND, abs=0.03)
        assert 0.3 < following_s - one.end_s < 0.5
    digits = at_the_speed_of_speech(["1 2 3 4 5 6 7 8 9 10."])[0]
    assert digits.end_s - digits.start_s >= 2


def run_once(mode: str, question: Question = EGGS, **models: ScriptedModel) -> QuestionRun:
    """One question on virtual time; a synthesis takes 0.1 s, a word 0.3 s."""
    dialogue = Dialogue()
    for name, model in models.items():
        setattr(dialogue, name, model)
    return on_virtual_time(ask(question, mode, MODES[mode], text_settings(), dialogue.stations(), as_text))


def test_a_text_goes_through_the_real_turn() -> None:
    model = ScriptedModel("2 times 4 is 8, so Tom has 8 eggs.")
    run = run_once("direct", speaker=model)
    (turn,) = run.turns
    assert turn["transcript"] == EGGS.question and turn["mode"] == "direct"
    marks, end_s = turn["marks"], at_the_speed_of_speech(EGGS.spoken)[-1].end_s
    assert marks["speech_end"] == pytest.approx(end_s, abs=MS)
    assert marks["pause"] == pytest.approx(end_s + 0.2, abs=MS)
    assert marks["committed"] == pytest.approx(end_s + 0.5, abs=MS)
    assert model.asked[-1][-1]["content"].startswith("Tom has 2 boxes")
    # The first clause ends before the fourth word: 0.2 s to the first token, 0.05 s a token, 0.1 s for synthesis.
    assert run.first_word_s == pytest.approx(0.5 + 0.2 + 0.05 * 3 + 0.1, abs=MS)
    assert turn["first_word_s"] == pytest.approx(run.first_word_s, abs=MS)
    assert run.right and run.given == "8" and run.expected == "8" and run.reply_words == 10
    # The next one carries the answer.
    assert run.first_word_s is not None
    assert run.answer_s == pytest.approx(run.first_word_s + 3 * SECONDS_A_WORD, abs=MS)
    assert turn["answer_s"] == pytest.approx(run.answer_s, abs=MS)
    assert (run.sentences, run.notes, run.fallback, run.policy) == (3, 0, None, "fixed-500ms")


def test_options_are_heard_and_a_late_answer_counts_from_its_clause() -> None:
    model = ScriptedModel("Well, let me think about that. The answer is C.")
    run = run_once("direct", CELL, speaker=model)
    assert "C: A unit of life." in model.asked[-1][-1]["content"]
    assert run.right and run.first_word_s is not None and run.answer_s is not None
    # "Well, let me think about that." is heard first: six words.
    assert run.answer_s - run.first_word_s == pytest.approx(6 * 0.3, abs=MS)


def test_notes_are_counted_even_where_the_reply_is_wrong() -> None:
    thinker = ScriptedModel("boxes = 2", "eggs = 2 * 4 = 8")
    run = run_once("paper", thinker=thinker, speaker=ScriptedModel("Tom has 9 eggs."))
    assert run.note_right and not run.right and run.answer_s is None and run.notes == 2
    assert run.note_tokens > 0 and run.given == "9"


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_asked_the_same_and_answers_once(mode: str) -> None:
    both = ScriptedModel("The answer: it is 8.")
    run = run_once(mode, thinker=both, speaker=both)
    assert len(run.turns) == 1 and run.turns[0]["transcript"] == EGGS.question
    assert run.right and run.first_word_s is not None and run.first_word_s >= 0.5


def test_each_mode_is_warm_before_its_question_is_asked() -> None:
    model = ScriptedModel("It is 8.")
    run_once("direct", speaker=model)
    (warm,), (asked,) = model.remembered, model.asked
    assert warm[:-1] == asked[:-1] and warm[-1] != asked[-1]


def test_a_dead_model_is_no_reason_to_stop() -> None:
    dead = ScriptedModel("DIES")
    run = run_once("direct", speaker=dead, thinker=dead)
    assert not run.right and run.fallback is not None and "the server is gone" in run.fallback


def test_spoken_questions_need_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voice_livemind.bench.utterances.shutil.which", lambda _: None)
    with pytest.raises(UserError, match="espeak-ng is not installed"):
        as_speech(text_settings())


# Figures


def test_wilson_and_newcombe_as_published() -> None:
    # Newcombe 1998 (17, 857), table I: 81 of 263 and 0 of 20; (17, 2635), table II: 36, 12, 2, 0.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    first = [True] * 48 + [False] * 2
    second = [True] * 36 + [False] * 12 + [True] * 2
    assert paired_difference(first, second) == pytest.approx((0.0569, 0.3404), abs=1e-4)
    assert wilson(0, 0) is None and paired_difference([], []) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_intervals_hold_what_was_measured_and_mirror(pairs: list[tuple[bool, bool]]) -> None:
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    share, difference = sum(first) / len(pairs), (sum(first) - sum(second)) / len(pairs)
    alone, between, mirrored = wilson(sum(first), len(pairs)), paired_difference(first, second), None
    mirrored = paired_difference(second, first)
    assert alone is not None and between is not None and mirrored is not None
    assert 0 <= alone[0] <= share + 1e-9 and share - 1e-9 <= alone[1] <= 1
    assert -1 - 1e-9 <= between[0] <= difference + 1e-9 and difference - 1e-9 <= between[1] <= 1 + 1e-9
    assert mirrored == pytest.approx((-between[1], -between[0]))


def test_the_interval_of_a_median() -> None:
    values = [0.1 * number for number in range(1, 100)]
    low, high = median_interval(values) or (0, 0)
    # By order statistics: the 40th and the 60th of 99.
    assert low == pytest.approx(4.0, abs=0.3) and high == pytest.approx(6.0, abs=0.3)
    assert median_interval(values) == (low, high)
    assert median_interval([2.0]) == (2.0, 2.0) and median_interval([]) is None


def run_of(id: int, mode: str, right: bool, first_word_s: float | None, **fields: Any) -> QuestionRun:
    plain: dict[str, Any] = dict(
        dict.fromkeys(("note_tokens", "reply_tokens", "wasted_tokens", "notes"), 0),
        sentences=3,
        characters=100,
        expected="8",
        given="8",
        answer_s=None,
        reply_words=6,
        note_right=False,
        fallback=None,
        policy="default",
        turns=({},),
    )
    return QuestionRun(id=id, mode=mode, right=right, first_word_s=first_word_s, **plain | fields)


RUNS = [
    run_of(1, "cot", True, 10.0, answer_s=10.0),
    run_of(1, "livemind", True, 1.0, answer_s=2.0, notes=2, note_tokens=30, note_right=True),
    run_of(2, "cot", False, 20.0, sentences=1),
    run_of(2, "livemind", True, 1.0, answer_s=3.0, sentences=1, note_tokens=10, wasted_tokens=5, reply_words=10),
    run_of(3, "cot", True, 4.0, answer_s=4.5, sentences=21),
    run_of(3, "livemind", False, None, sentences=21, fallback="the server is gone", turns=({}, {})),
]


def test_figures_of_the_modes() -> None:
    summary = summarize(RUNS)
    assert list(summary) == ["cot", "livemind"]
    live = summary["livemind"]
    assert live["questions"] == 3 and live["accuracy"] == pytest.approx(2 / 3)
    assert live["accuracy_ci95"] == pytest.approx((0.2077, 0.9385), abs=1e-4)
    assert live["first_word_s"] == {"p50": 1.0, "p95": 1.0}
    assert live["answer_s"] == pytest.approx({"p50": 2.5, "p95": 2.95})
    assert live["reply_words"] == pytest.approx(22 / 3) and live["note_tokens"] == pytest.approx(40 / 3)
    assert live["wasted_tokens"] == pytest.approx(5 / 3)
    assert live["share_with_note"] == live["share_note_right"] == pytest.approx(1 / 3)
    assert live["fallbacks"] == live["split_turns"] == 1
    assert list(live["by_sentences"]) == ["1", "2-4", "5-9", "10-20", "20+"]
    assert live["by_sentences"]["1"]["first_word_s"]["p50"] == 1.0
    assert live["by_sentences"]["20+"] == {
        "questions": 1,
        "accuracy": 0.0,
        "first_word_s": {"p50": None, "p95": None},
        "answer_s": {"p50": None, "p95": None},
    }


def test_modes_are_compared_question_by_question() -> None:
    against = summarize(RUNS)["livemind"]["against"]["cot"]
    assert against["questions"] == 3 and against["accuracy_difference"] == 0
    assert against["accuracy_difference_ci95"] == pytest.approx((-0.66, 0.66), abs=0.05)
    # 1 / 10 and 1 / 20; the third has no first word in one of the modes.
    assert against["first_word_ratio"] == pytest.approx(0.075)
    assert against["first_word_ratio_ci95"] == pytest.approx((0.05, 0.1))


def texts_in(drawing: str) -> set[str]:
    root = ElementTree.fromstring(drawing)
    return {element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")}


def test_the_table_and_the_plots_name_every_mode() -> None:
    summary = summarize(RUNS)
    table = as_markdown(summary, "Spoken.", "voice-livemind bench questions")
    assert "| livemind | 66.7 | 21 … 94 | 1.00 | 1.00 | 2.50 | 2.95 | 7.3 | 13.3 | 1.7 | 33 | 33 | 1 | 1 |" in table
    assert "| livemind against cot | 3 | 0.0 |" in table and "Spoken." in table
    drawn = draw_questions(RUNS, summary)
    assert set(drawn) == {"first_word.svg", "sentences.svg", "accuracy.svg"}
    for drawing in drawn.values():
        assert {"cot", "livemind"} <= texts_in(drawing)
        assert "nan" not in drawing


def test_nothing_heard_is_drawn_too() -> None:
    silent = [run_of(1, "cot", False, None)]
    summary = summarize(silent)
    assert all(texts_in(drawing) for drawing in draw_questions(silent, summary).values())
    assert "| cot | 0.0 |" in as_markdown(summary, "", "")


def test_an_axis_ends_at_round_numbers() -> None:
    axis = Axis.around([0.3, 14.0], 100, 300, least=0.05)
    assert (axis.low, axis.high) == (0.2, 20) and axis.ticks == [0.2, 0.5, 1, 2, 5, 10, 20]
    assert axis.px(2.0) == pytest.approx(200) and axis.px(0.01) == 100 and axis.px(1000) == 300
    assert Axis(0, 1, 400, 0).px(0.25) == 300


# The command


@pytest.fixture
def dialogue(monkeypatch: pytest.MonkeyPatch) -> Dialogue:
    """Its scripted models stand in for the real ones."""
    made = Dialogue()
    made.thinker = ScriptedModel("It is 8.")
    made.speaker = ScriptedModel("It is 9.")

    @asynccontextmanager
    async def stations_ready(_settings: Settings, _say: Callable[[str], None]) -> AsyncIterator[Stations]:
        yield made.stations()

    monkeypatch.setattr(bench_questions, "stations_ready", stations_ready)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Four questions."""
    path = tmp_path / "questions.jsonl"
    questions = [EGGS.model_copy(update={"id": number}) for number in range(3)] + [CELL]
    path.write_text("".join(question.model_dump_json() + "\n" for question in questions))
    return path


def command(file: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run it; the lines of runs.jsonl but the first."""
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    args = parser.parse_args(["questions", str(file), "--out", str(file.parent / "out"), *arguments])
    assert bench.run(args) == 0
    return [json.loads(line) for line in (file.parent / "out" / "runs.jsonl").read_text().splitlines()[1:]]


def test_the_modes_take_turns_and_results_have_their_documented_shape(file: Path, dialogue: Dialogue) -> None:
    runs = command(file, "--modes", "cot,direct,direct:thinker", "--limit", "2")
    assert [run["mode"] for run in runs] == ["cot", "direct", "direct:thinker", "direct", "direct:thinker", "cot"]
    assert [run["id"] for run in runs] == [runs[0]["id"]] * 3 + [runs[3]["id"]] * 3 and runs[0]["id"] != runs[3]["id"]
    assert dialogue.view.said == []
    results = json.loads((file.parent / "out" / "results.json").read_text())
    assert list(results) == ["machine", "versions", "command", "runs", "summary"]
    assert list(results["summary"]) == ["cot", "direct", "direct:thinker"] and len(results["runs"]) == 6
    figures = results["summary"]["direct:thinker"]
    assert figures["questions"] == 2 and figures["accuracy"] == 0.5
    assert results["summary"]["direct"]["accuracy"] == 0
    names = {path.name for path in (file.parent / "out").iterdir()}
    assert names == {"runs.jsonl", "results.json", "results.md", "first_word.svg", "sentences.svg", "accuracy.svg"}
    assert "15 characters a second" in (file.parent / "out" / "results.md").read_text()


@pytest.mark.usefixtures("dialogue")
def test_the_answerer_is_that_of_the_option_unless_the_mode_names_one(file: Path) -> None:
    runs = command(file, "--modes", "direct,direct:speaker", "--answerer", "thinker", "--min-sentences", "3")
    assert {(run["mode"], run["right"]) for run in runs} == {("direct", True), ("direct:speaker", False)}
    assert len(runs) == 6


def test_an_interrupted_bench_goes_on(file: Path, dialogue: Dialogue) -> None:
    whole = command(file, "--modes", "cot,direct")
    path = file.parent / "out" / "runs.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]) + lines[4][:20])
    asked = len(dialogue.speaker.asked)
    again = command(file, "--modes", "cot,direct")
    assert [(run["id"], run["mode"]) for run in again] == [(run["id"], run["mode"]) for run in whole]
    # Each of those that were missing for this model was asked once.
    missing = sum(run["mode"] == "direct" for run in whole[3:])
    assert len(dialogue.speaker.asked) == asked + missing
    asked = len(dialogue.speaker.asked)
    assert command(file, "--modes", "cot,direct") == again and len(dialogue.speaker.asked) == asked


@pytest.mark.usefixtures("dialogue")
def test_the_runs_of_another_command_are_left_alone(file: Path) -> None:
    command(file, "--modes", "direct", "--limit", "1")
    before = (file.parent / "out" / "runs.jsonl").read_bytes()
    with pytest.raises(UserError, match=r"another command \(other modes, seed\)") as raised:
        command(file, "--modes", "cot", "--limit", "1", "--seed", "2")
    assert "\n" not in str(raised.value)
    assert (file.parent / "out" / "runs.jsonl").read_bytes() == before


@pytest.mark.parametrize("content", ["", "x\n", "[]\n", '{"modes": []}\nnull\n'])
def test_a_foreign_file_is_left_alone(content: str, tmp_path: Path) -> None:
    (tmp_path / "runs.jsonl").write_text(content)
    with pytest.raises(UserError, match=r"runs\.jsonl: not the runs"):
        QuestionStore(tmp_path, {"modes": []})
    assert (tmp_path / "runs.jsonl").read_text() == content


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    store = QuestionStore(tmp_path, {"seed": 1})
    run = run_once("direct", speaker=ScriptedModel("It is 8."))
    store.add(run)
    (read,) = QuestionStore(tmp_path, {"seed": 1}).runs
    assert read.as_json() == run.as_json()
    assert still_to_ask([EGGS, CELL], ["direct", "cot"], store) == [(EGGS, "cot"), (CELL, "cot"), (CELL, "direct")]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--modes", "quick"], "quick: not a mode"),
        (["--modes", "direct:nobody"], "direct:nobody: not a mode"),
        (["--limit", "-1"], "whole number"),
        (["--limit", "0"], "at least one"),
    ],
)
def test_wrong_options_are_named(
    arguments: list[str], expected: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command(file, *arguments)
    assert expected in capsys.readouterr().err


def test_too_short_questions_are_an_error(file: Path) -> None:
    with pytest.raises(UserError, match="no question has 9 sentences"):
        command(file, "--min-sentences", "9")
