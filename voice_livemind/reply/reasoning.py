"""Silent reasoning before an answer: only the line that follows the marker is spoken."""

from voice_livemind.mind.prompts import ANSWER, LINE_END
from voice_livemind.segments.sentences import ends_sentence


class AfterReasoning:
    """Takes a growing text, gives the line after the marker; where none comes, the last sentence."""

    def __init__(self) -> None:
        self._text = ""
        self._given = 0

    @property
    def answered(self) -> bool:
        """The answer's line has ended: nothing that follows is spoken."""
        return LINE_END in self._after_marker()

    def add(self, piece: str) -> str:
        """Take the next piece; the part of the answer that was not given yet."""
        self._text += piece
        answer = self._after_marker().split(LINE_END)[0]
        new, self._given = answer[self._given :], len(answer)
        return new

    def flush(self) -> str:
        """The text is over: the last sentence, if there was no marker."""
        if self._after_marker():
            return ""
        words = self._text.split()
        begin = 0
        for place in range(len(words) - 1):
            if ends_sentence(words[place], words[place + 1]):
                begin = place + 1
        return " ".join(words[begin:])

    def _after_marker(self) -> str:
        return self._text.partition(ANSWER)[2].lstrip()
