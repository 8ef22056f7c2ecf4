"""Silent reasoning before an answer: only what follows the marker is spoken."""

from voice_livemind.mind.prompts import ANSWER
from voice_livemind.segments.sentences import ends_sentence


class AfterReasoning:
    """Takes a growing text, gives what follows the marker; where none comes, the last sentence."""

    def __init__(self) -> None:
        self._text = ""
        self._given: int | None = None

    def add(self, piece: str) -> str:
        """The part of the text that is to be spoken and was not given yet."""
        self._text += piece
        if self._given is None:
            found = self._text.find(ANSWER)
            if found < 0:
                return ""
            self._given = found + len(ANSWER)
        said, self._given = self._text[self._given :], len(self._text)
        return said.lstrip() if not said.strip() else said

    @property
    def answered(self) -> bool:
        """The line with the answer has ended: nothing that follows is spoken."""
        return self._given is not None and "\n" in self._text[self._text.find(ANSWER) :].rstrip(" ")

    def flush(self) -> str:
        """The text is over: the last sentence, if there was no marker."""
        if self._given is not None:
            return ""
        words = self._text.split()
        begin = 0
        for place in range(len(words) - 1):
            if ends_sentence(words[place], words[place + 1]):
                begin = place + 1
        return " ".join(words[begin:])
