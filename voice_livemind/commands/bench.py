"""``voice-livemind bench``: what the assistant does with recordings and questions, in figures."""

import argparse
import math
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from voice_livemind import clock
from voice_livemind.bench.conditions import Changes, Recording, read_recordings, silence
from voice_livemind.bench.hearing import Run
from voice_livemind.bench.hearing_plot import draw_hearing
from voice_livemind.bench.hearing_runs import listen_to_all, summaries
from voice_livemind.bench.hearing_table import as_markdown, print_table
from voice_livemind.bench.labels import read_labels, require_distinct
from voice_livemind.bench.listening import make_listener
from voice_livemind.bench.machine import command
from voice_livemind.bench.no_speech import without_speech
from voice_livemind.bench.reference import full_window_ready
from voice_livemind.bench.results import results_json, write_results
from voice_livemind.commands import bench_fleet, bench_questions
from voice_livemind.commands.bench_progress import progress
from voice_livemind.commands.options import add_config, settings_of, whole_number
from voice_livemind.config import Settings
from voice_livemind.errors import UserError
from voice_livemind.hear.frames import Samples
from voice_livemind.hear.recording import read_recording
from voice_livemind.record.files import require_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The kinds of bench, each with its options."""
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    purpose = "when turns are committed and what is understood, on recordings, on the sample clock"
    hearing = kinds.add_parser("hearing", help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
    _hearing_arguments(hearing)
    hearing.set_defaults(bench=_hearing)
    purpose = bench_questions.PURPOSE
    questions = kinds.add_parser("questions", help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
    bench_questions.add_arguments(questions)
    purpose = bench_fleet.PURPOSE
    fleet = kinds.add_parser("fleet", help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
    bench_fleet.add_arguments(fleet)


def run(args: argparse.Namespace) -> int:
    """Run the bench that was chosen."""
    bench: Callable[[argparse.Namespace], int] = args.bench
    return bench(args)


def _hearing_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="WAV, FLAC or OGG; without label: no speech"
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="JSON lines: file, and slots (words to be heard) or text, and speech",
    )
    parser.add_argument(
        "--policy", action="append", metavar="NAME", help="default, fixed-500ms, fixed-800ms, … (repeatable)"
    )
    parser.add_argument(
        "--nobody",
        type=_minutes,
        metavar="MINUTES",
        help="as well, so many minutes each of silence, music, claps and coughs (synthesised) and of --noise",
    )
    parser.add_argument("--append", metavar="FILE", help="4 s of it after each recording; `silence` for silence")
    parser.add_argument("--noise", type=Path, metavar="FILE", help="mixed in at --snr")
    parser.add_argument(
        "--snr", action="append", type=_decibels, metavar="DB", help="speech above the noise (repeatable)"
    )
    parser.add_argument("--hesitate", type=_seconds, metavar="SECONDS", help="of room tone spliced into the speech")
    parser.add_argument(
        "--seed", type=whole_number, default=1, help="of where it is spliced and which noise (default 1)"
    )
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="for the results (default out)")
    add_config(parser)


def _hearing(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    require_distinct(args.files)
    labels = read_labels(args.labels) if args.labels else {}
    if (args.noise is None) != (args.snr is None) and (args.files or args.snr):
        raise UserError("--noise and --snr go together: which noise, and how far below the speech")
    if not args.files and args.nobody is None:
        raise UserError("nothing to listen to: name recordings, or --nobody MINUTES")
    noise = read_recording(args.noise) if args.noise else None
    changes = Changes(args.hesitate, _appended(args.append), noise, args.seed)
    recordings = read_recordings(args.files, labels)
    if args.nobody is not None:
        recordings += without_speech(60 * args.nobody, args.seed, noise)
    policies = list(dict.fromkeys(args.policy or ["default"]))
    snrs_db: list[float | None] = [*dict.fromkeys(args.snr)] if args.snr else [None]
    require_folder(args.out)
    console = Console(highlight=False)
    if labels and not any(recording.label for recording in recordings):
        raise UserError(f"--labels {args.labels}: it has none of the files")
    runs = clock.run(_listen(settings, recordings, policies, changes, snrs_db, console), "stepped")
    summary = summaries(runs, snrs_db)
    files = {
        "results.json": results_json([one.as_json() for one in runs], summary),
        "results.md": as_markdown(summary, command()),
        "hearing.svg": draw_hearing(summary),
    }
    written = write_results(args.out, files)
    print_table(console, summary)
    for path in written:
        console.print(f"  {escape(str(path))}")
    return 0


async def _listen(
    settings: Settings,
    recordings: list[Recording],
    policies: list[str],
    changes: Changes,
    snrs_db: list[float | None],
    console: Console,
) -> list[Run]:
    wanted = any(recording.label and recording.label.wanted for recording in recordings)
    async with AsyncExitStack() as stack:
        with console.status("loading the models …"):
            listener = await stack.enter_async_context(make_listener(settings))
            whole = await stack.enter_async_context(full_window_ready(settings.transcribe)) if wanted else None
        with progress(console, len(policies) * len(recordings) * len(snrs_db)) as advance:
            return await listen_to_all(listener, recordings, policies, changes, snrs_db, whole, advance)


def _appended(given: str | None) -> Samples | None:
    if given is None:
        return None
    return silence() if given == "silence" else read_recording(Path(given))


def _decibels(text: str) -> float:
    return _number(text, -60, 100)


def _seconds(text: str) -> float:
    return _number(text, 0.05, 60)


def _minutes(text: str) -> float:
    return _number(text, 0.1, 60)


def _number(text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text}: expected a number from {least:g} to {most:g}")
    return value
