"""Which language is spoken: fixed by the configuration, or heard once in a conversation and kept."""

from voice_livemind.transcribe.hypothesis import Hypothesis

AUTO = "auto"
"""In the configuration: to be heard."""

_LONG_ENOUGH_S = 2.0
"""Of speech; a few words may be of any language."""
_SURE = 0.8
"""Probability of the language, by the recogniser."""


class SpokenLanguage:
    """The language of one conversation."""

    def __init__(self, configured: str) -> None:
        self._configured = configured
        self.forget()

    def forget(self) -> None:
        """Somebody else speaks from now on."""
        self.known: str | None = None if self._configured == AUTO else self._configured
        """None until enough was heard of it."""
        self._latest = ""

    @property
    def code(self) -> str:
        """The best guess, as "en"; empty before anything was heard."""
        return self.known or self._latest

    def heard(self, hypothesis: Hypothesis, voiced_s: float) -> None:
        """A pass that is believed, over ``voiced_s`` seconds of speech."""
        self._latest = hypothesis.language
        if self.known is None and voiced_s >= _LONG_ENOUGH_S and hypothesis.language_probability >= _SURE:
            self.known = hypothesis.language
