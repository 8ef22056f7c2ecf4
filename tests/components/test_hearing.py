"""The real detectors and the real Whisper on real sound."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio import MANIFEST, plain, recording
from voice_livemind import clock
from voice_livemind.bench.heard import Heard, HeardTurn
from voice_livemind.bench.listening import make_listener
from voice_livemind.bench.no_speech import without_speech
from voice_livemind.config import Settings, load_settings
from voice_livemind.errors import UserError
from voice_livemind.hear.frames import FRAME_S, FRAME_SAMPLES, RATE_HZ, Frame, Samples
from voice_livemind.hear.recording import read_recording
from voice_livemind.hear.vad import NoiseFloor, VoiceActivity
from voice_livemind.transcribe.hypothesis import doubt
from voice_livemind.transcribe.recognizer import Recognizer
from voice_livemind.turns.machine import Commit, Start, TurnEvent, TurnMachine


def events_in(samples: Samples, settings: Settings) -> list[TurnEvent]:
    activity, machine = VoiceActivity(settings.hear), TurnMachine(settings.turns)
    padded = np.pad(samples, (0, 2 * RATE_HZ))
    found = []
    for number in range(len(padded) // FRAME_SAMPLES):
        frame = Frame(number, padded[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES])
        event = machine.step(frame.start_s, frame.end_s, activity.speech(frame))
        if event is not None:
            found.append(event)
    return found


@pytest.mark.parametrize("name", [name for name, entry in MANIFEST.items() if entry["speech"]])
def test_turns_start_and_end_with_the_speech(name: str, settings: Settings) -> None:
    events = events_in(read_recording(recording(name)), settings)
    starts = [event.speech_start_s for event in events if isinstance(event, Start)]
    ends = [event.speech_end_s for event in events if isinstance(event, Commit)]
    assert starts == pytest.approx([start for start, _ in MANIFEST[name]["speech"]], abs=0.25)
    assert ends == pytest.approx([end for _, end in MANIFEST[name]["speech"]], abs=0.15)


@pytest.mark.parametrize("name", ["noise", "silence"])
def test_what_is_no_speech_starts_no_turn(name: str, settings: Settings) -> None:
    assert events_in(read_recording(recording(name)), settings) == []


@pytest.mark.parametrize("kind", ["clap", "hum", "hiss"])
def test_other_sounds_start_no_turn(kind: str, settings: Settings) -> None:
    random = np.random.default_rng(1)
    time_s = np.arange(10 * RATE_HZ) / RATE_HZ
    sound = {
        "clap": np.where(time_s % 1 < 0.02, random.normal(size=len(time_s)), 0.0),
        "hum": np.sin(2 * np.pi * 50 * time_s) + 0.3 * np.sin(2 * np.pi * 150 * time_s),
        "hiss": random.normal(size=len(time_s)),
    }[kind]
    assert events_in((6000 * np.clip(sound, -3, 3) / 3).astype(np.int16), settings) == []


@pytest.mark.parametrize("name", ["capital", "weeks", "command", "pause"])
def test_whisper_hears_the_words(name: str, recognizer: Recognizer) -> None:
    hypothesis = recognizer.transcribe(read_recording(recording(name)), 0.0)
    assert plain(hypothesis.text) == plain(MANIFEST[name]["text"])
    assert doubt(hypothesis, voiced_s=MANIFEST[name]["seconds"] - 1.5) is None


def test_words_have_times_on_the_sample_clock(recognizer: Recognizer) -> None:
    (start_s, end_s), *_ = MANIFEST["capital"]["speech"]
    words = recognizer.transcribe(read_recording(recording("capital")), 100.0).words
    # Whisper lets the first word begin with the sound before it.
    assert 100 <= words[0].start_s <= 100 + start_s + 0.35
    assert words[-1].end_s == pytest.approx(100 + end_s, abs=0.35)
    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)


@pytest.mark.parametrize("name", ["noise", "silence"])
def test_what_whisper_invents_is_doubted(name: str, recognizer: Recognizer) -> None:
    samples = read_recording(recording(name))
    for begin in range(0, len(samples) - 4 * RATE_HZ, 4 * RATE_HZ):
        hypothesis = recognizer.transcribe(samples[begin : begin + 4 * RATE_HZ], 0.0)
        assert doubt(hypothesis, voiced_s=0.5) is not None, hypothesis


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("extension", "subtype"), [("wav", "PCM_U8"), ("wav", "FLOAT"), ("flac", "PCM_24")])
def test_any_format_becomes_the_same_sound(
    rate_hz: int, channels: int, extension: str, subtype: str, tmp_path: Path
) -> None:
    time_s = np.arange(rate_hz) / rate_hz
    tone = 0.5 * np.sin(2 * np.pi * 440 * time_s)
    soundfile.write(tmp_path / f"a.{extension}", np.stack([tone] * channels, axis=1), rate_hz, subtype=subtype)
    samples = read_recording(tmp_path / f"a.{extension}")
    assert samples.dtype == np.int16 and len(samples) == pytest.approx(RATE_HZ, abs=2)
    middle = samples[2000:14000] / 32768
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    crossings = np.count_nonzero(np.diff(np.signbit(middle)))
    assert crossings == pytest.approx(2 * 440 * 12000 / RATE_HZ, abs=2)


def test_a_recording_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_recording(tmp_path / "none.wav")


class Hears:
    """The whole of hearing on the sample clock, with the real models."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def listen(self, samples: Samples, *overrides: str) -> tuple[HeardTurn, ...]:
        settings = load_settings(None, overrides) if overrides else self._settings

        async def main() -> Heard:
            async with make_listener(settings) as listener:
                return await listener.listen(samples, settings.turns.policy)

        return clock.run(main(), "stepped").turns


