"""Weights that are to run unattended are what the catalogue says, byte for byte."""

from collections.abc import Iterable
from contextlib import suppress

from voice_livemind.errors import UserError
from voice_livemind.weights.cache import note_checked, unchanged, verify_model
from voice_livemind.weights.catalogue import load_catalogue


def require_right(names: Iterable[str]) -> None:
    """Compare the SHA-256 of every file of these models; at once where size and time are those of an earlier check.

    Blocks for seconds. Raises UserError for an unknown name, and for the first model with a wrong or missing file.
    """
    catalogue = load_catalogue()
    for name in names:
        model = catalogue.model(name)
        if unchanged(model):
            continue
        if wrong := verify_model(model):
            raise UserError(f"weights of {name}: {wrong[0]}: run `voice-livemind models pull {name}`")
        # The folder may be another user's: then they are read again at the next start.
        with suppress(OSError):
            note_checked(model)
