"""How fast the thinker writes: how long may a note be? How fast the answerer reads: which note is late?"""

_WEIGHT = 0.3
"""Of the newest measurement in the running mean."""
_FEWEST_TOKENS = 16
"""A shorter note holds no fact."""
_LEAST_SPEECH_S = 2.0
_FEWEST_READ = 8
"""So few tokens take as long as the request itself."""
_CHARACTERS_A_TOKEN = 2.5
"""Of a note: most models take every figure for itself."""


class Pace:
    """Measured over the thoughts of a session. A clock that stands still meanwhile says nothing."""

    def __init__(self) -> None:
        self._tokens_per_s: float | None = None
        self._read_per_s: float | None = None

    def measured(self, tokens: int, seconds: float) -> None:
        """The thinker has written ``tokens`` in ``seconds``."""
        if tokens and seconds > 0:
            self._tokens_per_s = _mean(self._tokens_per_s, tokens / seconds)

    def has_read(self, tokens: int, seconds: float) -> None:
        """The answerer has read ``tokens`` that were new to it in ``seconds``."""
        if tokens >= _FEWEST_READ and seconds > 0:
            self._read_per_s = _mean(self._read_per_s, tokens / seconds)

    def reading_s(self, note: str) -> float:
        """How long the answerer takes to read a note; 0 while nothing is known."""
        return 0.0 if self._read_per_s is None else len(note) / _CHARACTERS_A_TOKEN / self._read_per_s

    def budget(self, spoken_s: float, most: int) -> int:
        """Tokens that a note may take where somebody has been speaking for ``spoken_s``; at most ``most``.

        Nobody knows how long a speaker will go on. The best guess without more knowledge is: as long again (J. R. Gott,
        Nature 363, 1993: the median of the time to come is the time past).
        """
        if self._tokens_per_s is None:
            return most
        expected = self._tokens_per_s * max(spoken_s, _LEAST_SPEECH_S)
        return min(most, max(_FEWEST_TOKENS, round(expected)))


def _mean(known: float | None, rate: float) -> float:
    return rate if known is None else known + _WEIGHT * (rate - known)
