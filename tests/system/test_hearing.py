"""The words of a long turn are there while it goes on, in real time, with the thinker at work. How soon exactly, the
benches say; what is asserted here holds on a busy machine too."""

import json
import statistics
from itertools import pairwise
from typing import Any

import pytest

from tests.audio import MANIFEST, recording
from tests.system.command import run

SENTENCE_ENDS_S: list[float] = MANIFEST["market"]["sentence_ends_s"]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The turns of the recording with 22 sentences."""
    out = tmp_path_factory.mktemp("out")
    # In livemind thoughts give way, and on a busy machine none of them comes to its end.
    done = run("replay", recording("market"), "--mode", "paper", "--out", out)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in (out / "market.turns.jsonl").read_text().splitlines()]


def test_sentences_reach_the_mind_before_the_next_one_ends(market: list[dict[str, Any]]) -> None:
    segments = [segment for turn in market for segment in turn["segments"] if segment["text"]]
    assert sum(segment["note"] is not None for segment in segments) > 5, "the thinker was not at work"
    in_time = 0
    for end_s, next_end_s in pairwise(SENTENCE_ENDS_S):
        holding = [one["heard_s"] for one in segments if one["start_s"] < end_s - 0.3 and one["end_s"] > end_s - 1.0]
        in_time += bool(holding) and min(holding) < next_end_s
    assert in_time >= 0.9 * (len(SENTENCE_ENDS_S) - 1)


def test_what_was_said_before_a_pause_takes_no_longer_to_hear_in_a_longer_turn(market: list[dict[str, Any]]) -> None:
    waits = [known_s - noticed_s for turn in market for noticed_s, known_s in turn["pauses"]]
    assert len(waits) >= 15
    third = len(waits) // 3
    assert statistics.median(waits[-third:]) <= 2 * statistics.median(waits[:third])
