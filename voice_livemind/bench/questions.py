"""Questions with known answers: JSON lines with ``id``, ``question``, ``answer``, and ``options`` if there are any."""

import json
import random
import string
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from voice_livemind.bench.numbers import numbers_in
from voice_livemind.errors import UserError
from voice_livemind.segments.sentences import ends_sentence

BUCKETS = {"1": (1, 1), "2-4": (2, 4), "5-9": (5, 9), "10-20": (10, 20), "20+": (21, 10**9)}
"""Questions by their number of sentences: least and most."""


class Question(BaseModel):
    """One line; other fields than these are of no matter here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: int | str
    question: Annotated[str, Field(min_length=1)]
    answer: Annotated[str, Field(min_length=1)]
    """A number; where there are options, the letter of one of them."""
    options: Annotated[tuple[str, ...], Field(max_length=26)] = ()
    category: str = ""

    @model_validator(mode="after")
    def _can_be_checked(self) -> Self:
        if not self.sentences:
            raise ValueError("the question is empty")
        if self.options and self.answer not in self.choices:
            raise ValueError(f"answer: {self.answer} is not the letter of an option")
        if not self.options and len(numbers_in(self.answer)) != 1:
            raise ValueError(f"answer: {self.answer} is not a number, and there are no options")
        return self

    @property
    def choices(self) -> dict[str, str]:
        """Options by their letters."""
        return dict(zip(string.ascii_uppercase, self.options, strict=False))

    @property
    def sentences(self) -> list[str]:
        """Of the question alone."""
        return sentences_of(self.question)

    @property
    def spoken(self) -> list[str]:
        """What is said, sentence by sentence: the question, then the options with their letters."""
        return [
            *(_closed(sentence) for sentence in self.sentences),
            *(_closed(f"{letter}: {' '.join(option.split())}") for letter, option in self.choices.items()),
        ]

    @property
    def bucket(self) -> str:
        """Its place among ``BUCKETS``."""
        return bucket_of(len(self.sentences))


def bucket_of(sentences: int) -> str:
    """The name of the bucket for that many sentences."""
    return next(name for name, (least, most) in BUCKETS.items() if least <= sentences <= most)


def sentences_of(text: str) -> list[str]:
    """Sentences, as the assistant itself cuts them."""
    sentences: list[str] = []
    words = text.split()
    begin = 0
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else None
        if following is None or ends_sentence(word, following):
            sentences.append(" ".join(words[begin : place + 1]))
            begin = place + 1
    return sentences


def read_questions(path: Path) -> list[Question]:
    """All of a file. Raises UserError: not there, no questions, a line that is none, an ``id`` twice."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not a text file (UTF-8)") from None
    questions: dict[int | str, Question] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            question = _question(line, f"{path}, line {number}")
            if question.id in questions:
                raise UserError(f"{path}, line {number}: there is a question {question.id} already")
            questions[question.id] = question
    if not questions:
        raise UserError(f"{path}: no questions in it")
    return list(questions.values())


def draw(questions: Sequence[Question], limit: int | None, seed: int) -> list[Question]:
    """``limit`` questions by chance, as many short as long ones, and within each length of every category.

    Without a limit all of them, in the order of the file.
    """
    if limit is None or limit >= len(questions):
        return list(questions)
    shuffled = list(questions)
    random.Random(seed).shuffle(shuffled)
    by_length = ([question for question in shuffled if question.bucket == name] for name in BUCKETS)
    mixed = _in_turn(_in_turn(_by_category(group)) for group in by_length)
    return mixed[:limit]


def _by_category(questions: Sequence[Question]) -> list[list[Question]]:
    categories = dict.fromkeys(question.category for question in questions)
    return [[question for question in questions if question.category == category] for category in categories]


def _in_turn(groups: Iterable[Sequence[Question]]) -> list[Question]:
    """The first of each group, the second of each, …"""
    return [question for row in zip_longest(*groups) for question in row if question is not None]


def _closed(sentence: str) -> str:
    """With a mark at its end, as a recogniser writes it."""
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence.rstrip(',;:')}."


def _question(line: str, where: str) -> Question:
    try:
        return Question.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not JSON: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ").lower()
        raise UserError(f"{where}: {f'{key}: ' if key else ''}{said}") from None
