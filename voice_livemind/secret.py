"""Secrets: from an environment variable or from a file that nobody else may read, never from the configuration."""

import os
import stat
from pathlib import Path

from voice_livemind.errors import UserError


def read_secret(env: str, file: str, where: str) -> str | None:
    """What the environment variable ``env`` holds, or the ``file``; ``None`` where neither is named.

    ``where``: the settings, say ``thinker.api_key``. Raises UserError: both are named, nothing is in it, or others
    may read the file.
    """
    if env and file:
        raise UserError(f"{where}_env and {where}_file are both set: keep one of them")
    if env:
        secret = os.environ.get(env, "").strip()
        if not secret:
            raise UserError(f"{where}_env: the environment variable {env} is empty or not set")
        return secret
    return _from_file(Path(file).expanduser(), f"{where}_file") if file else None


def _from_file(path: Path, where: str) -> str:
    try:
        mode = path.stat().st_mode
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{where}: {path}: {getattr(error, 'strerror', None) or 'not a text file'}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UserError(f"{where}: {path}: others may read it: run chmod 600 {path}")
    if not secret or not secret.isascii() or not secret.isprintable():
        raise UserError(f"{where}: {path}: expected one line of plain characters in it")
    return secret
