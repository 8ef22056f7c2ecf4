"""What computes for the turns on threads of its own, and since when: a pass that never returns is noticed here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from voice_livemind.sound import Sound
from voice_livemind.stations import Stations

T = TypeVar("T")
U = TypeVar("U")


class Work:
    """The passes that go on now."""

    def __init__(self) -> None:
        self._began_s: dict[object, float] = {}

    @contextmanager
    def pass_(self) -> Iterator[None]:
        """Around each."""
        key = object()
        self._began_s[key] = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            del self._began_s[key]

    def oldest_since_s(self) -> float | None:
        """When the one that takes longest was begun, on the monotonic clock; ``None``: there is none."""
        return min(self._began_s.values(), default=None)


def watched(stations: Stations, work: Work) -> Stations:
    """The same stations; ``work`` knows what their recogniser and voice do."""

    def kept(compute: Callable[[T], Awaitable[U]]) -> Callable[[T], Awaitable[U]]:
        async def compute_and_say(given: T) -> U:
            with work.pass_():
                return await compute(given)

        return compute_and_say

    async def synthesize(text: str) -> AsyncIterator[Sound]:
        with work.pass_():
            async for part in stations.synthesize(text):
                yield part

    return replace(
        stations,
        recognize=kept(stations.recognize),
        hear_end=kept(stations.hear_end),
        synthesize=synthesize,
    )
