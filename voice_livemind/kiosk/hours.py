"""Quiet hours: spans of local time."""

from datetime import time


def within(span: str, now: time) -> bool:
    """Whether it is ``now`` in a span like "22:00-06:30", its end excluded; "" is never."""
    if not span:
        return False
    begin, end = (time.fromisoformat(part) for part in span.split("-"))
    if begin <= end:
        return begin <= now < end
    return now >= begin or now < end
