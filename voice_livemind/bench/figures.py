"""Figures out of many measurements; ``None`` where there was nothing to measure."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def percentiles(values: Iterable[float | None], ranks: Sequence[int]) -> dict[str, float | None]:
    """``{"p50": …, "p95": …}`` of the values that are known, linear between neighbours."""
    known = [value for value in values if value is not None]
    return {f"p{rank}": float(np.percentile(known, rank)) if known else None for rank in ranks}


def share(part: float, whole: float) -> float | None:
    """``part / whole``."""
    return part / whole if whole else None


def rounded(value: Any) -> Any:
    """The same for JSON: floats to four decimals, tuples as lists, and so on within."""
    if isinstance(value, float):
        return round(value, 4) + 0.0
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value


def shown(value: float | None, decimals: int = 2, scale: float = 1.0) -> str:
    """For a table: a dash where it is unknown."""
    return "–" if value is None else f"{value * scale:.{decimals}f}"  # noqa: RUF001 (an en dash is meant)
