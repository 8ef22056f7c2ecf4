"""Where sentences end, and that no word is lost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_livemind.segments.segmenter import Segmenter
from voice_livemind.transcribe.hypothesis import Word


def words_of(text: str) -> list[Word]:
    return [Word(word, float(place), place + 0.9) for place, word in enumerate(text.split())]


def sentences_of(*chunks: str) -> list[str]:
    segmenter = Segmenter()
    found = [segment.text for chunk in chunks for segment in segmenter.add(words_of(chunk))]
    return found + [segment.text for segment in segmenter.flush()]


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
        ("He said “Stop.” Then he ran.", ["He said “Stop.”", "Then he ran."]),
        ("no punctuation at all", ["no punctuation at all"]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences_of(text) == expected


def test_a_sentence_goes_on_over_chunks() -> None:
    assert sentences_of("He buys a house and", "puts in money. Why?") == ["He buys a house and puts in money.", "Why?"]


@given(st.lists(st.lists(st.sampled_from(["a", "b.", "C", "U.S.", "3.5", "why?", "Dr."])), max_size=6))
def test_no_word_is_lost_and_spans_never_overlap(chunks: list[list[str]]) -> None:
    segmenter = Segmenter()
    segments, place = [], 0
    for chunk in chunks:
        words = [Word(text, place + number, place + number + 0.9) for number, text in enumerate(chunk)]
        place += len(chunk)
        segments += segmenter.add(words)
    segments += segmenter.flush()
    assert " ".join(segment.text for segment in segments).split() == [word for chunk in chunks for word in chunk]
    assert [segment.index for segment in segments] == list(range(len(segments)))
    for before, after in pairwise(segments):
        assert before.start_s < before.end_s <= after.start_s
