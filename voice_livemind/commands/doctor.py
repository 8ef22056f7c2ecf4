"""``voice-livemind doctor``: what is missing on this machine, and the command that mends it."""

import argparse
import asyncio
import os
from pathlib import Path

import ctranslate2
from rich.console import Console

from voice_livemind.commands.options import add_config, settings_of
from voice_livemind.config import Settings
from voice_livemind.doctor.devices import devices
from voice_livemind.doctor.echo import advise, measure, play_and_record
from voice_livemind.doctor.finding import Finding, replay_works
from voice_livemind.doctor.machine import cores, gpu, memory, python_version
from voice_livemind.doctor.models import roles, weights


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``doctor``."""
    parser.add_argument("--echo", action="store_true", help="play a loud chirp and measure how the microphone hears it")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Report in a line each. The exit status is 1 where `replay` can't work with this configuration."""
    settings = settings_of(args)
    console = Console(highlight=False)
    if args.echo:
        return _echo(settings, console)
    findings = asyncio.run(_examine(settings))
    for finding in findings:
        _say(console, finding)
    return 0 if replay_works(findings) else 1


async def _examine(settings: Settings) -> list[Finding]:
    return [
        python_version(),
        cores(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1),
        memory(settings, _available_gib()),
        gpu(settings, ctranslate2.get_cuda_device_count()),
        *weights(settings),
        *await roles(settings),
        *await devices(settings),
    ]


def _echo(settings: Settings, console: Console) -> int:
    console.print("a chirp is played …")
    heard = asyncio.run(play_and_record(settings))
    echo = measure(heard)
    if echo is not None:
        console.print(f"level, loudspeaker to microphone: {echo.level_db:.1f} dB")
        console.print(f"delay: {echo.delay_s * 1000:.0f} ms")
    else:
        console.print("the chirp was not heard")
    advice = advise(heard, echo)
    console.print(f'{advice.why} (echo.mode = "{advice.mode}")', markup=False, soft_wrap=True)
    return 0


def _say(console: Console, finding: Finding) -> None:
    sign = "[green]✓[/green]" if finding.good else "[red]✗[/red]" if finding.needed else "[yellow]✗[/yellow]"
    console.print(f"{sign} {finding.what}: ", end="")
    console.print(finding.detail, markup=False, soft_wrap=True)


def _available_gib() -> float:
    """Memory that programs can still have; all of it where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) / 2**20
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
