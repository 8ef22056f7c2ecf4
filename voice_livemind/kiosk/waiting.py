"""Waits for what a kiosk can't do without, for as long as it takes."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TypeVar

from voice_livemind.errors import UserError
from voice_livemind.kiosk.state import KioskState

T = TypeVar("T")

_FIRST_S = 0.5
_LONGEST_S = 15.0

log = logging.getLogger("voice_livemind.kiosk")


async def until_open(
    stack: AsyncExitStack,
    state: KioskState,
    what: str,
    open_it: Callable[[], AbstractAsyncContextManager[T]],
) -> T:
    """Enter ``open_it()`` into ``stack``; try again, ever more slowly, while it raises UserError.

    Why it fails is logged when that changes, and can be seen in ``state``.
    """
    wait_s, said = _FIRST_S, ""
    while True:
        try:
            opened = await stack.enter_async_context(open_it())
        except UserError as error:
            if str(error) != said:
                said = str(error)
                log.warning("waiting for the %s: %s", what, said)
                state.becomes("waiting", time.monotonic(), f"for the {what}: {said}")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_S)
        else:
            if said:
                log.info("the %s is there", what)
                state.becomes("starting", time.monotonic())
            return opened
