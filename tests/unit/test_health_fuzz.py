"""Whatever is sent to the health page, it goes on answering, and keeps nothing of it."""

import asyncio
import gc
import json
import tracemalloc
from collections.abc import Iterator
from threading import Event, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.health import page
from tests.unit.test_health import get, idle
from voice_livemind.health import server

_WORDS = [b"GET", b"POST", b"HEAD", b"OPTIONS", b"CONNECT", b"PRI", b"G\xcbT", b""]
_TARGETS = [b"/", b"/health", b"/metrics", b"/events", b"/button", b"/%ff%00", b"/../../etc/passwd", b"*", b"//evil/"]
_TARGETS += [b"http://evil/health", b"/?" + b"a" * 5000]
_VERSIONS = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/", b""]
_FIELDS = [
    b"Host: localhost",
    b"Host:",
    b"Host: [::1",
    b"Host: \xff\xfe",
    b"Content-Length: 5",
    b"Content-Length: -1",
    b"Content-Length: 99999999999999999999",
    b"Transfer-Encoding: chunked",
    b"Content-Encoding: gzip",
    b"Expect: 100-continue",
    b"Upgrade: websocket\r\nConnection: Upgrade",
    b"Authorization: Basic \xff",
    b"Origin: null",
    b"Cookie: " + b"c" * 9000,
    b": nameless",
    b" folded",
    b"A: \x00",
]
_BODIES = [b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFF\r\n", b"-1\r\n", bytes(300_000)]
_BODIES += [b"\x1f\x8b" + b"\xff" * 999]

requests = st.builds(
    lambda words, fields, end, body: b" ".join(words) + b"\r\n" + b"".join(f + b"\r\n" for f in fields) + end + body,
    st.tuples(st.sampled_from(_WORDS), st.sampled_from(_TARGETS), st.sampled_from(_VERSIONS)),
    st.lists(st.sampled_from(_FIELDS) | st.binary(max_size=50), max_size=80),
    st.sampled_from([b"\r\n", b"\r\n", b"", b"\n"]),
    st.sampled_from(_BODIES) | st.binary(max_size=200),
)
sendings = st.lists(requests | st.binary(max_size=300), min_size=1, max_size=4)


class Served:
    """A page in a loop of its own, in another thread."""

    def __init__(self) -> None:
        self.port = 0
        self.started = Event()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()

    def run(self) -> None:
        """Until ``end``."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    def end(self) -> None:
        """From the other thread."""
        self._loop.call_soon_threadsafe(self._over.set)

    async def _serve(self) -> None:
        async with page(idle()) as served:
            self.port = served.port
            self.started.set()
            await self._over.wait()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One page for all that is sent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(server._LIMITS, "keepalive_timeout", 0.5)
        patch.setitem(server._LIMITS, "lingering_time", 0.1)
        serving = Served()
        thread = Thread(target=serving.run)
        thread.start()
        assert serving.started.wait(60)
        yield serving
        serving.end()
        thread.join()


async def _send(port: int, parts: list[bytes]) -> bytes:
    """What comes back, up to the end or for a moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0)
        async with asyncio.timeout(0.05):
            return await reader.read(100_000)
    except (TimeoutError, ConnectionError):
        return b""
    finally:
        writer.transport.abort()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sendings)
def test_whatever_is_sent_the_next_one_is_answered(served: Served, parts: list[bytes]) -> None:
    async def main() -> None:
        answer = await _send(served.port, parts)
        assert b"Traceback" not in answer and not answer.startswith(b"HTTP/1.1 5")
        status, body, _ = await get(f"http://127.0.0.1:{served.port}/health")
        assert status == 200 or "nothing has come from the microphone" in json.loads(body)["obstacles"][0]

    asyncio.run(main())


def test_what_was_sent_is_not_kept(served: Served) -> None:
    async def flood(count: int) -> None:
        body = b"POST /button HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
        for _ in range(count):
            await _send(served.port, [body, bytes(300_000)])
            await _send(served.port, [b"GET /" + b"a" * 4000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"])
            await _send(served.port, [b"\xff" * 5000])

    tracemalloc.start()
    try:
        asyncio.run(flood(20))
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        asyncio.run(flood(100))
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1_000_000
