"""What a microphone delivers, at its place on the clock."""

import numpy as np
import pytest

from voice_livemind.hear.frames import FRAME_SAMPLES, RATE_HZ, Frame, Samples
from voice_livemind.hear.placing import Placing
from voice_livemind.hear.resampling import Resampler

BLOCK = 400


def sound(count: int) -> Samples:
    return np.full(count, 1000, np.int16)


def sounding_s(frames: list[Frame]) -> float:
    return sum(np.count_nonzero(frame.samples) for frame in frames) / RATE_HZ


def deliver(
    placing: Placing, seconds: float, device_rate_hz: float = RATE_HZ, jitter_s: float = 0.0
) -> tuple[list[Frame], float]:
    """Blocks from a device with a crystal of its own, some late; the frames, and how far they are behind the clock."""
    random = np.random.default_rng(1)
    frames, time_s = [], 0.0
    while time_s < seconds:
        time_s += BLOCK / device_rate_hz
        placing.add(sound(BLOCK), time_s + random.uniform(0, jitter_s))
        frames += placing.frames()
    return frames, time_s - placing.end_s


def test_frames_are_numbered_without_a_gap_and_whole() -> None:
    frames, _ = deliver(Placing(), 3)
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert all(frame.samples.shape == (FRAME_SAMPLES,) for frame in frames)


def test_the_time_before_the_first_sound_is_silence_and_was_not_lost() -> None:
    placing = Placing()
    placing.add(sound(BLOCK), 0.5)
    frames = placing.frames()
    assert sounding_s(frames[:22]) == 0
    assert placing.end_s == 0.5
    assert placing.filled_s == 0


@pytest.mark.parametrize("parts_per_million", [-110, -50, 0, 50, 110])
def test_a_crystal_that_is_off_does_not_drift_from_the_clock(parts_per_million: int) -> None:
    placing = Placing()
    _, behind_s = deliver(placing, 600, RATE_HZ * (1 + parts_per_million / 1e6), jitter_s=0.01)
    assert abs(behind_s) < 0.025
    assert placing.filled_s == placing.dropped_s == 0


@pytest.mark.parametrize("wrong_s", [-0.05, 0.05])
def test_a_wrong_first_time_is_mended_soon(wrong_s: float) -> None:
    placing = Placing()
    for number in range(60):
        wrong = wrong_s if number == 0 else 0.0
        placing.add(sound(BLOCK), 1 + number * BLOCK / RATE_HZ + wrong)
    assert placing.end_s == pytest.approx(1 + 59 * BLOCK / RATE_HZ, abs=0.001)


def test_lost_sound_leaves_silence_of_its_length() -> None:
    placing = Placing()
    placing.add(sound(1600), 0.1)
    placing.add(sound(1600), 0.7)
    frames = placing.frames()
    assert placing.filled_s == pytest.approx(0.5)
    assert sounding_s(frames) == pytest.approx(0.2)
    assert not frames[15].samples.any() and frames[30].samples.any()


def test_silence_is_filled_in_while_a_device_is_missing_and_what_comes_late_is_dropped() -> None:
    placing = Placing()
    placing.add(sound(1600), 0.1)
    placing.fill(0.9)
    placing.fill(0.5)
    assert placing.end_s == pytest.approx(0.9)
    placing.add(sound(4800), 1.0)
    assert placing.end_s == pytest.approx(1.0)
    assert placing.dropped_s == pytest.approx(0.2)
    assert sounding_s(placing.frames()) == pytest.approx(0.2)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 44100, 48000, 96000])
def test_any_rate_becomes_sixteen_thousand_with_hardly_a_wait(rate_hz: int) -> None:
    time_s = np.arange(2 * rate_hz) / rate_hz
    tone = np.sin(2 * np.pi * 1000 * time_s).astype(np.float32)
    resample = Resampler(rate_hz)
    pieces = []
    for start in range(0, len(tone), 1001):
        pieces.append(resample(tone[start : start + 1001]))
        assert resample.behind_s < 0.003
    got = np.concatenate(pieces)
    assert len(got) / RATE_HZ + resample.behind_s == pytest.approx(2)
    ideal = np.sin(2 * np.pi * 1000 * np.arange(len(got)) / RATE_HZ)
    assert np.abs(got - ideal)[200:].max() < 0.001


def test_what_sixteen_thousand_cannot_carry_is_left_out() -> None:
    time_s = np.arange(48000) / 48000
    got = Resampler(48000)(np.sin(2 * np.pi * 10_000 * time_s).astype(np.float32))
    assert np.abs(got[200:]).max() < 0.001
