"""``voice-livemind bench fleet``: many kiosks at one cluster, with and without shedding."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from voice_livemind import clock
from voice_livemind.bench.fleet import GAP_S, FleetTurn, serve_fleet
from voice_livemind.bench.fleet_plot import draw_fleet
from voice_livemind.bench.fleet_summary import name_of, summarize
from voice_livemind.bench.fleet_table import as_markdown, print_table
from voice_livemind.bench.fleet_visits import Visit, read_visits
from voice_livemind.bench.machine import command
from voice_livemind.bench.results import results_json, write_results
from voice_livemind.bench.spoken_text import as_heard
from voice_livemind.commands.options import add_config, settings_of, whole_number
from voice_livemind.config import Settings
from voice_livemind.errors import Failure, UserError
from voice_livemind.modes import DEFAULT_MODE, MODES
from voice_livemind.record.files import require_folder

PURPOSE = "how many kiosks a cluster carries: first word, notes, shed and wasted work as they grow"
_SHEDDING: dict[str, Sequence[bool]] = {"on": (True,), "off": (False,), "both": (False, True)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``bench fleet``."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="recordings with a manifest.jsonl beside them, whose words and times are used; or JSON lines of questions",
    )
    parser.add_argument("--kiosks", type=_numbers, required=True, metavar="N[,N…]", help="one run for each number")
    parser.add_argument(
        "--url", metavar="URL", help="of the server of both roles (default: those of the configuration)"
    )
    parser.add_argument(
        "--shedding", choices=_SHEDDING, default="both", help="both: one run with and one without (default both)"
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=60, metavar="S", help="visitors come for so long in each run (default 60)"
    )
    parser.add_argument("--mode", choices=MODES, default=DEFAULT_MODE, help=f"what runs when (default {DEFAULT_MODE})")
    parser.add_argument("--seed", type=whole_number, default=1, help="of who comes when (default 1)")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="for the results (default out)")
    add_config(parser)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace) -> int:
    """Run each number of kiosks, and write the results."""
    settings = _settings(args)
    visits = read_visits(args.files)
    require_folder(args.out)
    console = Console(highlight=False)
    turns: list[FleetTurn] = []
    for kiosks in args.kiosks:
        for shedding in _SHEDDING[args.shedding]:
            _run_one(args, settings if shedding else _asking_for_all(settings), kiosks, visits, turns)
            done = summarize(turns, args.seconds).get(name_of(kiosks, shedding))
            if done is None:
                raise Failure(f"{name_of(kiosks, shedding)}: no visitor came in {args.seconds} s: give more --seconds")
            console.print(f"{name_of(kiosks, shedding)}: {done['turns']} turns")
    summary = summarize(turns, args.seconds)
    conditions = (
        f"Visitors come to each kiosk for {args.seconds} s, each {GAP_S:g} s after the last one was answered; mode "
        f"{args.mode}. Their words are known as they are spoken; hearing and voice cost nothing, turns end by the "
        f"policy {settings.turns.policy}."
    )
    files = {
        "results.json": results_json([turn.as_json() for turn in turns], summary),
        "results.md": as_markdown(summary, conditions, command()),
        "fleet.svg": draw_fleet(summary),
    }
    written = write_results(args.out, files)
    print_table(console, summary)
    for path in written:
        console.print(f"  {escape(str(path))}")
    return 0


def _run_one(
    args: argparse.Namespace, settings: Settings, kiosks: int, visits: Sequence[Visit], turns: list[FleetTurn]
) -> None:
    urls = {"thinker": settings.thinker.url, "speaker": settings.speaker.url}
    fleet = serve_fleet(settings, MODES[args.mode], urls, kiosks, args.seconds, visits, args.seed, turns.append)
    clock.run(fleet, "real")


def _settings(args: argparse.Namespace) -> Settings:
    settings = settings_of(args)
    if args.url:
        role = {"url": args.url}
        settings = settings.model_copy(
            update={
                "thinker": settings.thinker.model_copy(update=role),
                "speaker": settings.speaker.model_copy(update=role),
            }
        )
    if not (settings.thinker.url and settings.speaker.url):
        raise UserError("no server to ask: name one with --url, or in the configuration (thinker.url, speaker.url)")
    if args.shedding != "off" and not settings.requests.shed_after_s:
        raise UserError("requests.shed_after_s is 0, so nothing is ever shed: set it, or give --shedding off")
    return as_heard(settings)


def _asking_for_all(settings: Settings) -> Settings:
    return settings.model_copy(update={"requests": settings.requests.model_copy(update={"shed_after_s": 0.0})})


def _numbers(text: str) -> list[int]:
    numbers = list(dict.fromkeys(whole_number(number.strip()) for number in text.split(",")))
    if not all(1 <= number <= 1000 for number in numbers):
        raise argparse.ArgumentTypeError(f"{text}: expected numbers from 1 to 1000, say 1,2,4")
    return numbers


def _seconds(text: str) -> int:
    number = whole_number(text)
    if not 10 <= number <= 3600:
        raise argparse.ArgumentTypeError(f"{text}: expected seconds from 10 to 3600")
    return number
