"""Sentences that need no model: recorded by ``scripts/make-prepared`` with the assistant's own voice."""

from pathlib import Path
from typing import Literal, TypeAlias

import soundfile
import soxr

from voice_livemind.sound import Sound
from voice_livemind.surroundings import Prepared

Name: TypeAlias = Literal["greeting", "help", "one_moment", "sorry", "out_of_order", "goodbye"]

TEXTS: dict[Name, str] = {
    "greeting": "Hello!",
    "help": "Hello! What can I do for you?",
    "one_moment": "One moment, please.",
    "sorry": "Sorry, I can't answer that just now.",
    "out_of_order": "I am out of order just now. Please try again later.",
    "goodbye": "Goodbye!",
}
FOLDER = Path(__file__).parent / "sentences"


def prepared(name: Name, rate_hz: int) -> Prepared:
    """That sentence, to be played at ``rate_hz``."""
    samples, own_rate_hz = soundfile.read(FOLDER / f"{name}.ogg", dtype="float32")
    return Prepared(TEXTS[name], Sound(soxr.resample(samples, own_rate_hz, rate_hz), rate_hz))
