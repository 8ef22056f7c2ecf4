"""Server-sent events: whoever looks at the page is told what is to be seen, whenever it has changed.

A listener is sent the whole of it, so that nothing has to be kept for one who is slow: what was not sent in time is
replaced by what is true now. One who takes nothing at all is dropped.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

_LOOK_EVERY_S = 0.2
_SIGN_OF_LIFE_S = 15.0
"""So that a listener that has gone without a word is noticed."""
_PATIENCE_S = 10.0
_MOST_LISTENERS = 8


class Listeners:
    """All who are told."""

    def __init__(self, look: Callable[[], tuple[float, dict[str, Any]]]) -> None:
        """``look``: the time on the sample clock, and what is to be seen."""
        self._look = look
        self._count = 0

    async def tell(self, request: web.Request) -> web.StreamResponse:
        """One of them, until it leaves."""
        if self._count >= _MOST_LISTENERS:
            raise web.HTTPServiceUnavailable(text="too many are looking at this page already\n")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self._count += 1
        try:
            await response.prepare(request)
            await self._tell(response.write)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass
        finally:
            self._count -= 1
        return response

    async def _tell(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        """Raises TimeoutError and ConnectionError."""
        told, told_s = "", 0.0
        now = asyncio.get_running_loop().time
        while True:
            now_s, shown = self._look()
            seen = json.dumps(shown, ensure_ascii=False)
            if seen != told or now() - told_s > _SIGN_OF_LIFE_S:
                async with asyncio.timeout(_PATIENCE_S):
                    await write(f'data: {{"now_s": {now_s:.2f}, "seen": {seen}}}\n\n'.encode())
                told, told_s = seen, now()
            await asyncio.sleep(_LOOK_EVERY_S)
