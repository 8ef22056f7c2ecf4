"""Eight hours of visitors and faults, on virtual time."""

from pathlib import Path

import pytest

from tests.day import Day
from tests.flawed import CLUSTER
from voice_livemind.kiosk.ladder import Rung

HOURS = 8


def test_in_eight_hours_of_faults_no_turn_beside_them_is_lost_and_nothing_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = Day(HOURS, seed=1, patched=monkeypatch)
    day.serve(
        *CLUSTER, f"kiosk.transcripts={tmp_path}", "kiosk.quiet_ends_s=10", "kiosk.greets=true", until_s=day.end_s
    )
    lost = day.lost()
    print(f"{len(day.turns)} turns, {day.state.visitors} visitors, {len(day.faults)} faults; not as usual: {lost}")
    for hour, sample in enumerate(day.samples, 1):
        print(f"after hour {hour}: {sample}")
    assert len(day.turns) > 700 and len(day.faults) > 50 and set(lost) and day.state.visitors > 300
    assert not [what for what in lost if what.startswith("nothing")]
    # Nothing that happened was beyond what mends itself.
    assert not day.unfit and day.state.rung is Rung.FULL
    first, *_, last = day.samples
    assert len(day.samples) == HOURS
    assert last.tasks <= first.tasks + 1 and last.files <= first.files
    assert last.blocks < 1.01 * first.blocks
    assert last.rss_mb < first.rss_mb + 10
