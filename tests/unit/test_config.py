"""Settings: every wrong one is one clear line."""

from pathlib import Path

import pytest

from voice_livemind.config import load_settings
from voice_livemind.errors import UserError
from voice_livemind.weights.catalogue import load_catalogue

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.name)
def test_every_shipped_configuration_is_valid_and_its_models_are_in_the_catalogue(file: Path) -> None:
    for model in load_settings(file).models:
        load_catalogue().model(model)


def test_a_file_lies_over_the_defaults_and_set_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[speak]\nrate = 1.2\n[turns]\npause_s = 1\n")
    settings = load_settings(file, ["turns.pause_s=0.5"])
    assert (settings.speak.rate, settings.turns.pause_s, settings.speak.voice) == (1.2, 0.5, "joe-us")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("speak.rat=1", "unknown key speak.rat; did you mean speak.rate?"),
        ("speek.rate=1", "unknown key speek; did you mean speak?"),
        ("speak.rate=9", "speak.rate = 9.0"),
        ("speak.rate=fast", "speak.rate = 'fast'"),
        ("thinker.engine=gpt", "'llama.cpp' or 'vllm'"),
        ("thinker.url=localhost", "thinker.url = 'localhost'"),
        ("rate", "expected section.key=value"),
    ],
)
def test_a_wrong_setting_is_named(override: str, expected: str) -> None:
    with pytest.raises(UserError, match="--set") as caught:
        load_settings(None, [override])
    assert expected in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["[speak\n", "speak = 1\n", "[speak]\nrat = 1\n", "\xff"])
def test_a_wrong_file_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(UserError, match=r"mine\.toml") as caught:
        load_settings(file)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UserError, match=r"nowhere\.toml: No such file"):
        load_settings(Path("nowhere.toml"))
