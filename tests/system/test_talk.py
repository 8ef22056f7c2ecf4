"""The real ``talk`` on a sound card that is software: recordings speak into it, and what it plays is listened to."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio import plain, recording, says
from tests.live.lines import Lines
from tests.live.removals import REPLY, cases_on, removed
from tests.sound_card import SoundCard
from tests.system.command import alive, eventually, run
from tests.talking import COUNTING, Talking, talking_on
from voice_livemind.hear.frames import RATE_HZ, Samples
from voice_livemind.speak.voice import Voice
from voice_livemind.transcribe.recognizer import Recognizer


@pytest.fixture
def talking(sound_card: SoundCard, tmp_path: Path) -> Callable[..., AbstractContextManager[Talking]]:
    def start(*replies: str) -> AbstractContextManager[Talking]:
        return talking_on(sound_card, tmp_path / "kept", *replies)

    return start


@pytest.fixture(scope="session")
def sayable(voice: Voice, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A recording of any words."""
    folder = tmp_path_factory.mktemp("said")

    def say(text: str) -> Path:
        path = folder / f"{abs(hash(text))}.wav"
        sound = voice.synthesize(text)
        soundfile.write(path, 0.7 * sound.samples, sound.rate_hz)
        return path

    return say


def heard_in(samples: Samples, recognizer: Recognizer) -> str:
    """What the loudspeaker said."""
    return recognizer.transcribe(samples, 0.0).text


def test_a_question_is_answered_aloud_and_ctrl_c_leaves_nothing(
    talking: Callable[..., AbstractContextManager[Talking]], recognizer: Recognizer
) -> None:
    with talking("The capital of France is Paris.") as talk:
        talk.say(recording("capital"))
        talk.command.wait_for("says")
        assert eventually(lambda: len(talk.turns()) == 1)
        children = _children(talk.command.process.pid)
        assert talk.quit() == 130
        assert not any(map(alive, children))
        (turn,) = talk.turns()
        assert says(turn["transcript"], "capital") and not turn["interrupted"]
        assert turn["heard"] == turn["reply"] == "The capital of France is Paris."
        assert says(heard_in(talk.room.samples(), recognizer), "Paris")
        # Drafted before the turn was over, the first clause waits for the commitment; then it is heard at once.
        assert turn["clause_to_audio_s"] > 0
        assert turn["marks"]["first_audio"] - turn["marks"]["committed"] < 1


def test_speech_over_the_reply_silences_it_and_is_answered(
    talking: Callable[..., AbstractContextManager[Talking]], sayable: Callable[[str], Path], recognizer: Recognizer
) -> None:
    question = sayable("Please stop. What is the capital of Germany?")
    with talking(COUNTING, "It is Berlin.") as talk:
        talk.say(recording("capital"))
        assert eventually(talk.speaks)
        time.sleep(3)
        before = len(talk.room.samples())
        talk.say(question)
        assert eventually(lambda: len(talk.turns()) == 2)
        talk.quit()
        first, second = talk.turns()
        assert first["interrupted"] and not second["interrupted"]
        assert says(second["transcript"], "Germany") and plain(second["transcript"]).startswith("please stop")
        assert second["heard"] == "It is Berlin."
        # The next answer knows how far the reply was heard.
        *_, told, asked = talk.chat.asked[-1]
        assert told == {"role": "assistant", "content": first["heard"]}
        assert asked["content"].startswith("… Please stop.")
        # What the record calls heard is what the room heard, to within one word.
        silence = _first_silence(talk.room.samples(), before, 0.3)
        spoken = plain(COUNTING).split()
        really = plain(heard_in(talk.room.samples()[:silence], recognizer)).split()
        reached = max(spoken.index(word) for word in really if word in spoken) + 1
        assert abs(reached - len(plain(first["heard"]).split())) <= 1
        # From the first voiced sample to silence, as the session was heard and played.
        assert _last_sound_s(talk.session, second["marks"]["speech_start"], 1.0) <= 0.25


