"""What is remembered of the turns before: as much as the models can read."""

from collections.abc import Sequence

from voice_livemind.mind.prompts import Exchange

_CHARACTERS_A_TOKEN = 4
_SHARE = 1 / 4
"""Of what a model can read. The examples take as much, and the rest is for the turn and its notes."""


def remembered(history: Sequence[Exchange], context_tokens: int) -> list[Exchange]:
    """The last exchanges of ``history``; all of them while they take no more than their share of the context.

    Half of the share is dropped at once, since the models read everything after the first change again.
    """
    most = context_tokens * _SHARE * _CHARACTERS_A_TOKEN
    if _length(history) <= most:
        return list(history)
    kept = list(history)
    while len(kept) > 1 and _length(kept) > most / 2:
        del kept[0]
    return kept


def _length(history: Sequence[Exchange]) -> int:
    return sum(len(exchange.said) + len(exchange.heard) for exchange in history)
