"""The command line. Exit status: 0 done, 1 failed, 2 wrong use or wrong input, 130 interrupted."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from voice_livemind import __version__
from voice_livemind.commands import models, replay, serve
from voice_livemind.errors import Failure, UserError


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see {self.prog} --help)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status."""
    # Weights are pulled beforehand: at run time no library is to look for anything on the network.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    parser = _Parser(prog="voice-livemind", description="A voice assistant that thinks while you are still talking.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (replay, serve, models):
        command.add_parser(commands)
    try:
        args = parser.parse_args(arguments)
        status: int = args.run(args)
        sys.stdout.flush()
    except UserError as error:
        return _say(error, 2)
    except Failure as error:
        return _say(error, 1)
    except KeyboardInterrupt:
        return _say("interrupted", 130)
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain once more when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _say(message: object, status: int) -> int:
    print(f"voice-livemind: {message}", file=sys.stderr)
    return status
