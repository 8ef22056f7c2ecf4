"""Visitors and a kiosk, on virtual time with scripted models: all that the service does but for its devices."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.scripted import TIMES, VOICE_RATE_HZ, Dialogue, ScriptedModel, on_virtual_time
from voice_livemind.clock import Clock
from voice_livemind.config import Settings, load_settings
from voice_livemind.conversation import Conversation
from voice_livemind.hear.frames import Frame
from voice_livemind.hear.recording import play_frames
from voice_livemind.kiosk.attendant import Attendant
from voice_livemind.kiosk.button import Button
from voice_livemind.kiosk.host import KioskHost
from voice_livemind.kiosk.ladder import Rung
from voice_livemind.kiosk.prepared import prepared
from voice_livemind.kiosk.probing import keep_rung
from voice_livemind.kiosk.state import KioskState
from voice_livemind.kiosk.transcripts import Transcripts
from voice_livemind.kiosk.views import Views
from voice_livemind.kiosk.visitors import Visitors
from voice_livemind.modes import MODES
from voice_livemind.play.output import Output
from voice_livemind.play.track import Track
from voice_livemind.record.turn import TurnRecord
from voice_livemind.serving.chat import ChatModel
from voice_livemind.stations import Stations
from voice_livemind.surroundings import Surroundings, View


class Seen(View):
    """All turns that are over, each as it was then, and the steps of the ladder."""

    def __init__(self, state: KioskState) -> None:
        self.turns: list[TurnRecord] = []
        self.rungs: list[tuple[float, Rung]] = []
        """Each with the time from which it held."""
        self._state = state

    def frame(self, frame: Frame, speech: float) -> None:
        del speech
        if not self.rungs or self.rungs[-1][1] != self._state.rung:
            self.rungs.append((frame.end_s, self._state.rung))

    def over(self, turn: TurnRecord) -> None:
        if turn.segments:
            self.turns.append(turn)


class Lobby(Dialogue):
    """Visitors who say sentences at given times, and a kiosk with scripted models."""

    rung = Rung.FULL
    probes = False
    """Probes keep the step of the ladder, as in the service."""
    button_s: float | None = None
    """When the button is pushed."""
    local: ChatModel | None = ScriptedModel("The spare one.")
    state: KioskState
    seen: Seen

    def serve(self, *changes: str, until_s: float = 0.0) -> list[TurnRecord]:
        """All turns, in which something was said."""
        return on_virtual_time(self.visited(*changes, until_s=until_s))

    async def visited(self, *changes: str, until_s: float = 0.0) -> list[TurnRecord]:
        """The same, on the loop's own time."""
        settings = load_settings(None, [*TIMES, "kiosk.greets=false", *changes])
        async with self.models(settings) as stations:
            return await self._serve(settings, stations, until_s)

    @asynccontextmanager
    async def models(self, _: Settings) -> AsyncIterator[Stations]:
        """What answers, within a context."""
        yield self.stations()

    def output(self, now: Clock) -> Output:
        """The loudspeaker."""
        self.track = Track(now, VOICE_RATE_HZ)
        return self.track

    def frames(self, now: Clock) -> AsyncIterator[Frame]:
        """What the microphone hears."""
        return play_frames(self.spoken.samples(), now)

    def last_ns(self) -> int:
        """When the microphone gave sound last; 0: it is not known."""
        return 0

    def watcher(self, state: KioskState) -> Seen:
        """Who sees what happens."""
        return Seen(state)

    async def _serve(self, settings: Settings, stations: Stations, until_s: float) -> list[TurnRecord]:
        now, chosen = Clock(), settings.kiosk
        output = self.output(now)
        state = self.state = KioskState(0.0, rung=self.rung)
        seen = self.seen = self.watcher(state)
        button, visitors = Button(), Visitors(chosen)
        transcripts = Transcripts(chosen.transcripts, chosen.transcripts_days)
        attendant = Attendant(chosen, state, visitors, transcripts, button, output, prepared("help", VOICE_RATE_HZ))
        host = KioskHost(chosen, state, visitors, self.local, VOICE_RATE_HZ)
        around = Surroundings(settings, MODES["livemind"], stations, now, output, Views([attendant, seen]), host=host)
        conversation = Conversation(around, self.spoken.is_speech)
        attended = attendant.attended(self.frames(now), self.last_ns, conversation)
        if self.button_s is not None:
            asyncio.get_running_loop().call_later(self.button_s, button.press)
        probing = asyncio.create_task(keep_rung(state, stations, self.local)) if self.probes else None
        try:
            await conversation.listen(attended, max(until_s, self.spoken.end_s + 2.0))
        finally:
            if probing is not None:
                probing.cancel()
                await asyncio.wait([probing])
        return seen.turns
