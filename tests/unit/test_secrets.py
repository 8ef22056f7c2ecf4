"""Keys come from the environment or from a file of one's own, and are never shown."""

from pathlib import Path

import pytest

from voice_livemind.errors import UserError
from voice_livemind.secret import read_secret


def key_file(folder: Path, content: str = "sesame\n", mode: int = 0o600) -> str:
    file = folder / "key"
    file.write_text(content)
    file.chmod(mode)
    return str(file)


def test_a_key_is_read_from_the_environment_or_from_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sesame")
    assert read_secret("MY_KEY", "", "thinker.api_key") == "sesame"
    assert read_secret("", key_file(tmp_path), "thinker.api_key") == "sesame"
    assert read_secret("", "", "thinker.api_key") is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused_without_showing_it(tmp_path: Path, mode: int) -> None:
    with pytest.raises(UserError, match=r"thinker\.api_key_file: .*: others may read it: run chmod 600") as caught:
        read_secret("", key_file(tmp_path, mode=mode), "thinker.api_key")
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "\n", "two\nlines", "schlüssel"])
def test_a_file_without_a_usable_key_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserError, match="expected one line") as caught:
        read_secret("", key_file(tmp_path, content), "thinker.api_key")
    assert "lines" not in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_missing_or_ambiguous_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(UserError, match=r"speaker\.api_key_env: the environment variable MY_KEY is empty or not set"):
        read_secret("MY_KEY", "", "speaker.api_key")
    with pytest.raises(UserError, match="No such file"):
        read_secret("", str(tmp_path / "nowhere"), "speaker.api_key")
    with pytest.raises(UserError, match="keep one of them"):
        read_secret("MY_KEY", key_file(tmp_path), "speaker.api_key")
