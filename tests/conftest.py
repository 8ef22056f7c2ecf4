"""The real models that several tests share: loaded once."""

from collections.abc import Iterator

import pytest

from tests.sound_card import sound_card  # noqa: F401  a fixture
from voice_livemind.config import Settings, load_settings
from voice_livemind.speak.voice import Voice
from voice_livemind.transcribe.recognizer import Recognizer
from voice_livemind.weights.cache import model_path


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The default configuration."""
    return load_settings(None)


@pytest.fixture(scope="session")
def recognizer(settings: Settings) -> Iterator[Recognizer]:
    """The real Whisper."""
    yield Recognizer(model_path(settings.transcribe.model), settings.transcribe)


@pytest.fixture(scope="session")
def voice(settings: Settings) -> Iterator[Voice]:
    """The real Piper."""
    yield Voice(model_path(settings.speak.voice), settings.speak)
