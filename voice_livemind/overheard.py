"""Short speech over a reply: whether its words are meant to interrupt."""

import asyncio
from dataclasses import replace

from voice_livemind.hear.own_words import is_echo
from voice_livemind.hear.turn_sound import KEEP_AFTER_S, LEAD_S, TurnSound
from voice_livemind.transcribe.hypothesis import doubt
from voice_livemind.transcribe.language import SpokenLanguage
from voice_livemind.transcribe.listening import Recognize
from voice_livemind.turns.backchannel import is_backchannel


class Overheard:
    """Asks the recogniser, one question at a time, and judges its words."""

    def __init__(self, recognize: Recognize, sound: TurnSound, language: SpokenLanguage) -> None:
        self._recognize = recognize
        self._sound = sound
        self._language = language
        self._asking: asyncio.Task[bool] | None = None

    def ask(self, start_s: float, end_s: float, reply: str) -> None:
        """Whether the speech from ``start_s`` to ``end_s`` interrupts ``reply``; instead of what was asked before."""
        self.forget()
        self._asking = asyncio.create_task(self._interrupts(start_s, end_s, reply))

    def answer(self) -> bool | None:
        """The answer, once; ``None`` as long as there is none."""
        if self._asking is None or not self._asking.done():
            return None
        answer, self._asking = self._asking.result(), None
        return answer

    def forget(self) -> None:
        """The answer is of no use any more."""
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    async def close(self) -> None:
        """Forget, and wait for the end of the work."""
        asking = self._asking
        self.forget()
        if asking is not None:
            await asyncio.wait([asking])

    async def _interrupts(self, start_s: float, end_s: float, reply: str) -> bool:
        chunk = self._sound.between(start_s - LEAD_S, end_s + KEEP_AFTER_S)
        hypothesis = await self._recognize(replace(chunk, language=self._language.known))
        if doubt(hypothesis, chunk.voiced_s) is not None:
            # A cough, or a door.
            return False
        return not is_backchannel(hypothesis.text) and not is_echo(hypothesis.text, reply)
