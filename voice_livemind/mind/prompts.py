"""The messages that each stage of a turn sends to a language model.

Layout: UA-SPI, from the prompt formatter of LiveMind (arXiv 2406.14319 v2; ``format_ua_spi`` in its code): said and
noted alternate as user and assistant messages. Two changes make it grow by appending only, so that a prefix cache
serves every step of both stages: one system prompt for thinking and answering, the stage named at the end of each
user message; and a *wait* is kept as a message where LiveMind merges the sentence into the next one::

    system      what (note) and (answer aloud …) ask for
    …           worked examples, in the form of earlier turns
    user        what was said in an earlier turn (answer aloud …)
    assistant   what was heard of the reply
    user        first sentence (note)         ┐ a step
    assistant   note, or "wait"               ┘
    user        last sentence (answer aloud …)
    assistant   the reply

A speaker that did not write the notes itself reads them in brackets between the sentences (layout U-SPI there), which
grows by appending too. No stage has to be named at its end, and the last sentence is all that is new to it::

    system      what is asked for
    …           worked examples, with notes
    user        first sentence
                (Note: …)
                last sentence
    assistant   the reply

With the default models that was .1 s sooner than UA-SPI, and copied less of the notes (docs/measurements.md).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from voice_livemind.serving.chat import Message

WAIT = "wait"
"""The thinker's reply when there is nothing to note."""
NOTE = "Note:"
"""Begins every note in the conversation. Without it the answers took on the form of the notes."""
ANSWER = "Answer:"
"""What follows this in a reply to ``cot_messages`` is spoken; what stands before it is not."""
LINE_END = "\n"
"""Every stage but that of ``cot_messages`` replies with one line: stop here."""
_CUT_IN = "…"
"""Begins what was said over a reply. At the end of what was heard it would be imitated by small models."""
_FACT_END = ";"
"""Between the facts of a note."""
_NOTE_STAGE = "\n(note)"
_ANSWER_STAGE = "\n(answer aloud in one spoken sentence)"

_ROLE = (
    "You are a voice assistant. You can only talk: you can't set timers, switch things on or off, or look things up."
)

_THINK_AND_ANSWER = f"""\
{_ROLE} You hear what a person says sentence by sentence.
After (note), write one line for yourself, beginning with {NOTE} each new fact as name = value, and an \
equation for each number that already follows. If a value depends on something not said yet, write the relation. \
If there is nothing to note, write {WAIT}.
After (answer aloud in one spoken sentence), reply in one short line that ends with the result: no lists, no symbols. \
Work from what was said and from your notes; say the calculations that are still missing."""

_NOTED = f"""\
{_ROLE} Reply aloud in one short spoken sentence that ends with the result: no lists, no symbols. Lines in brackets \
are your own notes on what was said before them: work from them, and say the calculations that are still missing."""

_DIRECT = f"{_ROLE} Reply aloud in one short spoken sentence: no lists, no symbols."

_COT = f"""\
{_ROLE} Think silently, step by step, one line a step. Then write a last line: {ANSWER} and one short spoken sentence \
with the result. Only that sentence is spoken."""

_ALOUD = f"""\
{_ROLE} Think aloud in short spoken sentences, one small step each, and end with the result. No lists, no symbols. \
If nothing has to be worked out, just reply in one short sentence."""


class Step(NamedTuple):
    """What the thinker was given at once, and what it made of it."""

    sentences: tuple[str, ...]
    note: str | None
    """``None``: it waited, or no note was written in time."""


class Exchange(NamedTuple):
    """An earlier turn of the conversation."""

    said: str
    """By the person."""
    heard: str
    """What the person heard of the reply; empty where it was interrupted before its first word."""
    cut: bool = False
    """The reply was interrupted after that."""


class _Example(NamedTuple):
    steps: tuple[Step, ...]
    last: str
    reply: str
    """After the notes of the steps."""
    reasoning: tuple[str, ...]
    """Spoken sentences that lead to the result without any note."""
    result: str


