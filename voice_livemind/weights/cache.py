"""The folder in which models lie, and whether they are what the catalogue says."""

import hashlib
import os
from pathlib import Path

from voice_livemind.errors import UserError
from voice_livemind.weights.catalogue import Model, load_catalogue

NOT_PINNED = "present, checked by the hub's own hashes at download; not pinned here"


def cache_root() -> Path:
    """`$XDG_CACHE_HOME/voice-livemind/models`, by default under `~/.cache`; it need not exist yet."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "voice-livemind" / "models"


def folder_of(model: Model) -> Path:
    """Where the model lies once it is pulled."""
    return cache_root() / model.name


def is_missing(model: Model) -> bool:
    """Whether nothing of the model is there."""
    folder = folder_of(model)
    return not folder.is_dir() or not any(folder.iterdir())


def faults(model: Model) -> list[str]:
    """What is wrong with the model's files by name and size, one line each; nothing is read.

    Of a snapshot only the folder is looked at: it gets its name when the download is complete.
    """
    if model.snapshot:
        return [f"{folder_of(model)} is missing"] if is_missing(model) else []
    found = []
    for file in model.files:
        path = folder_of(model) / file.name
        if not path.is_file():
            found.append(f"{file.name} is missing")
        elif (size := path.stat().st_size) != file.bytes:
            found.append(f"{file.name} has {size} bytes instead of {file.bytes}")
    return found


def verify_model(model: Model) -> list[str]:
    """Like `faults`, and every file of the right size is read and its SHA-256 compared."""
    found = faults(model)
    for file in model.files:
        path = folder_of(model) / file.name
        if not path.is_file() or path.stat().st_size != file.bytes:
            continue
        if (digest := sha256_of(path)) != file.sha256:
            found.append(f"{file.name} has SHA-256 {digest} instead of {file.sha256}")
    return found


def unchanged(model: Model) -> bool:
    """Whether the files are, by size and time, those that were read and found right before."""
    try:
        return _checked(model).read_text(encoding="utf-8") == _stamp(model)
    except OSError:
        return False


def note_checked(model: Model) -> None:
    """Remember that the files are right as they are now."""
    _checked(model).write_text(_stamp(model), encoding="utf-8")


def _checked(model: Model) -> Path:
    return cache_root() / f".{model.name}.checked"


def _stamp(model: Model) -> str:
    """What changes when a file does."""
    stats = [(file, (folder_of(model) / file.name).stat()) for file in model.files]
    return "".join(f"{file.sha256} {stat.st_size} {stat.st_mtime_ns}\n" for file, stat in stats)


def model_path(name: str) -> Path:
    """The folder of a pulled model, for run time: no network, and no file is read.

    Raises UserError where the name is unknown, or files are missing or of the wrong size.
    """
    model = load_catalogue().model(name)
    wrong = faults(model)
    if not wrong:
        return folder_of(model)
    state = "missing" if is_missing(model) else f"incomplete ({wrong[0]})"
    raise UserError(f"weights of {name} are {state}: run `voice-livemind models pull {name}`")


def verify(name: str) -> list[str]:
    """What is wrong with a model's files by full SHA-256, one line each; an empty list if all is right.

    Of a snapshot only its presence can be told (`NOT_PINNED`). Raises UserError where the name is unknown.
    """
    return verify_model(load_catalogue().model(name))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
