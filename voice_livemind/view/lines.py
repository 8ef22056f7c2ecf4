"""Where there is no terminal: a line for each thing that happens, when it happens."""

from rich.console import Console

from voice_livemind.clock import Clock
from voice_livemind.record.turn import SegmentRecord, TurnRecord
from voice_livemind.surroundings import DeviceName, View
from voice_livemind.turns.machine import Reopen, TurnEvent


class LiveLines(View):
    """Prints, each line with its time."""

    def __init__(self, console: Console, now: Clock) -> None:
        self._console = console
        self._clock = now

    def event(self, event: TurnEvent) -> None:
        """Only that a reply is void: the others can be seen in what follows them."""
        if isinstance(event, Reopen):
            self._line("goes on", "the same turn; the reply is taken back", "dim")

    def segment(self, segment: SegmentRecord) -> None:
        """The sentence, as it is heard now."""
        if segment.text:
            self._line("heard" if segment.revision == 0 else "corrected", segment.text)

    def note(self, segment: SegmentRecord) -> None:
        """The note."""
        self._line("thought", segment.note or "…", "dim")

    def clause(self, text: str, start_s: float, prepared: bool) -> None:
        """The clause, at the time at which it is heard."""
        del prepared
        self._line("says", text, "bold", start_s)

    def over(self, turn: TurnRecord) -> None:
        """What was heard, where that is not all."""
        if turn.interrupted and turn.segments:
            self._line("cut off", f"after: {turn.heard}" if turn.heard else "before its first word", "red")

    def device(self, name: DeviceName, message: str, working: bool) -> None:
        """The message."""
        self._line(name, message, "" if working else "red")

    def forgotten(self) -> None:
        """A break."""
        self._line("begins", "a new conversation", "dim")

    def _line(self, what: str, text: str, style: str = "", at_s: float | None = None) -> None:
        time_s = self._clock.now() if at_s is None else at_s
        self._console.print(f"{time_s:7.2f} s  {what:12}", end="")
        self._console.print(text, style=style, markup=False)
