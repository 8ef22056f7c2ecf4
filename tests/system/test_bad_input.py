"""Wrong use and wrong input: one clear line, the right exit status, nothing left behind."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio import recording
from tests.system.command import COMMAND
from voice_livemind.cli import main


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of things that are no recordings."""
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("This is no sound.")
    (tmp_path / "folder.wav").mkdir()
    soundfile.write(tmp_path / "nothing.wav", np.zeros(0), 16_000)
    (tmp_path / "cut.flac").write_bytes(recording("capital").read_bytes()[:20])
    (tmp_path / "wrong.toml").write_text("[speak]\nvolum = 3\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["missing.wav"], "missing.wav: no such file"),
        (["empty.wav"], "empty.wav: the file is empty"),
        (["text.wav"], "text.wav: not a recording"),
        (["folder.wav"], "folder.wav: a folder, not a recording"),
        (["nothing.wav"], "nothing.wav: the recording holds no sound"),
        (["cut.flac"], "cut.flac: not a recording"),
        (["GOOD", "text.wav"], "text.wav: not a recording"),
        (["GOOD", "GOOD"], "two files are named capital"),
        (["GOOD", "--mode", "fast"], "argument --mode: invalid choice: 'fast'"),
        (["GOOD", "--speed", "2"], "argument --speed: invalid choice: '2'"),
        (["GOOD", "--config", "wrong.toml"], "unknown key speak.volum"),
        (["GOOD", "--config", "none.toml"], "none.toml: No such file"),
        (["GOOD", "--set", "speak.rate=quick"], "speak.rate = 'quick'"),
        (["GOOD", "--set", "speak.voice=jo-us"], "jo-us"),
        (["GOOD", "--out", "text.wav"], "--out text.wav: not a folder"),
        (["GOOD", "--out", "/dev/full"], "--out /dev/full: not a folder"),
        (["GOOD", "--out", "/proc/out"], "--out /proc/out: "),
        ([], "the following arguments are required: FILE"),
    ],
)
def test_replay_refuses(
    arguments: Sequence[str],
    expected: str,
    files: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(files)
    before = set(files.rglob("*"))
    status = main(["replay", *(str(recording("capital")) if word == "GOOD" else word for word in arguments)])
    printed = capfd.readouterr()
    assert status == 2
    assert expected in printed.err and len(printed.err.splitlines()) == 1
    assert printed.out == ""
    assert {path.name for path in set(files.rglob("*")) - before} <= {"out"}


def test_missing_weights_are_named_with_the_command_that_brings_them(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(["replay", str(recording("capital")), "--out", str(tmp_path / "out")]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("weights of whisper-base are missing: run `voice-livemind models pull whisper-base`")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_takes_no_more_leaves_no_part_of_the_results(tmp_path: Path) -> None:
    # No file may grow beyond 64 KiB: the reply does.
    limited = ["bash", "-c", 'ulimit -f 64; exec "$@"', "bash", *COMMAND]
    arguments = ["replay", str(recording("capital")), "--speed", "max", "--out", str(tmp_path)]
    done = subprocess.run([*limited, *arguments], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert "the results of capital could not be written" in done.stderr and len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
