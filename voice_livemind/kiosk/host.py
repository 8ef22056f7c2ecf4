"""What the kiosk decides over each turn: who may answer it, and what is said without a model."""

from dataclasses import replace

from voice_livemind.config import Kiosk
from voice_livemind.kiosk.ladder import Rung
from voice_livemind.kiosk.prepared import prepared
from voice_livemind.kiosk.state import KioskState
from voice_livemind.kiosk.visitors import Visitors
from voice_livemind.modes import MODES
from voice_livemind.serving.chat import ChatModel
from voice_livemind.surroundings import Excuse, Host, Reception, Surroundings

_UNASKED = replace(MODES["preempt"], warm=False)
"""No model is told a word before it is known that it is to answer."""


class KioskHost(Host):
    """Of one kiosk."""

    def __init__(
        self, settings: Kiosk, state: KioskState, visitors: Visitors, local: ChatModel | None, rate_hz: int
    ) -> None:
        """``local``: the speaker on this machine, if there is one; ``rate_hz``: of the voice."""
        self._state = state
        self._visitors = visitors
        self._local = local
        self._greeting = prepared("greeting", rate_hz)
        self._help = prepared("help", rate_hz)
        self._goodbye = prepared("goodbye", rate_hz)
        self._out_of_order = prepared("out_of_order", rate_hz)
        moment, sorry = prepared("one_moment", rate_hz), prepared("sorry", rate_hz)
        self.excuse = Excuse(moment, settings.wait_after_s, sorry, settings.sorry_after_s)

    def turn(self, around: Surroundings) -> Surroundings:
        """By the step of the ladder."""
        rung = self._state.rung
        if rung is Rung.PREPARED or not self._visitors.awake:
            return replace(around, mode=_UNASKED)
        if rung is Rung.FULL:
            return around
        if rung is Rung.LOCAL_SPEAKER and self._local is not None:
            stations = replace(around.stations, thinker=self._local, speaker=self._local)
            return replace(around, mode=MODES["preempt"], stations=stations)
        return replace(around, mode=MODES["preempt"])

    def receive(self, words: str) -> Reception:
        """By what is said, by whom, and whether a model can answer."""
        match self._visitors.attitude(words):
            case "ignore":
                return Reception(answered=False, why="not addressed")
            case "farewell":
                return Reception(answered=False, said=self._goodbye)
            case "help":
                return Reception(answered=False, said=self._help)
        if self._state.rung is Rung.PREPARED:
            return Reception(answered=False, said=self._out_of_order, why="no model can be reached")
        return Reception(said=self._greeting if self._visitors.to_greet else None)
