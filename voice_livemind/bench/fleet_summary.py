"""All turns of ``bench fleet`` together: figures of each number of kiosks, with and without shedding."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from voice_livemind.bench.figures import percentiles, share
from voice_livemind.bench.fleet import FleetTurn

_RANKS = (50, 95, 99)


def name_of(kiosks: int, shedding: bool) -> str:
    """Of a condition, in the summary and in tables."""
    return f"{kiosks} kiosk{'s' * (kiosks > 1)}, {'shedding' if shedding else 'all asked for'}"


def summarize(turns: Sequence[FleetTurn], seconds: float) -> dict[str, dict[str, Any]]:
    """Figures by condition, in the order in which they first come. ``seconds``: how long visitors came."""
    by_condition: dict[tuple[int, bool], list[FleetTurn]] = {}
    for turn in turns:
        by_condition.setdefault((turn.kiosks, turn.shedding), []).append(turn)
    return {name_of(*condition): _figures(group, seconds) for condition, group in by_condition.items()}


def _figures(turns: Sequence[FleetTurn], seconds: float) -> dict[str, Any]:
    count = len(turns)
    answered = [turn.first_word_s for turn in turns if turn.first_word_s is not None]
    prompt = sum(turn.cost.prompt for turn in turns)
    return {
        "kiosks": turns[0].kiosks,
        "shedding": turns[0].shedding,
        "turns": count,
        "turns_a_minute": 60 * count / seconds,
        "first_word_s": percentiles(answered, _RANKS),
        "unanswered": count - len(answered),
        "other_way": sum(turn.fallback is not None and not turn.shed for turn in turns),
        "share_with_note": share(sum(turn.notes > 0 for turn in turns), count),
        "share_shed": share(sum(turn.shed for turn in turns), count),
        "notes": fmean(turn.notes for turn in turns),
        "note_tokens": fmean(turn.note_tokens for turn in turns),
        "wasted_tokens": fmean(turn.wasted_tokens for turn in turns),
        "requests": sum(turn.cost.requests for turn in turns) / count,
        "prompt_tokens": prompt / count,
        "share_cached": share(sum(turn.cost.cached for turn in turns), prompt),
        "generated_tokens": sum(turn.cost.generated for turn in turns) / count,
    }
