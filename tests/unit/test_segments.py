"""Where sentences end, and that no word is lost, doubled or out of order whatever the passes hear."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_livemind.segments.segment import Segment
from voice_livemind.segments.sentences import ends_sentence, sounds_whole
from voice_livemind.segments.settling import Settling
from voice_livemind.transcribe.hypothesis import Word


def words_of(text: str, start_s: float = 0.0) -> list[Word]:
    return [Word(word, start_s + place * 0.3, start_s + place * 0.3 + 0.25) for place, word in enumerate(text.split())]


def is_complete(text: str) -> bool:
    return ends_sentence(text.split()[-1], None)


def settling() -> Settling:
    return Settling(0.0, lambda near_s, _: near_s, is_complete)


def sentences_of(*chunks: str) -> list[str]:
    """Each chunk is heard at a pause, after which the speaker goes on."""
    heard = settling()
    waiting, start_s = "", 0.0
    for chunk in chunks:
        before = heard.from_s
        waiting = f"{waiting} {chunk}".strip()
        words = words_of(waiting, start_s)
        end_s = words[-1].end_s + 0.2 if words else start_s + 0.2
        heard.at_pause(words, end_s)
        heard.resumed()
        if heard.from_s > before:
            waiting, start_s = "", heard.from_s
    return [segment.text for segment in heard.segments]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs 3.5 dollars. I pay.", ["It costs 3.5 dollars.", "I pay."]),
        ("Dr. Smith came. He left.", ["Dr. Smith came.", "He left."]),
        ("We live in the U.S. now. Do you?", ["We live in the U.S. now.", "Do you?"]),
        ("He left the U.S. Then he slept.", ["He left the U.S.", "Then he slept."]),
        ("At 5 p.m. we eat. Come!", ["At 5 p.m. we eat.", "Come!"]),
        ("Well... I think so.", ["Well... I think so."]),
        ("J. K. Rowling wrote it.", ["J. K. Rowling wrote it."]),
        ("Das ist ca. 5 Meter lang, z.B. hier. Gut.", ["Das ist ca. 5 Meter lang, z.B. hier.", "Gut."]),
        ("He said “Stop.” Then he ran.", ["He said “Stop.”", "Then he ran."]),
        ("no punctuation at all", ["no punctuation at all"]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences_of(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "whole"),
    [
        ("I want the.", "en", False),
        ("I want tea.", "en", True),
        ("Ich möchte einen.", "de", False),
        ("Mach das Licht an.", "de", True),
        ("Am.", "en", True),
        ("Am.", "de", False),
        # Nothing is known of its words.
        ("Je voudrais un.", "fr", True),
        ("Je voudrais", "fr", False),
        ("", "", False),
    ],
)
def test_what_sounds_whole_goes_by_the_language(text: str, language: str, whole: bool) -> None:
    assert sounds_whole(text, language) is whole


def test_a_sentence_goes_on_over_a_pause() -> None:
    assert sentences_of("He buys a house and", "puts in money. Why?") == ["He buys a house and puts in money.", "Why?"]


def test_a_correction_is_a_new_revision_of_what_changed_only() -> None:
    heard = settling()
    heard.at_pause(words_of("I like tea. I need ten"), 2.0)
    changed = heard.at_pause(words_of("I like tea. I need ten, no, twelve eggs."), 4.0)
    assert [(segment.index, segment.revision, segment.text) for segment in changed] == [
        (1, 1, "I need ten, no, twelve eggs.")
    ]


def test_punctuation_and_case_are_no_correction() -> None:
    heard = settling()
    heard.at_pause(words_of("I like tea"), 2.0)
    assert heard.at_pause(words_of("I like Tea."), 2.5) == []


def test_sentences_that_turn_out_to_be_one_leave_no_double_words() -> None:
    heard = settling()
    heard.at_pause(words_of("We went. To the old"), 2.0)
    changed = heard.at_pause(words_of("We went to the old town."), 3.0)
    assert [(segment.index, segment.text) for segment in changed] == [(0, "We went to the old town."), (1, "")]
    assert heard.text == "We went to the old town."


def test_in_speech_a_sentence_is_handed_on_when_two_passes_agree_on_it() -> None:
    heard = settling()
    assert heard.in_speech(words_of("One is her. Two is"), 3.0) == []
    assert heard.in_speech(words_of("One is here. Two is there. Three"), 6.0) == []
    (segment,) = heard.in_speech(words_of("One is here. Two is their. Three is no"), 9.0)
    assert segment.text == "One is here."


class Ledger:
    """Follows segments as somebody who is told of changes only."""

    def __init__(self) -> None:
        self.latest: dict[int, Segment] = {}

    def follow(self, changed: list[Segment]) -> None:
        for segment in changed:
            before = self.latest.get(segment.index)
            assert segment.revision == (before.revision + 1 if before else 0)
            self.latest[segment.index] = segment

    @property
    def segments(self) -> list[Segment]:
        return [self.latest[index] for index in sorted(self.latest) if self.latest[index].text]


spoken_words = st.sampled_from(["a", "b.", "C", "U.S.", "3.5", "why?", "Dr."])


@given(st.lists(st.tuples(st.lists(spoken_words, min_size=1, max_size=12), st.booleans()), max_size=8), st.data())
def test_no_word_is_lost_or_doubled_over_pauses_and_revisions(
    spoken: list[tuple[list[str], bool]], data: st.DataObject
) -> None:
    """The speaker says words with pauses; passes also fall into the speech, and mishear its last words."""
    heard, ledger = settling(), Ledger()
    said: list[Word] = []
    now_s = 0.0
    for words, pass_in_speech in spoken:
        for word in words:
            said.append(Word(word, now_s, now_s + 0.25))
            now_s += 0.3
        if pass_in_speech:
            waiting = [word for word in said if word.start_s >= heard.from_s - 0.05]
            wrong = data.draw(st.integers(0, 2))
            misheard = [*waiting[: len(waiting) - wrong], *(w._replace(text="oh") for w in waiting[-wrong:] if wrong)]
            ledger.follow(heard.in_speech(misheard, now_s))
        waiting = [word for word in said if word.start_s >= heard.from_s - 0.05]
        now_s += 0.2
        ledger.follow(heard.at_pause(waiting, now_s))
        heard.resumed()
    assert [segment.text for segment in ledger.segments] == [segment.text for segment in heard.segments]
    assert " ".join(segment.text for segment in ledger.segments).split() == [word.text for word in said]
    for before, after in pairwise(ledger.segments):
        assert before.start_s <= before.end_s <= after.start_s + 1e-9
