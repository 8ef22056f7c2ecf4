"""The way from the keys to the conversation: the view sets, the conversation obeys."""

import asyncio


class Controls:
    """What the person at the keys wants, now. Made and used within one event loop."""

    def __init__(self) -> None:
        self.muted = False
        """The microphone counts as silent, but for what is said with ``push_to_talk``."""
        self.push_to_talk = False
        """The key is down: the microphone is open, and no silence ends the turn. When it comes up, the turn is over
        at once."""
        self.new_conversation = asyncio.Event()
        """Set by the key; cleared by the conversation when it begins anew."""
        self.quit = asyncio.Event()

    @property
    def hears(self) -> bool:
        """Whether what comes from the microphone is to be heard; otherwise silence is, of the same length."""
        return self.push_to_talk or not self.muted
