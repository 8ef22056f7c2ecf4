"""Feeds the watchdog of the service manager only while the kiosk could serve a visitor.

A kiosk that has gone deaf looks alive: its process runs, and its loop turns. So the food depends on what a visitor
would need: sound that arrives at the conversation, a recogniser that returns from its passes, a self-test that was
passed. That the event loop turns needs no rule: the feeder runs on it.
"""

import asyncio
import logging
import os
from typing import NamedTuple

from voice_livemind.kiosk import notify
from voice_livemind.kiosk.state import KioskState
from voice_livemind.kiosk.work import Work

_LOOK_EVERY_S = 1.0
_LATE_S = 3.0
"""A look so late says that the process stood still: what has not happened meanwhile says nothing."""
_DEAF_S = 6.0
_LOST_S = 120.0
"""A device that is known to be lost is being opened again; a fresh process would do no more, but for its own faults."""
_PASS_S = 30.0
_SAME_S = 600.0
"""No turn takes so long over one thing."""

log = logging.getLogger("voice_livemind.kiosk")


class Signs(NamedTuple):
    """Of life. Seconds count from now backwards."""

    deaf_s: float | None = None
    """Since sound of the microphone was last taken by the conversation; ``None``: none is expected yet."""
    microphone_lost: bool = False
    """It is known to be, and being opened again."""
    pass_s: float = 0.0
    """Since the recogniser or the voice began what it has not finished yet."""
    busy_s: float = 0.0
    """Since the turn began with what it does now."""
    self_test: str | None = None
    """Why it was failed."""


def unfit(signs: Signs) -> str | None:
    """Why the kiosk could serve nobody, and only a fresh process might; ``None``: it could."""
    if signs.deaf_s is not None and signs.deaf_s > (_LOST_S if signs.microphone_lost else _DEAF_S):
        return f"nothing was heard for {signs.deaf_s:.0f} s, not even silence"
    if signs.pass_s > _PASS_S:
        return f"the recogniser or the voice has not come back for {signs.pass_s:.0f} s"
    if signs.busy_s > _SAME_S:
        return f"the turn has stood still for {signs.busy_s:.0f} s"
    if signs.self_test is not None:
        return f"the self-test was failed: {signs.self_test}"
    return None


class Watch:
    """Reads the signs from the state of the kiosk."""

    def __init__(self, state: KioskState, work: Work, now_s: float) -> None:
        """``now_s``, here and below, is on the monotonic clock."""
        self._state = state
        self._work = work
        self._looked_s = now_s
        self._counts_from_s = now_s
        self._serves_since_s: float | None = None

    def signs(self, now_s: float) -> Signs:
        """Those of now."""
        state = self._state
        if now_s - self._looked_s > _LATE_S:
            self._counts_from_s = now_s
        self._looked_s = now_s
        if state.activity in ("starting", "waiting"):
            self._serves_since_s = None
        elif self._serves_since_s is None:
            self._serves_since_s = now_s
        heard_s = None
        if self._serves_since_s is not None:
            heard_s = max(self._serves_since_s, state.last_frame_s or self._serves_since_s)
        works, _ = state.devices.get("microphone", (True, ""))
        busy = state.activity in ("greeting", "thinking", "speaking")
        return Signs(
            None if heard_s is None else self._since(heard_s, now_s),
            not works,
            self._since(self._work.oldest_since_s(), now_s),
            self._since(state.since_s, now_s) if busy else 0.0,
            state.self_test.detail if state.self_test is not None and not state.self_test.ok else None,
        )

    def _since(self, begin_s: float | None, now_s: float) -> float:
        return 0.0 if begin_s is None else now_s - max(begin_s, self._counts_from_s)


async def feed_watchdog(state: KioskState, work: Work) -> None:
    """Feed until the kiosk is unfit; then have this process ended, by force. Runs until cancelled."""
    loop = asyncio.get_running_loop()
    watch, told = Watch(state, work, loop.time()), ""
    limit_s = notify.watchdog_s()
    every_s = min(_LOOK_EVERY_S, limit_s / 4) if limit_s is not None else _LOOK_EVERY_S
    while (wrong := unfit(watch.signs(loop.time()))) is None:
        notify.feed()
        doing = f"{state.activity}, {state.rung}" + (f": {state.detail}" if state.detail else "")
        if doing != told:
            told = doing
            notify.status(doing)
        await asyncio.sleep(every_s)
    log.critical("ending at once, to be started again: %s", wrong)
    notify.status(wrong)
    if not notify.listened_to():
        # What is stuck could keep a good end from coming. The children end with this process.
        os.abort()
    notify.trigger()
    await asyncio.Event().wait()
