"""Several who watch the same conversation."""

from collections.abc import Sequence

from voice_livemind.hear.frames import Frame
from voice_livemind.record.turn import SegmentRecord, TurnRecord
from voice_livemind.surroundings import DeviceName, View
from voice_livemind.turns.machine import TurnEvent


class Views(View):
    """Tells each of them, in their order."""

    def __init__(self, views: Sequence[View]) -> None:
        self._views = views

    def frame(self, frame: Frame, speech: float) -> None:
        """See ``View``, as for all below."""
        for view in self._views:
            view.frame(frame, speech)

    def begun(self, turn: TurnRecord) -> None:
        for view in self._views:
            view.begun(turn)

    def event(self, event: TurnEvent) -> None:
        for view in self._views:
            view.event(event)

    def words(self, text: str) -> None:
        for view in self._views:
            view.words(text)

    def segment(self, segment: SegmentRecord) -> None:
        for view in self._views:
            view.segment(segment)

    def note(self, segment: SegmentRecord) -> None:
        for view in self._views:
            view.note(segment)

    def clause(self, text: str, start_s: float, prepared: bool) -> None:
        for view in self._views:
            view.clause(text, start_s, prepared)

    def heard(self, words: str) -> None:
        for view in self._views:
            view.heard(words)

    def over(self, turn: TurnRecord) -> None:
        for view in self._views:
            view.over(turn)

    def device(self, name: DeviceName, message: str, working: bool) -> None:
        for view in self._views:
            view.device(name, message, working)

    def forgotten(self) -> None:
        for view in self._views:
            view.forgotten()
