"""``voice-livemind devices``: what can be heard and played on."""

import argparse
import asyncio

from rich.console import Console
from rich.table import Table

from voice_livemind.commands.options import add_config, settings_of
from voice_livemind.devices.choice import Kind, choose
from voice_livemind.devices.process import list_devices
from voice_livemind.errors import UserError

_KINDS: tuple[Kind, ...] = ("microphone", "loudspeaker")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``devices``."""
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """List them all; name those that the configuration chooses. The exit status is 1 where one is missing."""
    settings = settings_of(args)
    devices = asyncio.run(list_devices())
    console = Console(highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in ("index", "name", "by", "inputs", "outputs", "rate"):
        table.add_column(column, justify="left" if column in ("name", "by") else "right")
    for device in devices:
        cells = (device.index, device.name, device.system, device.inputs, device.outputs, f"{device.rate_hz} Hz")
        table.add_row(*map(str, cells))
    if devices:
        console.print(table)
    status = 0
    for kind in _KINDS:
        wanted = settings.microphone.device if kind == "microphone" else settings.loudspeaker.device
        try:
            device = choose(devices, kind, wanted)
            console.print(f"{kind}: {device.index} {device.name}", markup=False)
        except UserError as error:
            status = 1
            console.print(f"{kind}: {error}", markup=False, soft_wrap=True)
    return status
