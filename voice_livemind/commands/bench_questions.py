"""``voice-livemind bench questions``: the modes against each other, on questions with known answers."""

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.markup import escape

from voice_livemind import clock
from voice_livemind.bench.machine import command
from voice_livemind.bench.question_asking import Todo, ask_all, still_to_ask
from voice_livemind.bench.question_plots import draw_questions
from voice_livemind.bench.question_store import QuestionStore
from voice_livemind.bench.question_summary import summarize
from voice_livemind.bench.question_table import as_markdown, print_table
from voice_livemind.bench.questions import draw, read_questions
from voice_livemind.bench.results import results_json, write_results
from voice_livemind.bench.spoken_text import CHARACTERS_A_SECOND, as_heard
from voice_livemind.bench.utterances import Utter, as_speech, as_text
from voice_livemind.commands.bench_progress import progress
from voice_livemind.commands.options import add_config, settings_of, whole_number
from voice_livemind.config import Settings
from voice_livemind.errors import UserError
from voice_livemind.modes import MODES, Answerer, Mode
from voice_livemind.record.files import require_folder
from voice_livemind.stations import stations_ready

PURPOSE = "how soon and how rightly each mode answers questions with known answers"
_ANSWERERS: tuple[Answerer, ...] = get_args(Answerer)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``bench questions``."""
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="JSON lines: id, question, answer, and options where there are any"
    )
    parser.add_argument(
        "--modes",
        type=_names,
        default=list(MODES),
        metavar="M,M,…",
        help=f"of {', '.join(MODES)} (default: all); a mode may name its answerer, as direct:thinker",
    )
    parser.add_argument("--answerer", choices=_ANSWERERS, help="which model answers (default: the mode's)")
    parser.add_argument(
        "--spoken", action="store_true", help="by espeak-ng's voice and in real time; otherwise fed as text"
    )
    parser.add_argument("--limit", type=_count, metavar="N", help="questions, drawn evenly over their lengths")
    parser.add_argument("--min-sentences", type=whole_number, default=1, metavar="N", help="of a question (default 1)")
    parser.add_argument("--seed", type=whole_number, default=1, help="of which are drawn (default 1)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out"),
        metavar="DIR",
        help="for the results (default out); the same command goes on there where it was interrupted",
    )
    add_config(parser)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace) -> int:
    """Ask what has not been asked yet, and write the results."""
    settings = settings_of(args)
    settings = settings if args.spoken else as_heard(settings)
    modes = {name: _mode(name, args.answerer) for name in args.modes}
    questions = [one for one in read_questions(args.file) if len(one.sentences) >= args.min_sentences]
    if not questions:
        raise UserError(f"{args.file}: no question has {args.min_sentences} sentences")
    utter = as_speech(settings) if args.spoken else as_text
    require_folder(args.out)
    store = QuestionStore(args.out, _asked_for(args, settings))
    console = Console(highlight=False)
    todo = still_to_ask(draw(questions, args.limit, args.seed), args.modes, store)
    if store.runs:
        console.print(f"going on after {len(store.runs)} runs; {len(todo)} are to be done")
    if todo:
        clock.run(_ask(todo, modes, settings, utter, store, console), "real" if args.spoken else "skipping")
    _write(args.out, store, args.modes, _conditions(args.spoken, settings), console)
    return 0


async def _ask(
    todo: Todo, modes: dict[str, Mode], settings: Settings, utter: Utter, store: QuestionStore, console: Console
) -> None:
    status = console.status("loading the models …")
    status.start()
    try:
        async with stations_ready(settings, console.print) as stations:
            status.stop()
            with progress(console, len(todo)) as advance:
                await ask_all(todo, modes, settings, stations, utter, store, advance)
    finally:
        status.stop()


def _write(folder: Path, store: QuestionStore, modes: list[str], conditions: str, console: Console) -> None:
    runs = sorted(store.runs, key=lambda run: modes.index(run.mode))
    summary = summarize(runs)
    files = {
        "results.json": results_json([run.as_json() for run in runs], summary),
        "results.md": as_markdown(summary, conditions, command()),
        **draw_questions(runs, summary),
    }
    written = write_results(folder, files)
    print_table(console, summary)
    for path in written:
        console.print(f"  {escape(str(path))}")


def _asked_for(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """All that decides what the runs are."""
    return {
        "questions": hashlib.sha256(args.file.read_bytes()).hexdigest(),
        "modes": args.modes,
        "answerer": args.answerer,
        "spoken": args.spoken,
        "limit": args.limit,
        "min_sentences": args.min_sentences,
        "seed": args.seed,
        "settings": settings.model_dump(mode="json"),
    }


def _conditions(spoken: bool, settings: Settings) -> str:
    if spoken:
        return f"Spoken by espeak-ng, in real time; turns end by the policy {settings.turns.policy}."
    return (
        f"Fed as text, {CHARACTERS_A_SECOND:g} characters a second with a pause after each sentence, heard without "
        f"errors and at no cost; turns end by the policy {settings.turns.policy} in all modes. Time in which nothing "
        "computes is leapt over."
    )


def _mode(name: str, answerer: Answerer | None) -> Mode:
    base, _, own = name.partition(":")
    chosen = next((role for role in _ANSWERERS if role == own), answerer)
    return replace(MODES[base], answerer=chosen) if chosen else MODES[base]


def _names(text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        base, colon, own = name.partition(":")
        if base not in MODES or (colon and own not in _ANSWERERS):
            raise argparse.ArgumentTypeError(f"{name}: not a mode; there are {', '.join(MODES)}, and direct:thinker")
    return names


def _count(text: str) -> int:
    number = whole_number(text)
    if not number:
        raise argparse.ArgumentTypeError("expected at least one")
    return number
