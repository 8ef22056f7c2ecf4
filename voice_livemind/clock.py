"""The sample clock, and an event loop on which time passes only while nothing computes.

In real time the loop is the ordinary one. On a ``SteppedLoop`` (``replay --speed max``, and tests) time stands still
while anything computes and leaps to the next timer otherwise. All decisions are then taken on the sample clock, however
slow the machine is. On a ``SkippingLoop`` (``bench questions``) computing takes the time that it takes, and only the
time in which nothing computes is leapt over: times are those of real time, had sooner::

    real      frame 1 ── frame 2 ── frame 3 ── frame 4 ──▶
    stepped   frame 1 │ transcribing… │ frame 2 frame 3 │ thinking… │ frame 4 ▶
                      └ time stands ──┘                 └ time ─────┘
    skipping  frame 1 frame 2 │ thinking… frame 3 ── frame 4 … │ frame 5 frame 6 ▶
                              └ time passes as it really does ─┘
"""

import asyncio
import selectors
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias, TypeVar

Pace: TypeAlias = Literal["real", "stepped", "skipping"]
T = TypeVar("T")


class Clock:
    """Seconds since the first sample of the input. Made inside the loop that it reads."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._origin_s = self._loop.time()

    def now(self) -> float:
        """Seconds since sample 0."""
        return self._loop.time() - self._origin_s

    async def sleep_until(self, time_s: float) -> None:
        """Wait for ``time_s``; return at once when it has passed."""
        await asyncio.sleep(max(0.0, time_s - self.now()))


@contextmanager
def computing() -> Iterator[None]:
    """Around every wait for work done outside the loop (a thread, a process, a server): stepped time stands still,
    skipping time passes."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, SteppedLoop):
        yield
        return
    loop.computing += 1
    try:
        yield
    finally:
        loop.computing -= 1


async def in_thread(executor: Executor, function: Callable[..., T], *args: object) -> T:
    """Run blocking work in ``executor``; stepped time stands still meanwhile."""
    with computing():
        return await asyncio.get_running_loop().run_in_executor(executor, function, *args)


class SteppedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time leaps from timer to timer, and stands still while ``computing`` is not zero."""

    def __init__(self) -> None:
        self.computing = 0
        self._now_s = 0.0
        super().__init__(_SteppedSelector(self))

    def time(self) -> float:
        """Seconds of stepped time."""
        return self._now_s

    def leap(self, seconds: float) -> None:
        """Time passes."""
        self._now_s += seconds

    def patience_s(self, next_timer_s: float) -> float | None:
        """How long to wait for what computes, where a timer is due in ``next_timer_s``: for as long as it takes."""
        del next_timer_s
        return None


class SkippingLoop(SteppedLoop):
    """An event loop on real time that leaps to the next timer while ``computing`` is zero."""

    def time(self) -> float:
        """Seconds of real time and of all leaps."""
        return super().time() + time.monotonic()

    def patience_s(self, next_timer_s: float) -> float:
        """Until the timer is due."""
        return next_timer_s


class _SteppedSelector(selectors.DefaultSelector):
    """Asked by the loop to wait for a timer, it makes the time pass instead."""

    def __init__(self, loop: SteppedLoop) -> None:
        super().__init__()
        self._stepped = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None:
            return super().select(None)
        if self._stepped.computing:
            return super().select(self._stepped.patience_s(timeout))
        self._stepped.leap(timeout)
        return []


_LOOPS: dict[Pace, type[SteppedLoop] | None] = {"real": None, "stepped": SteppedLoop, "skipping": SkippingLoop}


def run(main: Coroutine[Any, Any, T], pace: Pace) -> T:
    """Run ``main`` to its end. Ctrl-C, SIGTERM and the loss of the terminal cancel it; KeyboardInterrupt is raised when
    it has cleaned up."""
    with asyncio.Runner(loop_factory=_LOOPS[pace]) as runner:
        # The runner itself turns SIGINT into a cancellation, unless a shell script's "&" had it ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        ends = [end for end in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(end) is not signal.SIG_IGN]
        previous = {end: signal.signal(end, lambda *_: signal.raise_signal(signal.SIGINT)) for end in ends}
        try:
            return runner.run(main)
        finally:
            for end, before in previous.items():
                signal.signal(end, before)
