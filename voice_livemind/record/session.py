"""A conversation that is kept as it goes on, so that ``replay`` can repeat it exactly.

A folder: ``session.json`` (version, mode, settings), ``microphone.flac`` (what the microphone heard, from sample 0,
silent where muted; beside it what was taken for the source of its echo), ``input.flac`` (the same without echo),
``output.wav`` (what was played, on the same clock), ``turns.jsonl`` and ``keys.jsonl``.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from voice_livemind import __version__
from voice_livemind.config import Echo, Settings
from voice_livemind.errors import Failure, UserError
from voice_livemind.hear.echo import EchoCanceller
from voice_livemind.hear.frames import FRAME_SAMPLES, RATE_HZ, Frame, Samples
from voice_livemind.record.turn import TurnRecord
from voice_livemind.steering import Key
from voice_livemind.view.controls import Controls

_ABOUT, _TURNS, _KEYS = "session.json", "turns.jsonl", "keys.jsonl"
_MICROPHONE, _INPUT, _OUTPUT = "microphone.flac", "input.flac", "output.wav"


class SessionWriter:
    """Writes a session, as long as it is open; see ``record_session``. All raise Failure where that can't be done."""

    def __init__(self, place: Path, files: ExitStack) -> None:
        self._place = place
        self._microphone, self._heard, self._played = (
            files.enter_context(soundfile.SoundFile(place / name, "w", RATE_HZ, channels, "PCM_16"))
            for name, channels in ((_MICROPHONE, 2), (_INPUT, 1), (_OUTPUT, 1))
        )
        self._turns, self._keys = (
            files.enter_context((place / name).open("w", encoding="utf-8")) for name in (_TURNS, _KEYS)
        )
        self._written = 0

    def microphone(self, frame: Frame, reference: Samples) -> None:
        """The next frame as the microphone heard it, and the reference with which it is to be cleaned."""
        with _writing(self._place):
            self._microphone.write(np.stack([frame.samples, reference], axis=1))

    def frame(self, heard: Frame, played: Samples) -> None:
        """The next frame, and what was played in the same 20 ms."""
        with _writing(self._place):
            self._heard.write(heard.samples)
            self._played.write(played)

    def key(self, frame_number: int, key: Key) -> None:
        """A key acts from this frame on."""
        with _writing(self._place):
            print(json.dumps({"frame": frame_number, "key": key}), file=self._keys, flush=True)

    def turns(self, records: Sequence[TurnRecord]) -> None:
        """All turns until now; those that are written already are not written again."""
        with _writing(self._place):
            for record in records[self._written :]:
                print(record.as_json(), file=self._turns, flush=True)
        self._written = len(records)


@contextmanager
def record_session(folder: Path, mode: str, settings: Settings) -> Iterator[SessionWriter]:
    """Keep a session in a new folder within ``folder``. Raises UserError if that can't be made, Failure later."""
    place = folder / datetime.now().strftime("session-%Y%m%d-%H%M%S")
    about = {"version": __version__, "mode": mode, "settings": settings.model_dump(mode="json")}
    try:
        place.mkdir(parents=True)
        (place / _ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"--record {folder}: {error.strerror or error}") from None
    files = ExitStack()
    try:
        with _writing(place):
            session = SessionWriter(place, files)
        yield session
    finally:
        with _writing(place):
            files.close()


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, soundfile.LibsndfileError) as error:
        raise Failure(f"the session could not be recorded in {place}: {error}") from None


@dataclass(frozen=True)
class Session:
    """One that was kept."""

    mode: str
    settings: dict[str, Any]
    """The whole tree."""
    microphone: Samples
    """Shape (samples, 2): as it was heard, and the reference of its echo."""
    keys: Sequence[tuple[int, Key]]
    """From which frame on each key acted."""

    def heard(self, settings: Echo) -> Samples:
        """What was heard, with the echo taken out in this way."""
        canceller = EchoCanceller(settings)
        whole = self.microphone[: len(self.microphone) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES, 2)
        frames = [canceller.clean(Frame(n, both[:, 0]), both[:, 1]).samples for n, both in enumerate(whole)]
        return np.concatenate([np.zeros(0, np.int16), *frames])

    async def steer(self, frames: AsyncIterator[Frame], controls: Controls) -> AsyncIterator[Frame]:
        """The frames, with the keys pressed as they were then."""
        keys = list(self.keys)
        async for frame in frames:
            while keys and keys[0][0] <= frame.number:
                match keys.pop(0)[1]:
                    case "new conversation":
                        controls.new_conversation.set()
                    case "push":
                        controls.push_to_talk = True
                    case "release":
                        controls.push_to_talk = False
            yield frame


def is_session(path: Path) -> bool:
    """Whether a session was kept there."""
    return (path / _ABOUT).is_file()


def read_session(folder: Path) -> Session:
    """Read what ``record_session`` kept in ``folder``. Raises UserError."""
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        microphone, _ = soundfile.read(folder / _MICROPHONE, dtype="int16")
        keys = [json.loads(line) for line in (folder / _KEYS).read_text(encoding="utf-8").splitlines()]
        return Session(about["mode"], about["settings"], microphone, [(key["frame"], key["key"]) for key in keys])
    except (OSError, soundfile.LibsndfileError, ValueError, KeyError) as error:
        raise UserError(f"{folder}: not a session that `talk --record` has kept ({error})") from None
