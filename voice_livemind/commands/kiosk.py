"""``voice-livemind kiosk``: a service that nobody attends to."""

import argparse
import faulthandler

from voice_livemind import clock
from voice_livemind.commands.options import add_config, settings_of
from voice_livemind.config import packaged_config
from voice_livemind.kiosk.journal import log_to_journal
from voice_livemind.kiosk.service import serve_visitors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``kiosk``."""
    add_config(parser)
    parser.set_defaults(config=packaged_config("kiosk.toml"))


def run(args: argparse.Namespace) -> int:
    """Serve visitors until SIGTERM, or Ctrl-C, ends it."""
    settings = settings_of(args)
    # Where it is ended by force, the log says what it was doing.
    faulthandler.enable()
    log_to_journal()
    clock.run(serve_visitors(settings), "real")
    return 0
