"""The command line. Exit status: 0 done, 1 failed, 2 wrong use or wrong input, 130 interrupted."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from voice_livemind import __version__
from voice_livemind.errors import Failure, UserError

_COMMANDS = {
    "talk": "answer what is said into the microphone, aloud, until Ctrl-C",
    "kiosk": "answer visitors, as a service that nobody attends to",
    "replay": "answer recordings as if they were spoken into a microphone",
    "serve": "start the configured model servers and keep them up until Ctrl-C",
    "bench": "measure: end-of-turn policies on recordings, modes on questions",
    "models": "model weights: list, pull, verify",
    "doctor": "what is missing on this machine, and the command that mends it; the echo",
    "devices": "what can be heard and played on, and what the configuration chooses",
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see {self.prog} --help)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        args = _parser(given).parse_args(given)
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


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """All commands by name, and the given one with its options: loading only its module starts twice as fast."""
    parser = _Parser(prog="voice-livemind", description="A voice assistant that thinks while you are still talking.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, purpose in _COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
        if name in given[:1]:
            if name != "models":
                # Weights are pulled beforehand: at run time no library is to look for anything on the network.
                os.environ.setdefault("HF_HUB_OFFLINE", "1")
            module = import_module(f"voice_livemind.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def _say(message: object, status: int) -> int:
    print(f"voice-livemind: {message}", file=sys.stderr)
    return status
