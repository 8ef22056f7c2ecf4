"""How complete a turn sounds at a pause, and how long the pause must last before the turn is committed.

Four pieces of evidence, each a number that is heard in what was said and 0.1 s of the silence after it, are added up as
log-odds:

- the words: an utterance that ends in "with a" goes on;
- the recogniser's doubt about the mark after the last word: "…", "-" and "," against ".", "?" and the end;
- the recogniser's certainty of the last word: what was cut off in the middle is heard badly;
- the voice (``turns.voice_end``).

What was not measured counts as nothing. Pure: no model, no sound, no clock.
"""

import math
import re
from itertools import pairwise

# Weights of a logistic regression over 905 pauses of 200 ms and more, 500 of them ends of turns: 58 recordings of
# people who order something, as they are and with 0.8 s of silence spliced in, quiet and with kitchen noise at 10 dB.
_BIAS = -1.65
_DANGLING = -4.0
_TRAILING = -0.51
_LAST_WORD = 1.64
_VOICE = 0.36

# What stands in for evidence that is missing: its mean over the same pauses.
_TRAILING_AFTER_STOP = 0.017
_TRAILING_ELSE = 0.5
_LAST_WORD_UNKNOWN = 0.74
_VOICE_UNKNOWN = 0.75

_COMMIT_AFTER_S = ((0.45, 1.5), (0.65, 0.65), (0.8, 0.3))
"""(probability, seconds of silence), straight lines between them and level beyond.

Chosen on the same recordings, by cross-validation, but for the last probability, which was 0.75: six in ten ends lay
above that, and one in nine of the pauses after which the speaker goes on. One of 58 fluent speakers pauses for just
0.3 s, at 0.78. Fluent speech hardly ever pauses for so long; hardly anybody's hesitation lasts 1.5 s.
"""

_STOPS = (".", "?", "!", "。", "？", "！")  # noqa: RUF001  the full-width marks are meant


def text_completeness(text: str, language: str = "en") -> float:
    """How probable it is, by the words and their marks alone, that a turn which ends in ``text`` is over."""
    return completeness(text, language=language)


def completeness(
    text: str,
    voice_probability: float | None = None,
    *,
    trailing: float | None = None,
    last_word: float | None = None,
    language: str = "en",
) -> float:
    """How probable it is that the turn is over. None: not measured, counts neither way.

    ``text``: the words of the turn, or of its last chunk. ``voice_probability``: what ``VoiceEnd`` says. ``trailing``:
    the probability that the recogniser gave to "...", "-", "--" or "," right after the last word. ``last_word``: the
    one that it gave to the last token of the last word. Of a language whose words are not known here (``dangles``)
    only the marks are judged.
    """
    if trailing is None:
        trailing = _TRAILING_AFTER_STOP if _stops(text) else _TRAILING_ELSE
    if last_word is None:
        last_word = _LAST_WORD_UNKNOWN
    if voice_probability is None:
        voice_probability = _VOICE_UNKNOWN
    log_odds = (
        _BIAS
        + _DANGLING * dangles(text, language)
        + _TRAILING * math.log(max(trailing, 0.001))
        + _LAST_WORD * math.log(min(max(last_word, 0.135), 0.99))
        + _VOICE * _logit(min(max(voice_probability, 0.003), 0.997))
    )
    return 1 / (1 + math.exp(-log_odds))


def commit_after_s(probability: float) -> float:
    """How many seconds of silence commit a turn that is over with this probability."""
    (least, longest_s), *_ = _COMMIT_AFTER_S
    if probability <= least:
        return longest_s
    for (below, from_s), (above, to_s) in pairwise(_COMMIT_AFTER_S):
        if probability <= above:
            return from_s + (to_s - from_s) * (probability - below) / (above - below)
    return _COMMIT_AFTER_S[-1][1]


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _stops(text: str) -> bool:
    bare = text.rstrip(" \"')]”’")  # noqa: RUF001  the typographic quote is meant
    return bare.endswith(_STOPS) and not bare.endswith("...")


# Words after which hardly anybody has finished. What may well end a turn ("on", "that", "have") is not here.

_ALWAYS_GO_ON = {
    *("a", "an", "the", "my", "your", "our", "their", "every"),
    *("and", "or", "but", "nor", "because", "although", "unless", "until", "if", "whether", "than", "as"),
    *("i", "we", "they", "he", "she", "very", "um", "uh", "er", "erm"),
}
_GO_ON_UNLESS_ASKED = {"of", "with", "from", "for", "to", "at", "about", "into", "between", "without"}
"""Prepositions that end a question ("where are you from?") and little else."""
_ASKS = {"what", "what's", "who", "whom", "which", "where", "where's", "when", "how"}
_CONTRACTED = ("'d", "'ll", "'m", "'re", "'ve")
_NUMBERS = {
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty"),
    *("sixty", "seventy", "eighty", "ninety"),
}


_GERMAN_GO_ON = {
    *("der", "dem", "des", "den", "eine", "einen", "einem", "einer", "mein", "meine", "meinen", "dein", "deine"),
    *("und", "oder", "aber", "weil", "dass", "ob", "wenn", "obwohl", "sehr", "von", "für", "ohne"),
    *("zum", "zur", "im", "am", "vom", "beim", "äh", "ähm"),
}
"""Not "ein", "mit" and "bei", which end many a sentence as parts of its verb."""


def dangles(text: str, language: str = "en") -> bool:
    """Whether a sentence can't end here: "with a", "I'd", "a ten", "a ten minute", "mit einem".

    English and German; in other languages every word may be the last.
    """
    if language == "de":
        return (re.findall(r"\w+", text.lower()) or [""])[-1] in _GERMAN_GO_ON
    return language == "en" and _dangles_in_english(text)


def _dangles_in_english(text: str) -> bool:
    words = re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))  # noqa: RUF001  the typographic quote is meant
    if not words:
        return False
    last = words[-1]
    if last in _ALWAYS_GO_ON or last.endswith(_CONTRACTED):
        return True
    if last in _GO_ON_UNLESS_ASKED:
        return not _ASKS.intersection(words)
    return _modifies(words[-2:]) or (_modifies(words[-3:-1]) and not last.endswith("s"))


def _modifies(words: list[str]) -> bool:
    """An article before a number: "a ten", and with it "a ten minute", belong to a noun that is still to come."""
    return len(words) == 2 and words[0] in ("a", "an") and (words[1] in _NUMBERS or words[1].isdecimal())
