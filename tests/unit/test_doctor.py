"""What is found missing, and that the line says what mends it."""

import asyncio
import socket
from pathlib import Path

import pytest

from voice_livemind.config import Settings, load_settings
from voice_livemind.doctor.finding import Finding, replay_works
from voice_livemind.doctor.machine import cores, gpu, memory, python_version
from voice_livemind.doctor.models import roles, weights


@pytest.fixture
def without_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return load_settings(None)


def test_an_old_python_is_named() -> None:
    assert python_version((3, 11, 2)).good
    old = python_version((3, 9, 1))
    assert not old.good and "3.9.1" in old.detail and "install Python 3.11" in old.detail


def test_one_core_is_told_but_does_not_keep_replay_from_working() -> None:
    assert not cores(1).good
    assert replay_works([cores(1)])


def test_memory_is_held_against_the_models(settings: Settings) -> None:
    assert memory(settings, 16.0).good
    little = memory(settings, 1.0)
    assert not little.good and "1.0 GiB available" in little.detail
    assert not replay_works([little])


def test_a_gpu_is_missed_only_where_it_is_asked_for(settings: Settings) -> None:
    assert gpu(settings, 0).good
    assert not gpu(load_settings(None, ["transcribe.device=cuda"]), 0).good
    assert gpu(load_settings(None, ["transcribe.device=cuda"]), 1).good


def test_missing_weights_name_the_command(without_models: Settings) -> None:
    findings = weights(without_models)
    assert [finding.good for finding in findings] == [False] * 5
    assert "voice-livemind models pull whisper-base" in findings[0].detail
    assert not replay_works(findings)


def test_a_server_that_does_not_answer_is_missed() -> None:
    with socket.socket() as taken:
        # Bound, but nobody listens.
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        settings = load_settings(None, [f"thinker.url={url}", f"speaker.url={url}"])
        findings = asyncio.run(roles(settings))
    assert [finding.good for finding in findings] == [False, False]
    assert url in findings[0].detail and "start it" in findings[0].detail


def test_devices_are_not_needed_for_recordings() -> None:
    assert replay_works([Finding("microphone", False, "no microphone found", needed=False)])
