"""When each word of a spoken clause is over, from how long its phonemes last."""

from collections.abc import Sequence
from itertools import accumulate

Lasting = tuple[str, float]
"""A phoneme and how long it lasts. Spaces stand between words; stops and commas last for the pause after the word."""


def word_ends(lasting: Sequence[Lasting], spelt: Sequence[Sequence[str]]) -> list[float]:
    """For each word the time at which its last sound is over, in the unit of ``lasting``.

    ``spelt``: the phonemes of each word said alone. A speech synthesiser may run words together ("of the") and make
    two of one ("24"); then each word ends where its share of all phonemes does.
    """
    times = list(accumulate((length for _, length in lasting), initial=0.0))
    sounds = [place for place, (phoneme, _) in enumerate(lasting) if _sounds(phoneme)]
    if not sounds:
        return [times[-1]] * len(spelt)
    last = [
        place for place, following in zip(sounds, [*sounds[1:], None], strict=True) if _ends(lasting, place, following)
    ]
    if len(last) != len(spelt):
        counts = list(accumulate(sum(map(_sounds, phonemes)) for phonemes in spelt))
        share = len(sounds) / max(1, counts[-1] if counts else 0)
        last = [sounds[min(len(sounds), max(1, round(count * share))) - 1] for count in counts]
    return [times[place + 1] for place in last]


def _ends(lasting: Sequence[Lasting], place: int, following: int | None) -> bool:
    return following is None or any(phoneme == " " for phoneme, _ in lasting[place + 1 : following])


def _sounds(phoneme: str) -> bool:
    """Letters and signs of stress and length; no space, no punctuation, no mark of a begin or an end."""
    return phoneme not in " ,.;:?!¿¡—…\"'()^$_«»-"
