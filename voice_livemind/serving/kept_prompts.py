"""Prompts that a llama.cpp server has read, kept on disk for servers that are started later.

What is kept is the server's own state after reading. It ends the process when it is given half a state, so a file
counts only under its final name, and only in its full size: ``PROMPT-BYTES.bin``.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import httpx2


class KeptPrompts:
    """Those of one version of the server with the same weights."""

    def __init__(self, folder: Path) -> None:
        """``folder``: the server's own, its ``--prompts``."""
        self._folder = folder

    async def recall(self, client: httpx2.AsyncClient, root: str, messages: Sequence[Mapping[str, object]]) -> bool:
        """Put the prompt into the prefix cache of the server at the URL ``root``; whether it was there to be put.

        Raises httpx2.HTTPError.
        """
        file = next((file for file in self._folder.glob(f"{_name(messages)}-*.bin") if _is_whole(file)), None)
        if file is None:
            return False
        # What is in a slot would be lost: a short request moves it into the server's memory, and says which slot.
        short = (await client.post(f"{root}/completion", json={"prompt": ".", "n_predict": 1})).raise_for_status()
        slot = f"{root}/slots/{short.json()['id_slot']}"
        return (await client.post(f"{slot}?action=restore", json={"filename": file.name})).is_success

    async def keep(self, client: httpx2.AsyncClient, root: str, messages: Sequence[Mapping[str, object]]) -> None:
        """Keep the prompt, which was the last that the server read; a disk that takes no more does no harm.

        Raises httpx2.HTTPError.
        """
        slots = (await client.get(f"{root}/slots")).raise_for_status().json()
        last = max(slots, key=lambda slot: int(slot["id_task"]))["id"]
        half = self._folder / f"{uuid4().hex}.half"
        try:
            saved = await client.post(f"{root}/slots/{last}?action=save", json={"filename": half.name})
            if saved.is_success and half.stat().st_size == saved.json()["n_written"]:
                half.rename(self._folder / f"{_name(messages)}-{half.stat().st_size}.bin")
        except OSError:
            return
        finally:
            half.unlink(missing_ok=True)


def _name(messages: Sequence[Mapping[str, object]]) -> str:
    return hashlib.sha256(json.dumps(messages).encode()).hexdigest()[:32]


def _is_whole(file: Path) -> bool:
    return file.stem.rpartition("-")[2] == str(file.stat().st_size)
