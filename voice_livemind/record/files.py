"""The three files that a replay leaves: all of them, or none."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import soundfile

from voice_livemind.errors import Failure, UserError
from voice_livemind.record.turn import TurnRecord
from voice_livemind.sound import Sound
from voice_livemind.timeline.picture import draw_timeline


def require_folder(folder: Path) -> None:
    """Make the folder for results, and see that files can be written into it. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
    except (FileExistsError, NotADirectoryError):
        raise UserError(f"--out {folder}: not a folder") from None
    except OSError as error:
        raise UserError(f"--out {folder}: {error.strerror or error}") from None


def write_record(folder: Path, name: str, turns: Sequence[TurnRecord], question: Sound, reply: Sound) -> list[Path]:
    """Write NAME.reply.wav, NAME.turns.jsonl and NAME.timeline.svg; return their paths.

    Nothing is left behind where one of them can't be written. Raises Failure.
    """

    def write_reply(path: Path) -> None:
        soundfile.write(path, reply.samples, reply.rate_hz, subtype="PCM_16", format="WAV")

    def write_turns(path: Path) -> None:
        path.write_text("".join(turn.as_json() + "\n" for turn in turns), encoding="utf-8")

    def write_timeline(path: Path) -> None:
        path.write_text(draw_timeline(turns, question, reply, name), encoding="utf-8")

    writers: dict[str, Callable[[Path], None]] = {
        f"{name}.reply.wav": write_reply,
        f"{name}.turns.jsonl": write_turns,
        f"{name}.timeline.svg": write_timeline,
    }
    parts = {folder / f".{file}.{os.getpid()}.part": folder / file for file in writers}
    try:
        for part, write in zip(parts, writers.values(), strict=True):
            write(part)
        for part, path in parts.items():
            part.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise Failure(f"the results of {name} could not be written into {folder}: {error}") from None
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return list(parts.values())
