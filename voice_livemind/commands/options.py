"""Options that several commands share."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voice_livemind.config import Settings, load_settings


def add_config(parser: argparse.ArgumentParser) -> None:
    """``--config`` and ``--set``."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file laid over the default configuration")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="one setting, say speak.rate=1.2 (repeatable)"
    )


def settings_of(args: argparse.Namespace, defaults: Mapping[str, Any] | None = None) -> Settings:
    """The settings that ``add_config``'s options ask for, over the ``defaults`` of ``load_settings``. Raises
    UserError."""
    return load_settings(args.config, args.set, defaults)


def whole_number(text: str) -> int:
    """For ``type=``: a whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number from 0 on")
    return int(text)
