"""Which samples were heard when: a row of samples that sounds in stretches, with silence between them."""

from bisect import bisect_right

_KEPT = 1000
"""More than one reply has. Of those before nothing is asked any more, and a kiosk runs for months."""


class Stretches:
    """Stretches of one row, in their order. Times in seconds."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._first: list[int] = []
        self._start_s: list[float] = []

    def begin(self, sample: int, start_s: float) -> None:
        """From ``sample`` on the row is heard without a gap from ``start_s`` on."""
        while self._first and self._first[-1] >= sample:
            # Nothing of it was heard.
            self._first.pop()
            self._start_s.pop()
        self._first.append(sample)
        self._start_s.append(start_s)
        del self._first[:-_KEPT], self._start_s[:-_KEPT]

    def at(self, sample: int) -> float:
        """When ``sample`` is heard. The first stretch must have begun."""
        place = max(0, bisect_right(self._first, sample) - 1)
        return self._start_s[place] + (sample - self._first[place]) / self._rate_hz
