"""How fast the thinker writes, and so how long a note may be."""

_WEIGHT = 0.3
"""Of the newest measurement in the running mean."""
_FEWEST_TOKENS = 16
"""A shorter note holds no fact."""
_LEAST_SPEECH_S = 2.0


class Pace:
    """Measured over the thoughts of a session."""

    def __init__(self) -> None:
        self._tokens_per_s: float | None = None

    def measured(self, tokens: int, seconds: float) -> None:
        """``tokens`` were written in ``seconds``; on a clock that stands still meanwhile that says nothing."""
        if tokens and seconds > 0:
            rate = tokens / seconds
            known = self._tokens_per_s
            self._tokens_per_s = rate if known is None else known + _WEIGHT * (rate - known)

    def budget(self, spoken_s: float, most: int) -> int:
        """Tokens that a note may take where somebody has been speaking for ``spoken_s``; at most ``most``.

        Nobody knows how long a speaker will go on. The best guess without more knowledge is: as long again (J. R. Gott,
        Nature 363, 1993: the median of the time to come is the time past).
        """
        if self._tokens_per_s is None:
            return most
        expected = self._tokens_per_s * max(spoken_s, _LEAST_SPEECH_S)
        return min(most, max(_FEWEST_TOKENS, round(expected)))