def test_who_agrees_or_knocks_costs_no_word(
    talking: Callable[..., AbstractContextManager[Talking]], sayable: Callable[[str], Path], tmp_path: Path
) -> None:
    knock = tmp_path / "knock.wav"
    noise = np.random.default_rng(1).normal(0, 0.3, 4000) * np.exp(-np.arange(4000) / 600)
    soundfile.write(knock, noise, RATE_HZ)
    with talking(COUNTING) as talk:
        talk.say(recording("capital"))
        assert eventually(talk.speaks)
        for sound in (sayable("Uh-huh."), knock, sayable("Okay.")):
            time.sleep(1.5)
            talk.say(sound)
        assert eventually(lambda: len(talk.turns()) == 1, within_s=30)
        talk.quit()
        (turn,) = talk.turns()
        assert turn["heard"] == turn["reply"] == COUNTING and not turn["interrupted"]


@pytest.mark.parametrize("delay_ms", [50, 200])
def test_it_never_answers_its_own_echo(
    delay_ms: int, talking: Callable[..., AbstractContextManager[Talking]], sound_card: SoundCard
) -> None:
    with sound_card.echo(delay_ms), talking(COUNTING) as talk:
        talk.say(recording("capital"))
        assert eventually(lambda: len(talk.turns()) == 1, within_s=40)
        time.sleep(3)
        talk.quit()
        (turn,) = talk.turns()
        assert turn["heard"] == COUNTING and not turn["interrupted"]


def test_the_conversation_goes_on_when_the_sound_server_died_and_is_back(
    talking: Callable[..., AbstractContextManager[Talking]], sound_card: SoundCard
) -> None:
    with talking(REPLY) as talk:
        lines = Lines(talk.command)
        for state, way in cases_on(sound_card):
            if way.device == "both":
                removal = removed(talk, lines, sound_card, state, way, within_s=6)
                assert removal.understood and removal.answered_s is not None, (removal, lines.since(0))
        assert lines.quit() == 130


def test_a_session_is_repeated(talking: Callable[..., AbstractContextManager[Talking]], tmp_path: Path) -> None:
    with talking("The capital of France is Paris.") as talk:
        talk.say(recording("capital"))
        assert eventually(lambda: len(talk.turns()) == 1)
        talk.quit()
        done = run("replay", talk.session, "--out", tmp_path / "out", "--speed", "max")
        assert done.returncode == 0, done.stderr
        (written,) = (tmp_path / "out").glob("*.turns.jsonl")
        (again,) = map(json.loads, written.read_text().splitlines())
        (turn,) = talk.turns()
        for mark in ("speech_start", "speech_end"):
            assert again["marks"][mark] == turn["marks"][mark]
        assert (again["transcript"], again["heard"]) == (turn["transcript"], turn["heard"])
        assert (tmp_path / "out" / f"{talk.session.name}.reply.wav").exists()


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def _first_silence(samples: Samples, start: int, seconds: float) -> int:
    """Where, from ``start`` on, a silence of so many seconds begins."""
    loud = np.flatnonzero(np.abs(samples[start:].astype(np.int32)) > 300)
    gaps = np.flatnonzero(np.diff(loud) > seconds * RATE_HZ)
    return start + int(loud[gaps[0]] if len(gaps) else loud[-1])


def _last_sound_s(session: Path, start_s: float, within_s: float) -> float:
    """When, in seconds from ``start_s``, the last sound is played of those within so many seconds."""
    played, _ = soundfile.read(session / "output.wav", dtype="int16")
    start, end = (round(at * RATE_HZ) for at in (start_s, start_s + within_s))
    assert np.abs(played[start - RATE_HZ : start].astype(np.int32)).max() > 300, "there was no reply to interrupt"
    return int(np.flatnonzero(np.abs(played[start:end].astype(np.int32)) > 300).max(initial=0)) / RATE_HZ
