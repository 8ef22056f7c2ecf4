"""An axis of a plot: from values to pixels, and where its lines are."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """From ``low`` at pixel ``begin`` to ``high`` at pixel ``end``; values beyond lie on the edge."""

    low: float
    high: float
    begin: float
    end: float
    logarithmic: bool = False
    """``low`` is above zero then."""

    @classmethod
    def around(cls, values: Iterable[float], begin: float, end: float, least: float) -> "Axis":
        """A logarithmic one between round numbers that holds ``values``, none of them below ``least``."""
        known = [max(value, least) for value in values] or [1.0]
        low = max((step for step in _round_numbers() if step <= min(known)), default=least)
        high = min((step for step in _round_numbers() if step >= max(known) and step > low), default=2 * max(known))
        return cls(low, high, begin, end, logarithmic=True)

    def px(self, value: float) -> float:
        """The pixel of a value."""
        value = min(max(value, self.low), self.high)
        if self.logarithmic:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.begin + part * (self.end - self.begin)

    @property
    def ticks(self) -> list[float]:
        """Round numbers along it: 1, 2, 5, 10, …, or a fifth of it apart."""
        if self.logarithmic:
            return [step for step in _round_numbers() if self.low <= step <= self.high]
        return [self.low + fifth * (self.high - self.low) / 5 for fifth in range(6)]


def _round_numbers() -> list[float]:
    return [digit * 10.0**power / 1000 for power in range(8) for digit in (1, 2, 5)]
