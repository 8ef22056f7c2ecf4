"""``voice-livemind talk``: from the microphone to the loudspeaker."""

import argparse
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
from rich.console import Console

from voice_livemind import clock
from voice_livemind.commands.options import add_config, settings_of
from voice_livemind.config import Echo, Settings
from voice_livemind.conversation import Conversation
from voice_livemind.hear.echo import LEAD_S, EchoCanceller
from voice_livemind.hear.frames import Frame
from voice_livemind.hear.microphone import open_microphone
from voice_livemind.hear.vad import VoiceActivity
from voice_livemind.modes import DEFAULT_MODE, MODES, Mode
from voice_livemind.play.loudspeaker import Loudspeaker, open_loudspeaker
from voice_livemind.record.session import SessionWriter, record_session
from voice_livemind.record.summary import print_summary
from voice_livemind.stations import stations_ready
from voice_livemind.steering import steered
from voice_livemind.surroundings import DeviceName, Surroundings, View
from voice_livemind.view.controls import Controls
from voice_livemind.view.open import view_open
from voice_livemind.warm_up import warm_up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``talk``."""
    parser.add_argument("--mode", choices=MODES, default=DEFAULT_MODE, help=f"what runs when (default {DEFAULT_MODE})")
    parser.add_argument(
        "--record", type=Path, metavar="DIR", help="keep the session in a new folder in DIR, for replay to repeat"
    )
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Talk until the key for it, or Ctrl-C, ends it."""
    settings = settings_of(args)
    clock.run(_talk(settings, MODES[args.mode], args.record), "real")
    return 0


async def _talk(settings: Settings, mode: Mode, record: Path | None) -> None:
    console = Console(highlight=False)
    devices = _Devices(console)
    async with AsyncExitStack() as stack:
        # What can fail at once comes before the models, which take a while.
        microphone = await stack.enter_async_context(open_microphone(settings.microphone, devices.told("microphone")))
        session = stack.enter_context(record_session(record, mode.name, settings)) if record else None
        with console.status("loading the models …"):
            stations = await stack.enter_async_context(stations_ready(settings, console.print))
            await warm_up(mode, stations)
        now, controls = clock.Clock(), Controls()
        loudspeaker = await stack.enter_async_context(
            open_loudspeaker(settings.loudspeaker, now, stations.voice_rate_hz, devices.told("loudspeaker"))
        )
        console.print("listening; Ctrl-C ends it")
        devices.view = view = await stack.enter_async_context(view_open(controls, mode.name, console, now))
        around = Surroundings(settings, mode, stations, now, loudspeaker, view)
        conversation = Conversation(around, VoiceActivity(settings.hear).speech)
        frames = _without_echo(_unmuted(microphone.frames(now), controls), loudspeaker, settings.echo, session)
        if session is None:
            await conversation.listen(steered(frames, controls, conversation), math.inf)
        else:
            keyed = steered(frames, controls, conversation, session.key)
            try:
                await conversation.listen(_kept(keyed, loudspeaker, conversation, session), math.inf)
            finally:
                session.turns(conversation.records)
    print_summary(console, conversation.records)


async def _unmuted(frames: AsyncIterator[Frame], controls: Controls) -> AsyncIterator[Frame]:
    """Silence where the microphone is muted."""
    async for frame in frames:
        yield frame if controls.hears else frame._replace(samples=np.zeros_like(frame.samples))


async def _without_echo(
    frames: AsyncIterator[Frame], loudspeaker: Loudspeaker, settings: Echo, session: SessionWriter | None
) -> AsyncIterator[Frame]:
    """What is played is taken out of what is heard."""
    canceller = EchoCanceller(settings)
    async for frame in frames:
        reference = loudspeaker.reference(frame.start_s + LEAD_S, frame.end_s + LEAD_S)
        if session is not None:
            session.microphone(frame, reference)
        yield canceller.clean(frame, reference)


async def _kept(
    frames: AsyncIterator[Frame], loudspeaker: Loudspeaker, conversation: Conversation, session: SessionWriter
) -> AsyncIterator[Frame]:
    async for frame in frames:
        session.frame(frame, loudspeaker.reference(frame.start_s, frame.end_s))
        session.turns(conversation.records)
        yield frame


class _Devices:
    """Hands on what happens to the devices: to the view, once there is one."""

    def __init__(self, console: Console) -> None:
        self.view: View | None = None
        self._console = console

    def told(self, name: DeviceName) -> Callable[[str, bool], None]:
        """For the device of that name."""

        def tell(message: str, working: bool) -> None:
            if self.view is not None:
                self.view.device(name, message, working)
            else:
                self._console.print(f"{name}: {message}", markup=False)

        return tell