_EXAMPLES = (
    _Example(
        (
            Step(("Nora bakes 6 trays of 12 rolls every morning.",), "rolls a morning = 6 * 12 = 72"),
            Step(("She is very proud of her bakery.",), None),
            Step(
                ("She keeps 10 rolls for her family and sells the others for $2 each.",),
                "kept = 10; rolls sold = 72 - 10 = 62; money a morning = 62 * 2 = 124 dollars",
            ),
        ),
        "How much does she earn in 5 days?",
        "124 times 5 is 620, so she earns 620 dollars.",
        (
            "6 times 12 is 72 rolls a morning.",
            "72 minus 10 is 62 rolls sold.",
            "62 times 2 is 124 dollars a morning.",
            "124 times 5 is 620.",
        ),
        "She earns 620 dollars.",
    ),
    _Example(
        (),
        "And how much is left of that if she buys flour for $150?",
        "620 minus 150 is 470, so 470 dollars are left.",
        ("620 minus 150 is 470.",),
        "470 dollars are left.",
    ),
    _Example(
        (
            Step(("Ben and Mia collect stamps.",), None),
            Step(
                ("Mia has 4 more stamps than Ben, and he has half as many as Carl.",),
                "Mia = Ben + 4; Ben = Carl / 2",
            ),
        ),
        "If Carl has 20 stamps, how many do the three have together?",
        "Ben has 20 divided by 2, which is 10, Mia has 10 plus 4, which is 14, so together it is 10 plus 14 plus 20, "
        "which is 44 stamps.",
        (
            "Ben has 20 divided by 2, which is 10.",
            "Mia has 10 plus 4, which is 14.",
            "10 plus 14 plus 20 is 44.",
        ),
        "Together they have 44 stamps.",
    ),
    _Example(
        (
            Step(("A coat cost $80 last year.",), "coat last year = 80 dollars"),
            Step(
                ("This year its price went up by 15%, and a scarf is a quarter of the coat's new price.",),
                "coat this year = 80 + 80 * 15 / 100 = 92 dollars; scarf = 92 / 4 = 23 dollars",
            ),
        ),
        "How much do two coats and a scarf cost this year?",
        "Two coats are 2 times 92, which is 184, plus 23 for the scarf is 207, so they cost 207 dollars.",
        (
            "15 percent of 80 is 12.",
            "The coat is 80 plus 12, which is 92 dollars.",
            "The scarf is 92 divided by 4, which is 23 dollars.",
            "2 times 92 is 184.",
            "184 plus 23 is 207.",
        ),
        "They cost 207 dollars.",
    ),
    _Example(
        (),
        "Can you turn off the kitchen light?",
        "I'm sorry, I can't switch lights, I can only talk with you.",
        (),
        "I'm sorry, I can't switch lights, I can only talk with you.",
    ),
    _Example(
        (Step(("Good morning, how are you today?",), None),),
        "Please tell me something about bees.",
        "Bees live on nectar and pollen, and they dance to tell each other where the flowers are.",
        (),
        "Bees live on nectar and pollen, and they dance to tell each other where the flowers are.",
    ),
)

_RESULT_NOTED = _Example(
    (
        Step(("Leo has 8 red pens.",), "red pens = 8"),
        Step(("His aunt gives him 6 blue pens.",), "pens = 8 + 6 = 14"),
    ),
    "How many pens does Leo have now?",
    "Leo has 14 pens.",
    ("8 plus 6 is 14.",),
    "Leo has 14 pens.",
)
"""For who reads notes: without it a small model takes two of them and calculates on, where one is the result."""


def thinking_messages(
    history: Sequence[Exchange], steps: Sequence[Step], new_sentences: Sequence[str], begun: str = ""
) -> list[Message]:
    """Ask for a note, or ``WAIT``, on ``new_sentences`` of a turn that goes on. Stop at the end of the line.

    Begins with the messages of the step before and its reply, if that is appended to ``steps``. ``begun``: what was
    written of the note already; the model goes on from there.
    """
    answered, steps, sentences = _with_unanswered(history, steps, new_sentences)
    messages = [*_noted(answered, steps), _user(sentences, _NOTE_STAGE)]
    return [*messages, _message("assistant", begun)] if begun else messages


def answer_messages(history: Sequence[Exchange], steps: Sequence[Step], last_sentences: Sequence[str]) -> list[Message]:
    """Ask for the spoken reply to ``steps`` and the sentences after them, which nothing was noted on.

    Begins with what the thinking stage sent. Works without any step too. Stop at the end of the line.
    """
    answered, steps, sentences = _with_unanswered(history, steps, last_sentences)
    return [*_noted(answered, steps), _user(sentences, _ANSWER_STAGE)]


def noted_messages(history: Sequence[Exchange], steps: Sequence[Step], sentences: Sequence[str]) -> list[Message]:
    """Ask for the spoken reply to the sentences of the steps, each with its note, and to those after them.

    Works without any step too. Stop at the end of the line.
    """
    worked = (_RESULT_NOTED, *_EXAMPLES)
    examples = ((_bracketed(example.steps, (example.last,)), example.reply) for example in worked)
    answered, steps, sentences = _with_unanswered(history, steps, sentences)
    return _plain(_NOTED, examples, _spoken(answered), [_bracketed(steps, sentences)])


