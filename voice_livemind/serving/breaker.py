"""A circuit breaker: a server that fails again and again is left alone, and tried again one request at a time.

::

    closed ── third failure in a row ──▶ open ── after 1 s ──▶ half-open ── success ──▶ closed
                                          ▲                        │
                                          └─ twice as long, ≤ 8 s ─┴── failure

Source: Nygard, "Release It!", the stability pattern of that name.
"""

from typing import Literal, TypeAlias

State: TypeAlias = Literal["closed", "open", "half-open"]

_FAILURES = 3
_FIRST_REST_S = 1.0
_LONGEST_REST_S = 8.0


class Breaker:
    """Of one server. Told of each request's start and outcome; times are seconds on any clock that never goes back."""

    def __init__(self) -> None:
        self._failures = 0
        self._rest_s = _FIRST_REST_S
        self._open_until_s: float | None = None
        self._trying = False

    def state(self, now_s: float) -> State:
        """Closed: all is well."""
        if self._open_until_s is None:
            return "closed"
        return "open" if now_s < self._open_until_s else "half-open"

    def admits(self, now_s: float) -> bool:
        """Whether a request may be sent now. If so, its outcome is owed: one of the three methods below."""
        match self.state(now_s):
            case "closed":
                return True
            case "open":
                return False
            case "half-open":
                admitted = not self._trying
                self._trying = True
                return admitted

    def succeeded(self) -> None:
        """The server has answered."""
        self._failures = 0
        self._rest_s = _FIRST_REST_S
        self._open_until_s = None
        self._trying = False

    def failed(self, now_s: float) -> None:
        """It has not, or has stopped in the middle."""
        self._failures += 1
        if self.state(now_s) == "half-open":
            self._rest_s = min(2 * self._rest_s, _LONGEST_REST_S)
            self._open_until_s = now_s + self._rest_s
        elif self._failures >= _FAILURES and self._open_until_s is None:
            self._open_until_s = now_s + self._rest_s
        self._trying = False

    def left(self) -> None:
        """Nobody waited for the outcome: another request may try."""
        self._trying = False
