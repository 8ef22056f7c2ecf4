"""Delay, filter, gate and words of the assistant's own voice, in simulated rooms."""

import numpy as np
import pytest

from tests.room import cleaned, echo_of, microphone, speech_like
from voice_livemind.config import Echo
from voice_livemind.doctor.echo import Heard, advise, chirp, measure
from voice_livemind.hear.delay import find_echo, level_db
from voice_livemind.hear.echo import EchoCanceller, passes
from voice_livemind.hear.frames import FRAME_SAMPLES, RATE_HZ, Frame, Samples
from voice_livemind.hear.own_words import is_echo

SILENCE = np.zeros(FRAME_SAMPLES, np.int16)


@pytest.fixture(scope="module")
def reply() -> Samples:
    """A second of silence, then ten of speech."""
    return np.concatenate([np.zeros(RATE_HZ, np.int16), speech_like(10, seed=3)])


@pytest.mark.parametrize("delay_s", [-0.05, 0.005, 0.05, 0.2, 0.5])
@pytest.mark.parametrize("level", [-6.0, -30.0])
def test_delay_and_level_are_found(delay_s: float, level: float, reply: Samples) -> None:
    echo = find_echo(microphone(echo_of(reply, delay_s, level)), reply, -0.06)
    assert echo is not None and echo.sureness > 4
    assert echo.delay_s == pytest.approx(delay_s, abs=0.001)
    assert echo.level_db == pytest.approx(level, abs=1.5)


def test_somebody_who_speaks_is_no_echo(reply: Samples) -> None:
    echo = find_echo(microphone(speech_like(11, seed=4)), reply)
    assert echo is not None and echo.sureness < 1.5


def test_silence_holds_no_echo(reply: Samples) -> None:
    assert find_echo(reply, np.zeros_like(reply)) is None
    assert find_echo(np.zeros_like(reply), reply) is None


@pytest.mark.parametrize("delay_s", [-0.04, 0.0, 0.05, 0.2, 0.4])
def test_the_echo_is_taken_out(delay_s: float, reply: Samples) -> None:
    heard = microphone(echo_of(reply, delay_s))
    canceller = EchoCanceller(Echo(mode="auto"))
    left = cleaned(canceller, heard, reply)
    assert canceller.delay_s == pytest.approx(delay_s, abs=0.002)
    # From the first moment on: before the filter is good enough, the gate is shut.
    loudest = max(level_db(left[start : start + 1600]) for start in range(0, len(left), 1600))
    assert level_db(heard[RATE_HZ:]) > -33
    assert loudest < -50


@pytest.mark.parametrize("level", [-6.0, 0.0])
def test_who_speaks_over_the_reply_is_heard_as_without_it(level: float, reply: Samples) -> None:
    words = np.concatenate([np.zeros(5 * RATE_HZ, np.int16), speech_like(3, seed=5)])
    heard = microphone(echo_of(reply, 0.05, level), words)
    left = cleaned(EchoCanceller(Echo(mode="auto")), heard, reply)
    span = slice(5 * RATE_HZ, 8 * RATE_HZ)
    error = left[span].astype(np.float64) - words[span]
    assert level_db(words[span]) - level_db(error) > 15


def test_a_delay_that_changes_is_followed_at_once(reply: Samples) -> None:
    early, late = echo_of(reply, 0.03), echo_of(reply, 0.09)
    heard = microphone(np.concatenate([early[: 6 * RATE_HZ], late[6 * RATE_HZ :]]))
    canceller = EchoCanceller(Echo(mode="auto"))
    left = cleaned(canceller, heard, reply)
    assert canceller.delay_s == pytest.approx(0.09, abs=0.002)
    loud = [level_db(left[start : start + FRAME_SAMPLES]) > -50 for start in range(0, len(left), FRAME_SAMPLES)]
    # Too short to start a turn.
    assert sum(loud) * 0.02 <= 0.18


def test_what_is_known_of_the_room_outlasts_a_muted_microphone(reply: Samples) -> None:
    words = np.concatenate([np.zeros(7 * RATE_HZ, np.int16), speech_like(3, seed=5)])
    span = slice(7 * RATE_HZ, 10 * RATE_HZ)
    errors_db = []
    for muted_s in (0, 3):
        heard = microphone(echo_of(reply, 0.05), words)
        muted = slice((7 - muted_s) * RATE_HZ, 7 * RATE_HZ)
        heard[muted] = 0
        left = cleaned(EchoCanceller(Echo(mode="auto")), heard, reply)
        assert not left[muted].any()
        errors_db.append(level_db(left[span].astype(np.float64) - words[span]))
    assert errors_db[1] < errors_db[0] + 1


def test_with_headphones_everybody_is_heard(reply: Samples) -> None:
    words = np.concatenate([np.zeros(4 * RATE_HZ, np.int16), speech_like(3, seed=5)])
    heard = microphone(words, np.zeros(len(reply)))
    left = cleaned(EchoCanceller(Echo(mode="auto")), heard, reply)
    span = slice(4 * RATE_HZ, 7 * RATE_HZ)
    assert level_db(left[span].astype(np.float64) - heard[span]) < level_db(heard[span]) - 15