@pytest.fixture(scope="module")
def hears(settings: Settings) -> Hears:
    return Hears(settings)


def test_a_pause_in_mid_sentence_leaves_one_turn(hears: Hears) -> None:
    (turn,) = hears.listen(read_recording(recording("pause")))
    assert plain(turn.transcript) == plain(MANIFEST["pause"]["text"])
    assert len(turn.commits) == 1


def test_a_self_correction_is_one_turn_with_a_revision(hears: Hears) -> None:
    (turn,) = hears.listen(read_recording(recording("correction")))
    assert plain(turn.transcript) == plain(MANIFEST["correction"]["text"])
    assert turn.revised >= 1


def test_two_questions_are_two_turns(hears: Hears) -> None:
    turns = hears.listen(read_recording(recording("two-questions")))
    assert [plain(turn.transcript) for turn in turns] == [
        "what is the capital of italy",
        "and what is the name of the famous ancient arena there",
    ]


@pytest.mark.parametrize("name", ["capital", "command"])
def test_a_sentence_begins_with_its_speech(name: str, hears: Hears) -> None:
    (turn,) = hears.listen(read_recording(recording(name)))
    ((start_s, end_s, *_),) = turn.segments
    assert (start_s, end_s) == pytest.approx(MANIFEST[name]["speech"][0], abs=0.15)


@pytest.mark.parametrize("sound", ["(silence)", "(music)", "(claps)", "(coughs)", "(noise)"])
def test_a_minute_that_nobody_speaks_in_starts_no_turn(sound: str, hears: Hears) -> None:
    noise = read_recording(recording("noise"))
    (samples,) = [one.samples for one in without_speech(60, 7, noise) if one.file == sound]
    assert hears.listen(samples) == ()


def test_the_language_is_heard_once_and_kept(hears: Hears) -> None:
    """Spoken by espeak-ng 1.51, voice de: two long sentences, and one that is too short to tell the language by."""
    german = read_recording(Path(__file__).parent / "german.ogg")
    first, second, third = hears.listen(german, "transcribe.language=auto")
    assert {"möchte", "und", "drei", "kaufen"} <= set(plain(first.transcript).split())
    assert {"schön", "kindern", "garten"} <= set(plain(second.transcript).split())
    # Heard by itself this is taken for Thai.
    assert third.transcript and all(ord(character) < 0x250 for character in third.transcript)


def test_the_language_can_be_fixed(hears: Hears) -> None:
    german = read_recording(Path(__file__).parent / "german.ogg")[: 9 * RATE_HZ]
    (turn,) = hears.listen(german, "transcribe.language=de")
    assert {"möchte", "drei", "kaufen"} <= set(plain(turn.transcript).split())


def test_the_noise_floor_follows_the_room() -> None:
    random = np.random.default_rng(1)
    floor = NoiseFloor()

    def above_db(level: float, seconds: float) -> list[float]:
        frames = random.normal(0, level, (round(seconds / FRAME_S), FRAME_SAMPLES)).astype(np.int16)
        return [floor.above_db(frame) for frame in frames]

    assert max(above_db(100, 5)[10:]) < 3
    loud = above_db(1000, 20)
    assert loud[0] > 15 and max(loud[-50:]) < 3
    assert max(above_db(100, 2)[20:]) < 3