def direct_messages(history: Sequence[Exchange], sentences: Sequence[str]) -> list[Message]:
    """Ask for one short spoken sentence in reply to the whole input. Stop at the end of the line."""
    examples = ((_whole(example), example.reply) for example in _EXAMPLES)
    answered, _, sentences = _with_unanswered(history, (), sentences)
    return _plain(_DIRECT, examples, _spoken(answered), sentences)


def cot_messages(history: Sequence[Exchange], sentences: Sequence[str]) -> list[Message]:
    """Ask for silent reasoning, then a line that starts with ``ANSWER`` and is spoken."""
    examples = (
        (_whole(example), "\n".join((*example.reasoning, f"{ANSWER} {example.result}"))) for example in _EXAMPLES
    )
    answered, _, sentences = _with_unanswered(history, (), sentences)
    past = [(said, f"{ANSWER} {heard}") for said, heard in _spoken(answered)]
    return _plain(_COT, examples, past, sentences)


def aloud_messages(history: Sequence[Exchange], sentences: Sequence[str]) -> list[Message]:
    """Ask for reasoning in short spoken sentences, all of them spoken. Stop at the end of the line."""
    examples = ((_whole(example), " ".join((*example.reasoning, example.result))) for example in _EXAMPLES)
    answered, _, sentences = _with_unanswered(history, (), sentences)
    return _plain(_ALOUD, examples, _spoken(answered), sentences)


def note_in(reply: str) -> str | None:
    """The note in what the thinker wrote; ``None`` where it chose to wait."""
    note = reply.strip().removeprefix(NOTE).strip()
    return None if not note or note.lower().startswith(WAIT) else note


def finished_facts(reply: str) -> str | None:
    """Of a note that was broken off: the facts that were whole by then."""
    return note_in(reply.rpartition(_FACT_END)[0])


def _with_unanswered(
    history: Sequence[Exchange], steps: Sequence[Step], sentences: Sequence[str]
) -> tuple[list[Exchange], Sequence[Step], Sequence[str]]:
    """Turns whose reply was interrupted before its first word are said together with the turn that follows them.

    There is no message to stand for the missing reply: small models repeat whatever stands there.
    """
    answered: list[Exchange] = []
    unanswered: list[str] = []
    for said, heard, cut in history:
        unanswered.append(said)
        if heard:
            answered.append(Exchange(" ".join(unanswered), heard))
            unanswered = [_CUT_IN] if cut else []
    if steps:
        first = Step((*unanswered, *steps[0].sentences), steps[0].note)
        return answered, [first, *steps[1:]], sentences
    return answered, steps, [*unanswered, *sentences]


def _noted(history: Iterable[Exchange], steps: Iterable[Step]) -> list[Message]:
    """All that thinking and answering begin with."""
    messages = [_message("system", _THINK_AND_ANSWER)]
    for example in _EXAMPLES:
        messages += _steps(example.steps)
        messages += [_user((example.last,), _ANSWER_STAGE), _message("assistant", example.reply)]
    for said, heard, _ in history:
        messages += [_user((said,), _ANSWER_STAGE), _message("assistant", heard)]
    return messages + _steps(steps)


def _steps(steps: Iterable[Step]) -> list[Message]:
    messages = []
    for sentences, note in steps:
        messages += [_user(sentences, _NOTE_STAGE), _message("assistant", WAIT if note is None else f"{NOTE} {note}")]
    return messages


def _plain(
    system: str, examples: Iterable[tuple[str, str]], history: Iterable[tuple[str, str]], sentences: Sequence[str]
) -> list[Message]:
    """A conversation without notes."""
    messages = [_message("system", system)]
    for said, replied in (*examples, *history):
        messages += [_message("user", said), _message("assistant", replied)]
    return [*messages, _user(sentences)]


def _spoken(history: Iterable[Exchange]) -> list[tuple[str, str]]:
    return [(said, heard) for said, heard, _ in history]


def _bracketed(steps: Iterable[Step], sentences: Iterable[str]) -> str:
    lines: list[str] = []
    for said, note in steps:
        lines += [*said, *([f"({NOTE} {note})"] if note is not None else [])]
    return "\n".join((*lines, *sentences))


def _whole(example: _Example) -> str:
    return " ".join([*(sentence for step in example.steps for sentence in step.sentences), example.last])


def _user(sentences: Sequence[str], stage: str = "") -> Message:
    return _message("user", " ".join(sentences) + stage)


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}
