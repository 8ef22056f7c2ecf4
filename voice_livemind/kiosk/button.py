"""A push-button, by whatever means: a Unix signal, an HTTP call."""


class Button:
    """Remembers a push until it is taken notice of."""

    def __init__(self) -> None:
        self._pushed = False

    def press(self) -> None:
        """Push it."""
        self._pushed = True

    def taken(self) -> bool:
        """Whether it has been pushed since the last time."""
        pushed, self._pushed = self._pushed, False
        return pushed
