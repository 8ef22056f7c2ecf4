"""Weights that are made on this machine from others: brought into another form by a program of `weights.forms`."""

import shutil
from pathlib import Path

from voice_livemind.weights.cache import sha256_of
from voice_livemind.weights.catalogue import Model
from voice_livemind.weights.child import Child, bytes_in
from voice_livemind.weights.progress import Report

_LOOK_EVERY_S = 0.2


def make(model: Model, source: Path, staging: Path, report: Report) -> dict[str, str]:
    """Leaves the model's files, made from the file `source`, in `staging/files`; returns the SHA-256 of each by name.

    Making takes seconds, so what an interrupted run has left is begun anew. Raises Failure where it can't be made.
    """
    ready = staging / "files"
    shutil.rmtree(ready, ignore_errors=True)
    ready.mkdir(parents=True)
    program = f"voice_livemind.weights.forms.{model.form}"
    child = Child(["-m", program, str(source), str(ready)], staging / "temporary", {})
    try:
        while not child.is_over(_LOOK_EVERY_S):
            report(bytes_in(ready))
    finally:
        child.stop()
    return {file.name: sha256_of(ready / file.name) for file in model.files}
