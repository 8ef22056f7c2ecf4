"""The page, ``/health`` and ``/metrics`` over HTTP, for the length of a context.

Nobody who asks can harm the conversation: there are few connections, each is good for one request and must make it
soon, requests are small, and what is told is small as well.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from voice_livemind.config import Settings
from voice_livemind.errors import UserError
from voice_livemind.health.access import Access, access_to, refusal
from voice_livemind.health.events import Listeners
from voice_livemind.health.metrics import Metrics
from voice_livemind.health.report import report
from voice_livemind.health.seen import seen
from voice_livemind.health.traces import traced
from voice_livemind.health.watching import Watching
from voice_livemind.kiosk.state import KioskState
from voice_livemind.kiosk.views import Views
from voice_livemind.surroundings import View

_MOST_CONNECTIONS = 32
_REQUEST_WITHIN_S = 10
_HANDSHAKE_WITHIN_S = 5
_LIMITS: dict[str, Any] = {
    "max_line_size": 4096,
    "max_field_size": 4096,
    "max_headers": 64,
    "keepalive_timeout": _REQUEST_WITHIN_S,
    "lingering_time": 2,
    "handler_cancellation": True,
    "shutdown_timeout": 0.5,
    "access_log": None,
    # What strangers send would fill the log.
    "logger": logging.getLogger("voice_livemind.health.requests"),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


@asynccontextmanager
async def health_served(settings: Settings, state: KioskState, press: Callable[[], None]) -> AsyncIterator[View]:
    """The view is to be told of the conversation; ``press`` is called for a ``POST /button``.

    Raises UserError: an address that would need a token and TLS and has none, or one that can't be used.
    """
    access = access_to(settings.health)
    watching, metrics = Watching(), Metrics(state)
    with traced(settings.health) as traces:
        runner = web.AppRunner(_app(access, state, watching, metrics, press), **_LIMITS)
        await runner.setup()
        try:
            async with _listening(runner, access, settings.health.host, settings.health.port):
                yield Views([watching, metrics, *traces])
        finally:
            await runner.cleanup()


def _app(
    access: Access, state: KioskState, watching: Watching, metrics: Metrics, press: Callable[[], None]
) -> web.Application:
    started_s = time.monotonic()
    listeners = Listeners(lambda: (watching.now_s, seen(state, watching.turns, time.monotonic())))

    async def health(_: web.Request) -> web.Response:
        told = report(state, started_s, time.monotonic())
        return web.json_response(told, status=200 if told["answers"] else 503)

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def button(_: web.Request) -> web.Response:
        press()
        return web.Response(status=204)

    app = web.Application(middlewares=[_guard(access)])
    app.router.add_get("/health", health, allow_head=False)
    app.router.add_get("/metrics", figures, allow_head=False)
    app.router.add_get("/events", listeners.tell, allow_head=False)
    app.router.add_post("/button", button)
    for path, (name, content_type) in _FILES.items():
        app.router.add_get(path, _file(name, content_type), allow_head=False)
    app.on_response_prepare.append(_with_headers)
    return app


def _guard(access: Access) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        status = refusal(access, request.method, request.headers)
        if status is not None:
            asks = {"WWW-Authenticate": 'Basic realm="voice-livemind"'} if status == 401 else None
            return web.Response(status=status, headers=asks)
        return await handler(request)

    return guard


async def _with_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    # Who sends one request after the other and reads no answer would hold the connection for ever.
    response.force_close()


def _file(name: str, content_type: str) -> Handler:
    text = (resources.files("voice_livemind.health") / "page" / name).read_text(encoding="utf-8")

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return handler


@asynccontextmanager
async def _listening(runner: web.AppRunner, access: Access, host: str, port: int) -> AsyncIterator[None]:
    server = runner.server
    assert server is not None

    def connection() -> asyncio.BaseProtocol:
        return server() if len(server.connections) < _MOST_CONNECTIONS else _Refused()

    try:
        within_s = _HANDSHAKE_WITHIN_S if access.tls else None
        listening = await asyncio.get_running_loop().create_server(
            connection, host, port, ssl=access.tls, ssl_handshake_timeout=within_s
        )
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"health.host = {host!r}, health.port = {port}: {reason}") from None
    try:
        yield
    finally:
        listening.close()


class _Refused(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Without a word."""
        assert isinstance(transport, asyncio.Transport)
        transport.abort()
