"""The kiosk: its devices are waited for, and then visitors are served until the service is ended, with such models as
answer."""

import asyncio
import logging
import math
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial

from voice_livemind.clock import Clock
from voice_livemind.config import Settings
from voice_livemind.conversation import Conversation
from voice_livemind.health.server import health_served
from voice_livemind.hear.echo import LEAD_S, EchoCanceller
from voice_livemind.hear.frames import Frame
from voice_livemind.hear.microphone import Microphone, open_microphone
from voice_livemind.hear.vad import VoiceActivity
from voice_livemind.kiosk import notify
from voice_livemind.kiosk.attendant import Attendant
from voice_livemind.kiosk.button import Button
from voice_livemind.kiosk.host import KioskHost
from voice_livemind.kiosk.ladder import Rung
from voice_livemind.kiosk.local import local_speaker
from voice_livemind.kiosk.prepared import prepared
from voice_livemind.kiosk.probing import keep_rung
from voice_livemind.kiosk.self_test import keep_testing
from voice_livemind.kiosk.state import KioskState
from voice_livemind.kiosk.transcripts import Transcripts
from voice_livemind.kiosk.views import Views
from voice_livemind.kiosk.visitors import Visitors
from voice_livemind.kiosk.waiting import until_open
from voice_livemind.kiosk.watchdog import feed_watchdog
from voice_livemind.kiosk.work import Work, watched
from voice_livemind.modes import DEFAULT_MODE, MODES
from voice_livemind.play.loudspeaker import Loudspeaker, open_loudspeaker
from voice_livemind.serving.chat import ChatModel
from voice_livemind.speak.voice import rate_of
from voice_livemind.stations import Stations, stations_ready
from voice_livemind.surroundings import DeviceName, Surroundings, View
from voice_livemind.weights.cache import model_path
from voice_livemind.weights.check import require_right

log = logging.getLogger("voice_livemind.kiosk")


async def serve_visitors(settings: Settings) -> None:
    """Until SIGTERM.

    Raises UserError for what waiting does not mend: wrong weights, an address in use; Failure where a part breaks.
    """
    kiosk = Kiosk(settings)
    serving = asyncio.create_task(kiosk.run())
    ended = asyncio.Event()

    def end() -> None:
        # Only once: the second cancellation would break off the cleaning up.
        if not ended.is_set():
            ended.set()
            notify.stopping()
            serving.cancel()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, end)
    loop.add_signal_handler(signal.SIGUSR1, kiosk.button.press)
    loop.add_signal_handler(signal.SIGUSR2, kiosk.transcripts.off)
    try:
        await serving
    except asyncio.CancelledError:
        if not ended.is_set():
            raise
    except ExceptionGroup as group:
        raise _first(group) from group
    finally:
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
            loop.remove_signal_handler(number)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """What went wrong; several things seldom do so at once."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


class Kiosk:
    """Owns everything that is shared by the visits."""

    def __init__(self, settings: Settings) -> None:
        """Raises UserError where transcripts are to be kept and can't be."""
        self.button = Button()
        self.transcripts = Transcripts(settings.kiosk.transcripts, settings.kiosk.transcripts_days)
        self._settings = settings
        self._state = KioskState(time.monotonic(), rung=Rung.PREPARED)
        self._page = View()
        self._work = Work()

    async def run(self) -> None:
        """Serve until cancelled. Raises UserError and Failure, alone or in a group."""
        settings, state = self._settings, self._state
        notify.ready()
        async with AsyncExitStack() as stack:
            self._page = await stack.enter_async_context(health_served(settings, state, self.button.press))
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            tasks.create_task(feed_watchdog(state, self._work))
            await asyncio.to_thread(require_right, settings.models)
            now = Clock()
            rate_hz = rate_of(model_path(settings.speak.voice))
            loudspeaker, microphone = await self._devices(stack, now, rate_hz)
            loudspeaker.play(prepared("one_moment", rate_hz).sound)
            stations, local = await self._models(stack)
            tasks.create_task(keep_rung(state, stations, local))
            tasks.create_task(keep_testing(state, stations.recognize, settings))
            log.info("ready")
            await self._serve(stations, local, now, microphone, loudspeaker)

    async def _devices(self, stack: AsyncExitStack, now: Clock, rate_hz: int) -> tuple[Loudspeaker, Microphone]:
        settings, told = self._settings, self._told
        speaks = partial(open_loudspeaker, settings.loudspeaker, now, rate_hz, told("loudspeaker"))
        hears = partial(open_microphone, settings.microphone, told("microphone"))
        loudspeaker = await until_open(stack, self._state, "loudspeaker", speaks)
        told("loudspeaker")("is open", True)
        microphone = await until_open(stack, self._state, "microphone", hears)
        told("microphone")("is open", True)
        return loudspeaker, microphone

    async def _models(self, stack: AsyncExitStack) -> tuple[Stations, ChatModel | None]:
        settings = self._settings
        # Who comes while a server of our own loads its model, or can't, is to hear the prepared sentence.
        stations = await stack.enter_async_context(stations_ready(settings, log.warning, waits=False))
        local = await stack.enter_async_context(local_speaker(settings, log.warning))
        return watched(stations, self._work), local

    async def _serve(
        self, stations: Stations, local: ChatModel | None, now: Clock, microphone: Microphone, loudspeaker: Loudspeaker
    ) -> None:
        settings, state, rate_hz = self._settings, self._state, stations.voice_rate_hz
        visitors = Visitors(settings.kiosk)
        help_ = prepared("help", rate_hz)
        attendant = Attendant(settings.kiosk, state, visitors, self.transcripts, self.button, loudspeaker, help_)
        host = KioskHost(settings.kiosk, state, visitors, local, rate_hz)
        view = Views([attendant, self._page])
        around = Surroundings(settings, MODES[DEFAULT_MODE], stations, now, loudspeaker, view, host=host)
        activity = VoiceActivity(settings.hear)
        conversation = Conversation(around, lambda frame: 0.0 if attendant.closed else activity.speech(frame))
        frames = _from(now.now(), microphone.frames(now))
        clean = _without_echo(frames, loudspeaker, EchoCanceller(settings.echo))
        state.becomes("out_of_order", time.monotonic())
        await conversation.listen(attendant.attended(clean, lambda: microphone.last_ns, conversation), math.inf)

    def _told(self, name: DeviceName) -> Callable[[str, bool], None]:
        def tell(message: str, working: bool) -> None:
            self._state.devices[name] = working, message
            self._page.device(name, message, working)
            log.log(logging.INFO if working else logging.WARNING, "%s: %s", name, message)

        return tell


async def _from(start_s: float, frames: AsyncIterator[Frame]) -> AsyncIterator[Frame]:
    """What was heard while the models were still loading is past."""
    async for frame in frames:
        if frame.start_s >= start_s:
            yield frame


async def _without_echo(
    frames: AsyncIterator[Frame], loudspeaker: Loudspeaker, canceller: EchoCanceller
) -> AsyncIterator[Frame]:
    """What is played is taken out of what is heard."""
    async for frame in frames:
        yield canceller.clean(frame, loudspeaker.reference(frame.start_s + LEAD_S, frame.end_s + LEAD_S))
