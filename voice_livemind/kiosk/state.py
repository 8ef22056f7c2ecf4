"""What is going on in the kiosk, in one place: for the health page, the metrics and the watchdog."""

import dataclasses
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from voice_livemind.kiosk.ladder import Rung
from voice_livemind.record.turn import TurnRecord
from voice_livemind.serving.shedding import Shed

Activity: TypeAlias = Literal[
    "starting", "waiting", "idle", "greeting", "listening", "thinking", "speaking", "quiet_hours", "out_of_order"
]
_KEPT_TURNS = 20


class SelfTest(NamedTuple):
    """How the last test of the own hearing went."""

    ok: bool
    at_s: float
    """On the monotonic clock."""
    detail: str


@dataclass
class KioskState:
    """Mutable; read and written on the event loop alone. Times are on the monotonic clock, in seconds."""

    since_s: float
    """When ``activity`` became what it is."""
    activity: Activity = "starting"
    detail: str = ""
    """What is waited for, or what is wrong, in words."""
    last_frame_s: float | None = None
    """When the last 20 ms were heard."""
    rung: Rung = Rung.FULL
    shed: Shed = Shed.NOTHING
    """What is not asked of the models at present, since their servers are slow."""
    unanswered: bool = False
    """A visitor was to be answered and was not: the models are to be probed at once."""
    devices: dict[str, tuple[bool, str]] = field(default_factory=dict)
    """By name: whether it works, and what happened to it last."""
    turns: deque[TurnRecord] = field(default_factory=lambda: deque(maxlen=_KEPT_TURNS))
    """The last ones, the newest at the end; the words only of the visitor who is there."""
    visitors: int = 0
    """So many have been served."""
    self_test: SelfTest | None = None

    @property
    def at_rest(self) -> bool:
        """Nobody speaks, nor is spoken to."""
        return self.activity in ("idle", "quiet_hours", "out_of_order")

    def becomes(self, activity: Activity, now_s: float, detail: str = "") -> None:
        """From now on that is what is going on."""
        if (activity, detail) != (self.activity, self.detail):
            self.activity, self.detail, self.since_s = activity, detail, now_s

    def forget_words(self) -> None:
        """The visitor has gone: of the turns only times and counts stay."""
        kept = [_without_words(turn) for turn in self.turns]
        self.turns.clear()
        self.turns.extend(kept)


def _without_words(turn: TurnRecord) -> TurnRecord:
    return dataclasses.replace(turn, transcript="", reply="", heard="", segments=[], rejected=[], clauses=[])
