"""A clause that comes in parts: what is heard of it, and when."""

import asyncio
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from tests.scripted import SECONDS_A_WORD, VOICE_RATE_HZ, Dialogue, ScriptedModel, on_virtual_time
from voice_livemind.clock import Clock
from voice_livemind.play.track import Track
from voice_livemind.record.turn import ReplyRecord
from voice_livemind.sound import Sound
from voice_livemind.speak.speaking import Speaking
from voice_livemind.surroundings import Prepared

MS = 0.0011
CLAUSE = "one two three four five"
WHOLE_S = 5 * SECONDS_A_WORD


class Heard:
    """One reply, released from the beginning. The voice needs 0.2 s for each of three parts."""

    def __init__(self, *clauses: str, longest_s: float = 60.0) -> None:
        self.record = ReplyRecord()
        self._clauses = clauses
        self._longest_s = longest_s

    def speak(self, *meanwhile: tuple[float, Callable[[Track], None]], until_s: float = 30.0) -> "Heard":
        """Do these things at these times."""
        on_virtual_time(self._speak(meanwhile, until_s))
        return self

    async def _speak(self, meanwhile: tuple[tuple[float, Callable[[Track], None]], ...], until_s: float) -> None:
        clock = Clock()
        self.track = Track(clock, VOICE_RATE_HZ)
        speaking = Speaking(self._parts, self.track, clock, self.record, lambda *_: None, self._longest_s)
        speaking.release()
        queue: asyncio.Queue[str | Prepared | None] = asyncio.Queue()
        for clause in [*self._clauses, None]:
            queue.put_nowait(clause)
        task = asyncio.create_task(speaking.run(queue))
        for at_s, what in meanwhile:
            asyncio.get_running_loop().call_later(at_s, what, self.track)
        await asyncio.wait([task], timeout=until_s)
        task.cancel()
        await asyncio.wait([task])
        speaking.settle()

    async def _parts(self, text: str) -> AsyncIterator[Sound]:
        words = len(text.split())
        ends_s = tuple(SECONDS_A_WORD * place for place in range(1, words + 1))
        samples = np.arange(1, 1 + round(words * SECONDS_A_WORD * VOICE_RATE_HZ)).astype(np.float32)
        for number, piece in enumerate(np.split(samples, [300, 700])):
            await asyncio.sleep(0.2)
            yield Sound(piece, VOICE_RATE_HZ, () if number else ends_s)


def samples(heard: Heard, start_s: float) -> list[float]:
    found: list[float] = heard.track.sound(0).samples[round(start_s * VOICE_RATE_HZ) :].tolist()
    return found


def test_the_first_clause_is_heard_from_its_first_part_on_without_a_gap() -> None:
    heard = Heard(CLAUSE).speak()
    assert heard.record.first_audio == pytest.approx(0.2, abs=MS)
    assert samples(heard, 0.2) == list(range(1, 1501))
    (clause,) = heard.record.clauses
    assert clause.synthesis == pytest.approx((0.0, 0.6), abs=MS)
    assert clause.played == pytest.approx((0.2, 0.2 + WHOLE_S), abs=MS)
    assert heard.record.heard == CLAUSE


def test_what_comes_while_the_reply_is_held_goes_on_where_it_was() -> None:
    # It is held in the middle of the first part; the others come meanwhile.
    heard = Heard(CLAUSE).speak((0.3, Track.hold), (1.3, Track.go_on))
    assert samples(heard, 0.2)[:100] == list(range(1, 101))
    assert samples(heard, 1.3) == list(range(101, 1501))
    assert heard.record.heard == CLAUSE
    assert heard.record.clauses[0].played == pytest.approx((0.2, 1.2 + WHOLE_S), abs=MS)


@pytest.mark.parametrize(("until_s", "words"), [(0.3, ""), (0.38, "one"), (0.45, "one"), (0.7, "one two")])
def test_cut_off_before_all_parts_are_there_it_is_known_which_words_were_heard(until_s: float, words: str) -> None:
    heard = Heard(CLAUSE, "and more").speak(until_s=until_s)
    assert heard.record.heard == words
    assert heard.record.clauses[0].played == pytest.approx((0.2, until_s), abs=MS)
    assert len(heard.record.clauses) == 1 and heard.track.end_s <= until_s + MS


def test_the_first_clause_is_spoken_however_long_and_none_that_would_be_too_long_after_it() -> None:
    heard = Heard(CLAUSE, "and six", longest_s=1.0).speak()
    assert heard.record.heard == CLAUSE and len(heard.record.clauses) == 1
    heard = Heard(CLAUSE, "and six", "and so on", longest_s=2.2).speak()
    assert heard.record.heard == f"{CLAUSE} and six"


def test_a_slow_voice_leaves_a_gap_and_the_record_tells_the_words_all_the_same() -> None:
    dialogue = Dialogue((1.0, 2.0, "What is one?"), (5.6, 6.6, "Stop."))
    dialogue.speaker = ScriptedModel("One two three four five six seven eight nine ten.", token_s=0.01)
    dialogue.rest_s = 1.3
    first, _ = dialogue.replay("paper")
    # The first word is heard from 3.39 to 3.69, the others from 4.69 until there is 0.08 s of speech at 5.68.
    assert first.interrupted and first.heard == "One two three four"
