"""However it ends, nothing stays behind: no process, no half file, no port."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.audio import recording
from tests.system.command import alive, eventually, run, started
from voice_livemind.serving.process import free_port


# On a busy machine no thought comes to an end in livemind, where thoughts give way.
@pytest.mark.parametrize(
    "moment, mode", [("bakery.flac", "livemind"), ("heard", "livemind"), ("thought", "paper"), ("says", "livemind")]
)
def test_ctrl_c_leaves_no_process_and_no_file(moment: str, mode: str, tmp_path: Path) -> None:
    with started("replay", recording("bakery"), "--mode", mode, "--out", tmp_path) as replay:
        replay.wait_for(moment)
        servers = replay.servers()
        assert len(servers) == 2
        replay.send(signal.SIGINT)
        assert replay.finish() == 130
        assert replay.lines[-1].strip().splitlines()[-1] == "voice-livemind: interrupted"
        assert not any(map(alive, servers))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_an_end_while_the_models_load_leaves_nothing(end: signal.Signals, tmp_path: Path) -> None:
    with started("replay", recording("bakery"), "--out", tmp_path) as replay:
        assert eventually(lambda: len(replay.servers()) == 2)
        servers = replay.servers()
        replay.send(end)
        assert replay.finish() == 130
        assert not any(map(alive, servers))
    assert list(tmp_path.iterdir()) == []


def test_servers_end_with_an_assistant_that_is_killed(tmp_path: Path) -> None:
    with started("replay", recording("bakery"), "--out", tmp_path) as replay:
        replay.wait_for("heard")
        servers = replay.servers()
        replay.send(signal.SIGKILL)
        replay.finish()
        assert eventually(lambda: not any(map(alive, servers)))


@pytest.mark.parametrize("role", ["1.5b", "0.5b"])
def test_a_model_server_that_is_killed_costs_no_answer(role: str, tmp_path: Path) -> None:
    with started("replay", recording("bakery"), "--out", tmp_path) as replay:
        replay.wait_for("heard")
        (pid,) = (pid for pid, words in replay.servers().items() if role in words)
        os.kill(pid, signal.SIGKILL)
        assert replay.finish(120) == 0
        assert any("starting it again" in line for line in replay.lines)
    (turn,) = map(json.loads, (tmp_path / "bakery.turns.jsonl").read_text().splitlines())
    assert turn["heard"]


def test_serve_keeps_the_models_up_for_other_commands(tmp_path: Path) -> None:
    ports = [f"thinker.port={free_port()}", f"speaker.port={free_port()}"]
    sets = [word for port in ports for word in ("--set", port)]
    with started("serve", *sets) as serve:
        serve.wait_for("ready")
        servers = serve.servers()
        assert len(servers) == 2

        with started("replay", recording("capital"), "--out", tmp_path, *sets) as replay:
            replay.wait_for("heard")
            assert replay.servers() == {}
            assert replay.finish() == 0

        again = run("serve", *sets)
        assert again.returncode == 2
        assert "in use" in again.stderr and len(again.stderr.splitlines()) == 1

        serve.send(signal.SIGINT)
        assert serve.finish() == 130
        assert not any(map(alive, servers))
