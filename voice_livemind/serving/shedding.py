"""What is given up while the servers are slow: thinking first, then warming; the reply never.

Answers whose first words come late, or never, raise the level. It falls again step by step, after a time in which
nothing was late; the time doubles where that was too early. Between half the limit and the limit nothing changes::

    first words    ──▁▁▂▂▅▅▇▇▇▅▅▃▃▁▁▁▁▁▁▁▁▁▁▁──
    level          nothing │ thinking │ warming │ thinking │ nothing
                                             └ calm_s ┴ calm_s ┘
"""

from enum import IntEnum

_LATE_IN_A_ROW = 2
_LONGEST_CALM_S = 160.0


class Shed(IntEnum):
    """What is not asked for at present; each level includes the ones before."""

    NOTHING = 0
    THINKING = 1
    WARMING = 2


class Shedding:
    """The level of one assistant. Times are seconds on any clock that never goes back."""

    def __init__(self, late_s: float, calm_s: float) -> None:
        """``late_s``: first words that take longer are late; 0: nothing is ever shed.

        ``calm_s``: without lateness for so long, one step back is taken. A hundred kiosks that share a cluster each
        have another one, so that they don't come back in the same moment.
        """
        self._late_s = late_s
        self._calm_s = self._shortest_calm_s = calm_s
        self._level = Shed.NOTHING
        self._late = 0
        self._changed_s = 0.0
        self._strained_s = 0.0
        """When something was late last, or nearly."""
        self._eased_s: float | None = None
        """When the last step back was taken, if nothing was late since."""

    def level(self, now_s: float) -> Shed:
        """What is to be shed now."""
        while self._level and now_s >= (calm_s := max(self._changed_s, self._strained_s) + self._calm_s):
            self._level = Shed(self._level - 1)
            self._changed_s = self._eased_s = calm_s
        return self._level

    def answered(self, first_words_s: float, now_s: float) -> None:
        """A request had its first words after ``first_words_s``."""
        if not self._late_s:
            return
        if first_words_s <= self._late_s / 2:
            self._late = 0
            return
        before = self.level(now_s)
        self._strained_s = now_s
        if first_words_s > self._late_s:
            self._late += 1
            if self._late >= _LATE_IN_A_ROW:
                self._rise(Shed(min(before + 1, Shed.WARMING)), now_s)

    def given_up(self, waited_s: float, now_s: float) -> None:
        """Nobody waits for a request's first words any more, which had not come after ``waited_s``."""
        if waited_s > self._late_s:
            self.answered(waited_s, now_s)

    def missed(self, now_s: float) -> None:
        """A request failed, or was refused: there is nothing to spare for anything but replies."""
        if self._late_s:
            self.level(now_s)
            self._strained_s = now_s
            self._rise(Shed.WARMING, now_s)

    def _rise(self, level: Shed, now_s: float) -> None:
        if level > self._level:
            if self._eased_s is not None and now_s < self._eased_s + self._calm_s:
                # The step back was taken too early.
                self._calm_s = min(2 * self._calm_s, _LONGEST_CALM_S)
            elif self._level == Shed.NOTHING:
                self._calm_s = self._shortest_calm_s
            self._eased_s = None
            self._level = level
            self._changed_s = now_s
        self._late = 0