def test_who_interrupts_a_reply_into_digital_silence_is_heard(reply: Samples) -> None:
    words = np.concatenate([np.zeros(5 * RATE_HZ, np.int16), speech_like(3, seed=5), np.zeros(3 * RATE_HZ, np.int16)])
    left = cleaned(EchoCanceller(Echo(mode="auto")), words, reply)
    assert level_db(left.astype(np.float64) - words) < level_db(words) - 15


def test_half_duplex_hears_nothing_but_who_is_louder_than_the_echo(reply: Samples) -> None:
    soft = np.concatenate([np.zeros(5 * RATE_HZ, np.int16), speech_like(2, seed=5) // 8])
    loud = np.concatenate([np.zeros(5 * RATE_HZ, np.int16), speech_like(2, seed=5)])
    for words, is_heard in ((soft, False), (loud, True)):
        heard = microphone(echo_of(reply, 0.05, -20), words)
        left = cleaned(EchoCanceller(Echo(mode="half")), heard, reply)
        assert (level_db(left[5 * RATE_HZ : 7 * RATE_HZ]) > -40) == is_heard


def test_half_duplex_leaves_the_noise_of_the_room(reply: Samples) -> None:
    left = cleaned(EchoCanceller(Echo(mode="half")), microphone(echo_of(reply, 0.05), noise_db=-50), reply)
    assert level_db(left[3 * RATE_HZ : 9 * RATE_HZ]) == pytest.approx(-50, abs=3)


@pytest.mark.parametrize("mode", ["auto", "half", "off"])
def test_nothing_changes_while_nothing_is_played(mode: str, reply: Samples) -> None:
    canceller = EchoCanceller(Echo.model_validate({"mode": mode}))
    frames = [Frame(number, reply[number * FRAME_SAMPLES :][:FRAME_SAMPLES]) for number in range(200)]
    assert all(canceller.clean(frame, SILENCE) is frame for frame in frames)


def test_the_gate() -> None:
    # Played at -20 dB, of which 30 dB less is usually left, in a room of -60 dB.
    assert not passes(-48.0, -20.0, -30.0, -60.0)
    assert passes(-38.0, -20.0, -30.0, -60.0)
    assert passes(-55.0, -20.0, -30.0, -60.0)


@pytest.mark.parametrize(
    "text",
    [
        "The capital of France is Paris.",
        "capital of france is",
        "the capitol of France is Paris",
        "Paris.",
        "It's Paris, of course!",
    ],
)
def test_the_own_reply_is_known_by_its_words(text: str) -> None:
    assert is_echo(text, "The capital of France is Paris. It's Paris, of course.")


@pytest.mark.parametrize(
    "text", ["Stop.", "Is it?", "The", "And of Italy?", "What is the capital of Italy?", "Is it the largest city?", ""]
)
def test_other_words_are_no_echo(text: str) -> None:
    assert not is_echo(text, "The capital of France is Paris. It's Paris, of course.")


def test_nothing_was_spoken() -> None:
    assert not is_echo("Hello.", "")


def chirp_in(delay_s: float, level: float, gain: float = 1.0) -> Heard:
    sound = chirp()
    times = np.arange(round(sound.seconds * RATE_HZ)) / RATE_HZ
    at_16_khz = np.interp(times, np.arange(len(sound.samples)) / sound.rate_hz, sound.samples)
    reference = np.concatenate([np.zeros(RATE_HZ), 32767 * at_16_khz, np.zeros(2 * RATE_HZ)]).astype(np.int16)
    return Heard(microphone(gain * echo_of(reference, delay_s, level)), reference)


@pytest.mark.parametrize(("delay_s", "level"), [(0.05, -6.0), (0.2, -6.0), (0.02, -35.0)])
def test_doctor_measures_the_echo_and_recommends_full_duplex(delay_s: float, level: float) -> None:
    heard = chirp_in(delay_s, level)
    echo = measure(heard)
    assert echo is not None
    assert echo.delay_s == pytest.approx(delay_s, abs=0.001)
    assert echo.level_db == pytest.approx(level, abs=1)
    advice = advise(heard, echo)
    assert advice.mode == "auto" and advice.why.startswith("full duplex")


@pytest.mark.parametrize("heard", [chirp_in(0.8, -6.0), chirp_in(0.05, 0.0, gain=4.0)], ids=["late", "overdriven"])
def test_doctor_recommends_half_duplex_where_cancelling_cannot_work(heard: Heard) -> None:
    assert advise(heard, measure(heard)).mode == "half"


def test_doctor_is_not_misled_by_sound_that_comes_in_pieces() -> None:
    heard = chirp_in(0.05, -6.0)
    pieces = heard.microphone.reshape(-1, 320)
    shuffled = np.random.default_rng(1).permutation(pieces[50:100])
    torn = heard._replace(microphone=np.concatenate([pieces[:50], shuffled, pieces[100:]]).reshape(-1))
    assert advise(torn, None).mode == "half"


def test_doctor_without_an_echo() -> None:
    heard = chirp_in(0.05, -90.0)
    assert measure(heard) is None
    assert advise(heard, None).why.startswith("full duplex")
    muted = heard._replace(microphone=np.zeros_like(heard.microphone))
    assert "muted" in advise(muted, measure(muted)).why
