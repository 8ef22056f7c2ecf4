"""``voice-livemind replay``: a recording goes through exactly the path that a microphone takes."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from voice_livemind import clock
from voice_livemind.commands.options import add_config, settings_of
from voice_livemind.config import Settings
from voice_livemind.conversation import Conversation
from voice_livemind.errors import UserError
from voice_livemind.hear.frames import RATE_HZ, Samples, as_float
from voice_livemind.hear.recording import play_frames, read_recording
from voice_livemind.hear.vad import VoiceActivity
from voice_livemind.modes import DEFAULT_MODE, MODES, Mode
from voice_livemind.play.track import Track
from voice_livemind.record.files import require_folder, write_record
from voice_livemind.record.session import Session, is_session, read_session
from voice_livemind.record.summary import print_summary
from voice_livemind.sound import Sound
from voice_livemind.stations import Stations, stations_ready
from voice_livemind.steering import steered
from voice_livemind.surroundings import Surroundings
from voice_livemind.view.controls import Controls
from voice_livemind.view.lines import LiveLines
from voice_livemind.warm_up import warm_up


@dataclass(frozen=True)
class _Recording:
    path: Path
    samples: Samples
    session: Session | None = None
    """What the keys did in it, where it is one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``replay``."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="WAV, FLAC or OGG, or a session that `talk --record` kept (a folder)",
    )
    parser.add_argument("--mode", choices=MODES, help=f"what runs when (default {DEFAULT_MODE}, or the session's)")
    parser.add_argument("--answerer", choices=["thinker", "speaker"], help="which model answers (default: the mode's)")
    parser.add_argument(
        "--speed", choices=["1", "max"], default="1", help="1: in real time, times are honest; max: no waiting"
    )
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="for the results (default out)")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Replay every file, each as a conversation of its own."""
    folder = next((path for path in args.files if is_session(path)), None)
    if folder is not None and len(args.files) > 1:
        raise UserError(f"{folder}: a session brings its own settings: replay it alone")
    session = read_session(folder) if folder is not None else None
    settings = settings_of(args, session.settings if session is not None else None)
    mode = MODES[args.mode or (session.mode if session is not None else DEFAULT_MODE)]
    if args.answerer:
        mode = replace(mode, answerer=args.answerer)
    if session is not None:
        recordings = [_Recording(args.files[0], session.heard(settings.echo), session)]
    else:
        recordings = [_Recording(path, read_recording(path)) for path in args.files]
    names = [recording.path.stem for recording in recordings]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"two files are named {name}: their results would have the same names; replay them apart")
    require_folder(args.out)
    clock.run(_replay(settings, mode, recordings, args.out), "stepped" if args.speed == "max" else "real")
    return 0


async def _replay(settings: Settings, mode: Mode, recordings: list[_Recording], out: Path) -> None:
    console = Console(highlight=False)
    status = console.status("loading the models …")
    status.start()
    try:
        async with stations_ready(settings, console.print) as stations:
            await warm_up(mode, stations)
            status.stop()
            for recording in recordings:
                await _converse(settings, mode, stations, recording, out, console)
    finally:
        status.stop()


async def _converse(
    settings: Settings, mode: Mode, stations: Stations, recording: _Recording, out: Path, console: Console
) -> None:
    console.print(f"[bold]{escape(recording.path.name)}[/bold]  mode {mode.name}")
    now = clock.Clock()
    track = Track(now, stations.voice_rate_hz)
    around = Surroundings(settings, mode, stations, now, track, LiveLines(console, now))
    conversation = Conversation(around, VoiceActivity(settings.hear).speech)
    seconds = len(recording.samples) / RATE_HZ
    frames = play_frames(recording.samples, now)
    if recording.session is not None:
        controls = Controls()
        frames = steered(recording.session.steer(frames, controls), controls, conversation)
    await conversation.listen(frames, seconds)
    question = Sound(as_float(recording.samples), RATE_HZ)
    written = write_record(out, recording.path.stem, conversation.records, question, track.sound(seconds))
    print_summary(console, conversation.records)
    for path in written:
        console.print(f"  {escape(str(path))}")
