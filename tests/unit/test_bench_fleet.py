"""``bench fleet``: what the visitors say, and what is made of their turns; against a scripted server."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tests.chat_server import serving
from voice_livemind.bench.fleet import FleetTurn
from voice_livemind.bench.fleet_cost import Cost
from voice_livemind.bench.fleet_plot import draw_fleet
from voice_livemind.bench.fleet_summary import summarize
from voice_livemind.bench.fleet_table import as_markdown
from voice_livemind.bench.fleet_visits import read_visits
from voice_livemind.cli import main
from voice_livemind.errors import UserError

AUDIO = Path(__file__).parents[2] / "audio"


def turn(kiosks: int = 1, shedding: bool = True, first_word_s: float | None = 0.5, shed: bool = False) -> FleetTurn:
    fallback = "1 sentence not thought about: the servers are slow" if shed else None
    cost = Cost(requests=3, prompt=1000, cached=900, generated=20)
    return FleetTurn(kiosks, shedding, 0, "apples", 1.0, first_word_s, 2, 10, 4, shed, fallback, cost, {})


def test_visitors_say_the_words_of_a_recording_at_its_times() -> None:
    [visit] = read_visits([AUDIO / "apples.flac"])
    assert [said.text for said in visit.said] == [
        "Anna has three baskets with four apples in each.",
        "Her brother gives her five more apples.",
        "How many apples does Anna have now?",
    ]
    assert [said.end_s for said in visit.said] == [3.006, 5.366, 7.556]
    assert visit.said[0].start_s == 0.574
    assert all(earlier.end_s < later.start_s for earlier, later in pairwise(visit.said))


def test_visitors_may_ask_questions_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"id": 7, "question": "It is late. What is 2 plus 2?", "answer": "4"}\n')
    [visit] = read_visits([file])
    assert (visit.name, [said.text for said in visit.said]) == ("7", ["It is late.", "What is 2 plus 2?"])


def test_files_that_say_nothing_are_named(tmp_path: Path) -> None:
    stray = tmp_path / "stray.flac"
    with pytest.raises(UserError, match=r"stray\.flac: no such file"):
        read_visits([stray])
    stray.touch()
    with pytest.raises(UserError, match=r"there is no manifest\.jsonl beside it"):
        read_visits([stray])
    (tmp_path / "manifest.jsonl").write_text("[]\n")
    with pytest.raises(UserError, match="not a manifest"):
        read_visits([stray])
    (tmp_path / "manifest.jsonl").write_text('{"file": "other.flac", "text": "Hello."}\n')
    with pytest.raises(UserError, match="has no line about it"):
        read_visits([stray])
    with pytest.raises(UserError, match="nobody says anything"):
        read_visits([AUDIO / "silence.flac"])


def test_the_summary_has_a_condition_for_each_number_of_kiosks_with_and_without_shedding() -> None:
    turns = [turn(), turn(first_word_s=1.5), turn(kiosks=4), turn(4, shed=True), turn(4, first_word_s=None)]
    summary = summarize([*turns, turn(4, shedding=False)], seconds=30)
    assert list(summary) == ["1 kiosk, shedding", "4 kiosks, shedding", "4 kiosks, all asked for"]
    one, four, _ = summary.values()
    assert one["first_word_s"] == pytest.approx({"p50": 1.0, "p95": 1.45, "p99": 1.49})
    assert (one["turns"], one["turns_a_minute"], one["share_cached"]) == (2, 4, 0.9)
    assert four["share_shed"] == pytest.approx(1 / 3) and (four["unanswered"], four["other_way"]) == (1, 0)
    text = as_markdown(summary, "As it was.", "voice-livemind bench fleet")
    assert "| 4 kiosks, shedding | 3 | 0.50 |" in text
    svg = draw_fleet(summary)
    assert svg.count("<circle") == 9 and "shedding, p95" in svg and "all asked for, p50" in svg


def test_a_run_against_a_server_writes_its_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving("eggs = 2", "It is one.") as server:
        command = ["bench", "fleet", "--kiosks", "2", "--seconds", "10", "--shedding", "off"]
        status = main([*command, "--url", server.url, "--out", str(tmp_path), str(AUDIO / "capital.flac")])
    assert status == 0 and "2 kiosks, all asked for" in capsys.readouterr().out
    results = json.loads((tmp_path / "results.json").read_text())
    figures = results["summary"]["2 kiosks, all asked for"]
    assert figures["turns"] == len(results["runs"]) >= 2
    assert all(run["turn"]["transcript"] == "What is the capital of France?" for run in results["runs"])
    assert all(run["turn"]["heard"] for run in results["runs"])
    assert {path.name for path in tmp_path.iterdir()} == {"results.json", "results.md", "fleet.svg"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--kiosks", "0"], "expected numbers from 1 to 1000"),
        (["--kiosks", "1,x"], "expected a whole number"),
        (["--kiosks", "1"], "no server to ask: name one with --url"),
        (["--kiosks", "1", "--url", "http://127.0.0.1:1/v1"], "requests.shed_after_s is 0"),
        (["--kiosks", "1", "--seconds", "5"], "expected seconds from 10 to 3600"),
    ],
)
def test_wrong_use_is_one_line(options: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "fleet", *options, str(AUDIO / "capital.flac")]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert expected in line
