"""Model servers that misbehave over HTTP, each in one way."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

Answer: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_END = b"0\r\n\r\n"


class BadServer:
    """Counts what it was asked, and remembers the headers of the last request."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        self.headers: dict[str, str] = {}


@asynccontextmanager
async def misbehaving(answer: Answer) -> AsyncIterator[BadServer]:
    """A server on a free loopback port that gives ``answer`` to everything."""
    bad = BadServer()
    open_now: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")[1:]
            bad.headers = dict(line.split(": ", 1) for line in lines if line)
            await reader.readexactly(int(bad.headers["content-length"]))
            bad.asked += 1
            await answer(writer)
        writer.close()
        open_now.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    bad.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield bad
    finally:
        server.close()
        for task in list(open_now):
            task.cancel()
        if open_now:
            await asyncio.wait(open_now)


def token(text: str) -> bytes:
    """An event with one token."""
    return event(json.dumps({"id": "1", "choices": [{"index": 0, "delta": {"content": text}}]}))


def event(data: str) -> bytes:
    """An event with anything."""
    content = f"data: {data}\n\n".encode()
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


async def answers(writer: asyncio.StreamWriter) -> None:
    """Nothing is wrong with this one."""
    writer.write(_HEAD + token("It") + token(" is one.") + event("[DONE]") + _END)
    await writer.drain()


async def hangs(_: asyncio.StreamWriter) -> None:
    """It takes the question, and never answers."""
    await asyncio.Event().wait()


async def stops(writer: asyncio.StreamWriter) -> None:
    """It dies in the middle of its answer."""
    writer.write(_HEAD + token("It is"))
    await writer.drain()


async def stalls(writer: asyncio.StreamWriter) -> None:
    """It stops writing in the middle of its answer."""
    writer.write(_HEAD + token("It is"))
    await asyncio.Event().wait()


async def crawls(writer: asyncio.StreamWriter) -> None:
    """A token a second."""
    writer.write(_HEAD)
    while True:
        writer.write(token("so "))
        await asyncio.sleep(1)


async def never_ends(writer: asyncio.StreamWriter) -> None:
    """It writes fast, and on and on."""
    writer.write(_HEAD)
    while True:
        writer.write(token("so "))
        await writer.drain()
        await asyncio.sleep(0.01)


async def writes_garbage(writer: asyncio.StreamWriter) -> None:
    """Bytes that are no JSON."""
    writer.write(_HEAD + event("{]\x00 garbage") + _END)


async def writes_something_else(writer: asyncio.StreamWriter) -> None:
    """JSON, but no answer."""
    writer.write(_HEAD + event('["what", 7]') + event('{"choices": 7}') + _END)


async def breaks_the_protocol(writer: asyncio.StreamWriter) -> None:
    """Bytes that are no HTTP."""
    writer.write(b"\x00\xff\x00 this is no HTTP\r\n\r\n")


async def shows_a_page(writer: asyncio.StreamWriter) -> None:
    """As a proxy does that has lost what is behind it."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<h1>Sorry!</h1>")


async def reports_an_error(writer: asyncio.StreamWriter) -> None:
    """In the stream, as vLLM does when its engine has died."""
    writer.write(_HEAD + event('{"error": {"message": "EngineCore encountered an issue", "code": 500}}') + _END)


async def is_busy(writer: asyncio.StreamWriter) -> None:
    """Status 503."""
    writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


async def finds_it_too_long(writer: asyncio.StreamWriter) -> None:
    """Status 400: nothing is wrong with the server."""
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


MISBEHAVIOURS: Mapping[str, Answer] = {
    answer.__name__.replace("_", " "): answer
    for answer in (
        *(hangs, stops, stalls, crawls, never_ends, writes_garbage, writes_something_else),
        *(breaks_the_protocol, shows_a_page, reports_an_error, is_busy),
    )
}
