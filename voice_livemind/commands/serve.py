"""``voice-livemind serve``: keeps the configured model servers up, so that the other commands start at once."""

import argparse
import asyncio

from rich.console import Console

from voice_livemind import clock
from voice_livemind.commands.options import add_config, settings_of
from voice_livemind.config import Settings
from voice_livemind.errors import UserError
from voice_livemind.serving.servers import models_served
from voice_livemind.weights.cache import model_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``serve``."""
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    clock.run(_serve(settings_of(args)), "real")
    return 0


async def _serve(settings: Settings) -> None:
    console = Console()
    if settings.thinker.url and settings.speaker.url:
        raise UserError("thinker.url and speaker.url name servers that run already: there is nothing to serve")
    console.print("starting the model servers …")
    async with models_served(settings, model_path, console.print) as urls:
        for role, url in urls.items():
            console.print(f"{role}: {getattr(settings, role).model} at {url}")
        console.print("ready; Ctrl-C ends them")
        await asyncio.Event().wait()
