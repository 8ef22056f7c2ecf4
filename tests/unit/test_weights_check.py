"""Weights are compared byte for byte before they run unattended, and read again only when they have changed."""

import hashlib
from pathlib import Path

import pytest

from voice_livemind.errors import UserError
from voice_livemind.weights import cache, check
from voice_livemind.weights.cache import folder_of
from voice_livemind.weights.catalogue import Catalogue, Model, WeightFile

CONTENT = b"all the weights"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """One that is there, and right."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = WeightFile(name="model.bin", bytes=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    model = Model(name="small", role="language", title="Small", about="", licence="CC0", files=(file,))
    monkeypatch.setattr(check, "load_catalogue", lambda: Catalogue(models={"small": model}))
    folder_of(model).mkdir(parents=True)
    (folder_of(model) / "model.bin").write_bytes(CONTENT)
    return model


def test_right_weights_are_read_once(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    check.require_right(["small"])
    read: list[Path] = []

    def sha256_of(path: Path) -> str:
        read.append(path)
        return ""

    monkeypatch.setattr(cache, "sha256_of", sha256_of)
    check.require_right(["small"])
    assert not read
    (folder_of(model) / "model.bin").write_bytes(CONTENT)
    with pytest.raises(UserError):
        check.require_right(["small"])
    assert read


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[:-1] + b"S", None])
def test_wrong_weights_are_refused_with_the_command_that_mends_them(model: Model, content: bytes | None) -> None:
    file = folder_of(model) / "model.bin"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=r"^weights of small: model\.bin .*run `voice-livemind models pull small`$"):
        check.require_right(["small"])
