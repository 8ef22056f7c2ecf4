"""Weights from the Hugging Face hub, or the mirror of it that the user's environment names."""

import shutil
from pathlib import Path
from threading import Thread

import httpx2
from huggingface_hub import constants

from voice_livemind.weights.cache import sha256_of
from voice_livemind.weights.catalogue import Model
from voice_livemind.weights.child import Child, bytes_in
from voice_livemind.weights.progress import Report

_PROBE_S = 4.0
_LOOK_EVERY_S = 0.2
_REFUSED_BY_PROXY = (403, 407)

# In a process of its own, since a thread of huggingface_hub cannot be stopped; it resumes what an earlier one left.
_SNAPSHOT = """
import sys
from huggingface_hub import snapshot_download
repo, folder, *files = sys.argv[1:]
snapshot_download(repo, local_dir=folder, allow_patterns=files or None)
"""


def answers() -> bool:
    """Whether the hub can be reached; says so within a few seconds, without retries."""
    if constants.HF_HUB_OFFLINE:
        return False
    answer: list[bool] = []

    def probe() -> None:
        try:
            status = httpx2.head(constants.ENDPOINT, timeout=_PROBE_S).status_code
        except httpx2.HTTPError:
            return
        answer.append(status < 500 and status not in _REFUSED_BY_PROXY)

    # A thread, since no timeout of a client covers the name server.
    thread = Thread(target=probe, daemon=True)
    thread.start()
    thread.join(_PROBE_S)
    return any(answer)


def fetch(model: Model, staging: Path, report: Report) -> dict[str, str]:
    """Leaves the model's files in `staging/files` and returns the SHA-256 of each pinned one by name.

    Raises Failure where the hub does not give them.
    """
    assert model.hub is not None
    downloaded, ready = staging / "download", staging / "files"
    # What the user's environment said when the program began: since then the command line has taken all libraries
    # offline, so that none looks for weights behind its back, but here the network is what is asked for.
    environment = {"HF_HUB_OFFLINE": "1" if constants.HF_HUB_OFFLINE else "0"}
    wanted = [file.path_on_hub for file in model.files]
    download = Child(["-c", _SNAPSHOT, model.hub, str(downloaded), *wanted], staging / "temporary", environment)
    try:
        while not download.is_over(_LOOK_EVERY_S):
            report(bytes_in(downloaded))
    finally:
        download.stop()
    shutil.rmtree(ready, ignore_errors=True)
    if model.snapshot:
        shutil.rmtree(downloaded / ".cache", ignore_errors=True)
        downloaded.rename(ready)
        return {}
    ready.mkdir()
    for file in model.files:
        (downloaded / file.path_on_hub).rename(ready / file.name)
    return {file.name: sha256_of(ready / file.name) for file in model.files}
