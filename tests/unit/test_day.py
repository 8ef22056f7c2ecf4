"""Eight hours of visitors and faults, on virtual time."""

from pathlib import Path

import pytest

from tests.day import Day
from tests.flawed import CLUSTER

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
