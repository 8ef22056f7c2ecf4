"""What a monitor, a phone or a stranger gets from the health page. The server is real, the conversation is scripted."""

import asyncio
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from prometheus_client.parser import text_string_to_metric_families

from tests.health import converse, page
from tests.scripted import Dialogue, ScriptedModel, on_virtual_time
from voice_livemind.config import load_settings
from voice_livemind.errors import UserError
from voice_livemind.health import events, server
from voice_livemind.health.access import access_to
from voice_livemind.health.metrics import Metrics
from voice_livemind.health.report import report
from voice_livemind.health.seen import seen
from voice_livemind.health.watching import Watching
from voice_livemind.kiosk.ladder import Rung
from voice_livemind.kiosk.state import KioskState, SelfTest
from voice_livemind.record.turn import SegmentRecord, TurnRecord
from voice_livemind.serving.shedding import Shed

TOKEN = "a-long-and-secret-token"
THREE = (
    (0.5, 1.5, "Tom has two boxes."),
    (2.1, 3.5, "Each holds four eggs."),
    (4.1, 5.5, "How many eggs are there?"),
)


def idle() -> KioskState:
    """A kiosk that is ready."""
    now_s = time.monotonic()
    state = KioskState(now_s, "idle", last_frame_s=now_s, self_test=SelfTest(True, now_s, "heard"))
    state.devices = {"microphone": (True, "is open"), "loudspeaker": (True, "is open")}
    return state


async def get(url: str, method: str = "GET", **headers: str) -> tuple[int, str, Any]:
    """Status, body and headers."""
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as answer:
        return answer.status, await answer.text(), answer.headers


def on_page(check: Callable[[str], Coroutine[Any, Any, None]], *health: str, state: KioskState | None = None) -> None:
    """Run ``check`` with the address of a page."""

    async def main() -> None:
        async with page(state or idle(), *health) as served:
            await check(served.url)

    asyncio.run(main())


# For a monitor


def test_a_kiosk_that_is_ready_says_so() -> None:
    async def check(url: str) -> None:
        status, body, _ = await get(f"{url}/health")
        told = json.loads(body)
        assert status == 200 and told["answers"] and told["obstacles"] == []
        assert (told["state"], told["ladder"]) == ("idle", {"step": 0, "rung": "full"})
        assert told["devices"]["microphone"] == {"works": True, "message": "is open"}
        assert told["self_test"]["ok"] and told["last_turn"] is None and "voice-livemind" in told["versions"]
        assert 0 <= told["last_frame_age_s"] < 60 and 0 <= told["uptime_s"] < 60

    on_page(check)


def _starting(state: KioskState) -> None:
    state.becomes("waiting", time.monotonic(), "for the loudspeaker")


def _lost(state: KioskState) -> None:
    state.devices["microphone"] = False, "'mic' is lost"


def _deaf(state: KioskState) -> None:
    state.last_frame_s = time.monotonic() - 11


def _untested(state: KioskState) -> None:
    state.self_test = SelfTest(False, time.monotonic(), "it heard nothing")


def _mute(state: KioskState) -> None:
    state.rung = Rung.PREPARED


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        (_starting, "waiting: for the loudspeaker"),
        (_lost, "microphone: 'mic' is lost"),
        (_deaf, "nothing has come from the microphone for more than 10 s"),
        (_untested, "self-test: it heard nothing"),
        (_mute, "no model answers"),
    ],
)
def test_a_kiosk_that_can_answer_nobody_is_unavailable_and_says_why(
    breaks: Callable[[KioskState], None], says: str
) -> None:
    state = idle()
    breaks(state)

    async def check(url: str) -> None:
        status, body, _ = await get(f"{url}/health")
        assert (status, json.loads(body)["obstacles"]) == (503, [says])
        assert "voice_livemind_answers 0.0" in (await get(f"{url}/metrics"))[1]

    on_page(check, state=state)


def test_a_step_down_the_ladder_and_quiet_hours_are_no_outage() -> None:
    state = idle()
    state.rung = Rung.LOCAL_SPEAKER
    state.becomes("quiet_hours", 0.0)
    told = report(state, 0.0, time.monotonic())
    assert told["answers"] and told["ladder"] == {"step": 2, "rung": "local_speaker"}


def test_what_slow_servers_are_spared_is_shown_and_is_no_outage() -> None:
    state = idle()
    state.shed = Shed.WARMING

    async def check(url: str) -> None:
        status, body, _ = await get(f"{url}/health")
        assert (status, json.loads(body)["shedding"]) == (200, {"level": 2, "shed": "warming"})
        assert "voice_livemind_shedding 2.0" in (await get(f"{url}/metrics"))[1]

    on_page(check, state=state)
    assert report(idle(), 0.0, 0.0)["shedding"] == {"level": 0, "shed": "nothing"}


def test_health_tells_the_times_of_the_last_turn_and_none_of_its_words() -> None:
    (turn,) = Dialogue((1.0, 2.0, "What is one?")).replay("livemind")
    state = idle()
    state.turns.append(turn)
    told = report(state, 0.0, time.monotonic())
    assert told["last_turn"]["first_word_s"] == pytest.approx(turn.first_word_s, abs=0.001)
    assert told["last_turn"]["commit_wait_s"] == pytest.approx(1.0, abs=0.001)
    assert "What is" not in json.dumps(told) and "It is one" not in json.dumps(told)


def test_prometheus_gets_the_waits_and_the_counts() -> None:
    state = idle()
    state.visitors, state.rung = 3, Rung.WITHOUT_THINKER
    metrics = Metrics(state)
    first, second = Dialogue((1.0, 2.0, "What is one?"), (8.0, 9.0, "And two?")).replay("livemind")
    second.interrupted, second.fallback, second.tokens.wasted = True, "speaker: gone", 7
    for turn in (first, second, TurnRecord(3, "livemind")):
        metrics.over(turn)
    for message, working in (("is lost", False), ("no such device", False), ("is back", True), ("is lost", False)):
        metrics.device("microphone", message, working)
    samples = {
        (sample.name.removeprefix("voice_livemind_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }
    assert samples["turns_total",] == 2 and samples["visitors_total",] == 3
    assert samples["interruptions_total",] == samples["fallbacks_total",] == 1
    assert samples["device_losses_total", "microphone"] == 2
    assert samples["tokens_total", "wasted"] == first.tokens.wasted + 7
    assert samples["first_word_seconds_count",] == 2
    assert first.first_word_s is not None and second.first_word_s is not None
    assert samples["first_word_seconds_sum",] == pytest.approx(first.first_word_s + second.first_word_s, abs=0.002)
    assert samples["commit_wait_seconds_bucket", "1.25"] == 2 and samples["commit_wait_seconds_bucket", "0.8"] == 0
    assert samples["rung", "without_thinker"] == 1 and samples["rung", "full"] == 0
    assert samples["device_works", "microphone"] == 1 and samples["last_frame_age_seconds",] >= 0


# What is seen of a conversation


class Looked(Watching):
    """Looks at the page at every frame, and keeps what has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[dict[str, Any]] = []

    def frame(self, frame: Any, speech: float) -> None:
        super().frame(frame, speech)
        turns = seen(idle(), self.turns, 0.0)["turns"]
        if turns and (not self.looks or self.looks[-1] != turns[-1]):
            self.looks.append(json.loads(json.dumps(turns[-1])))


def watched(dialogue: Dialogue, mode: str = "paper", tail_s: float = 3.0) -> Looked:
    """The dialogue, on virtual time."""
    view = Looked()
    on_virtual_time(converse(dialogue, view, mode, tail_s))
    return view


def test_a_turn_is_seen_as_it_grows() -> None:
    dialogue = Dialogue(*THREE)
    dialogue.thinker = ScriptedModel("boxes = 2", "eggs = 2 * 4 = 8")
    dialogue.speaker = ScriptedModel("There are eight eggs.")
    looks = watched(dialogue).looks
    texts = [[sentence["text"] for sentence in look["sentences"]] for look in looks]
    assert texts[0] == [] and texts[-1] == [text for _, _, text in THREE]
    assert [THREE[0][2]] in texts and looks[0]["committed"] is None
    thoughts = [thought for look in looks for sentence in look["sentences"] for thought in sentence["thoughts"]]
    assert {"thinking", "kept"} <= {thought["fate"] for thought in thoughts}
    heard = [look["heard"] for look in looks]
    assert "There are" in heard and heard[-1] == "There are eight eggs."
    assert any(look["heard"] == "There are" and look["rest"] == "eight eggs." for look in looks)
    last = looks[-1]
    assert last["over"] and last["waits"]["first_clause"] is not None and not last["interrupted"]
    first_words = {look["waits"]["first_word"] for look in looks if look["heard"]}
    assert first_words == {last["waits"]["first_word"]}
    assert last["reply"][0] < last["reply"][1]


def test_a_greeting_is_seen_as_the_first_sound_and_not_as_the_first_word() -> None:
    record = TurnRecord(1, "livemind")
    record.marks.speech_end, record.marks.committed = 2.0, 3.0
    view = Watching()
    view.begun(record)
    waits = []
    for text, start_s, prepared in (("Hello!", 3.0, True), ("It is one.", 4.5, False)):
        view.clause(text, start_s, prepared)
        (turn,) = seen(idle(), view.turns, 0.0)["turns"]
        waits.append((turn["waits"]["first_sound"], turn["waits"]["first_word"]))
    assert waits == [(1.0, None), (1.0, 2.5)]


def test_a_thought_on_a_sentence_that_was_heard_otherwise_is_seen_as_stale() -> None:
    record = TurnRecord(1, "livemind")
    record.segments = [
        SegmentRecord(0, 0, "I need a box.", 0.0, 1.0, "infer", "boxes = 1", 1.0, 1.5, "stale"),
        SegmentRecord(0, 1, "I need a big box.", 0.0, 2.0, "infer", None, 2.0, 2.2, "aborted"),
        SegmentRecord(1, 0, "", 2.0, 2.1, "wait", None, 2.0, 2.2, None),
    ]
    view = Watching()
    view.begun(record)
    (sentence,) = seen(idle(), view.turns, 0.0)["turns"][0]["sentences"]
    assert sentence["text"] == "I need a big box."
    assert [(thought["note"], thought["fate"]) for thought in sentence["thoughts"]] == [
        ("boxes = 1", "stale"),
        ("", "aborted"),
    ]


def test_an_interrupted_reply_is_seen_up_to_where_it_was_heard() -> None:
    dialogue = Dialogue((0.5, 1.5, "Count."), (5.0, 6.0, "Stop."))
    dialogue.speaker = ScriptedModel("One two three four five six seven eight nine ten eleven twelve.", "Yes.")
    view = Watching()
    on_virtual_time(converse(dialogue, view, "paper", 3.0))
    first, second = seen(idle(), view.turns, 0.0)["turns"]
    assert first["interrupted"] and first["heard"].startswith("One two") and first["rest"].endswith("twelve.")
    assert second["heard"] == "Yes." and second["number"] == 2


def test_a_cough_leaves_nothing_on_the_page() -> None:
    view = watched(Dialogue((1.0, 1.2, "")))
    assert view.looks and not view.turns


def test_a_reopened_turn_has_no_reply_until_there_is_another() -> None:
    view = watched(Dialogue((1.0, 2.0, "Tell me."), (3.6, 4.6, "All of it.")))
    replies = [bool(look["heard"] or look["rest"]) for look in view.looks]
    changes = [reply for place, reply in enumerate(replies) if place == 0 or reply != replies[place - 1]]
    assert changes == [False, True, False, True]


def test_nothing_that_a_visitor_said_is_left_when_he_has_gone() -> None:
    async def main() -> None:
        async with page(state := idle()) as served:
            dialogue = Dialogue((0.1, 0.4, "My name is Rumpelstiltskin."))
            for turn in await converse(dialogue, served.view):
                state.turns.append(turn)
            assert "Rumpelstiltskin" in await _first_event(served.url)
            state.forget_words()
            served.view.forgotten()
            told = [await _first_event(served.url), *[(await get(served.url + p))[1] for p in ("/health", "/metrics")]]
            assert not any("Rumpelstiltskin" in text for text in told)

    asyncio.run(main())


async def _first_event(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/events") as answer:
        assert answer.content_type == "text/event-stream"
        return (await answer.content.readuntil(b"\n\n")).decode()


def test_who_looks_is_told_of_each_change_and_nothing_else() -> None:
    async def main() -> None:
        async with (
            page(state := idle()) as served,
            aiohttp.ClientSession() as session,
            session.get(f"{served.url}/events") as answer,
        ):
            first = json.loads((await answer.content.readuntil(b"\n\n")).removeprefix(b"data: "))
            assert first["seen"]["activity"] == "idle"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 0.7)
            state.becomes("listening", 0.0)
            second = json.loads((await answer.content.readuntil(b"\n\n")).removeprefix(b"data: "))
            assert second["seen"]["activity"] == "listening"

    asyncio.run(main())


# Who may ask


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}, 204),
        ({"Origin": "http://localhost:{port}"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:{port}", "Origin": "http://evil.example:{port}"}, 421),
    ],
)
def test_the_button_is_pushed_from_this_machine_alone(headers: dict[str, str], status: int) -> None:
    pushes: list[None] = []

    async def main() -> None:
        async with page(idle(), press=lambda: pushes.append(None)) as served:
            given = {name: value.format(port=served.port) for name, value in headers.items()}
            assert (await get(f"{served.url}/button", "POST", **given))[0] == status
            assert (await get(f"{served.url}/button"))[0] == 405

    asyncio.run(main())
    assert len(pushes) == (status == 204)


@pytest.mark.parametrize("path", ["/", "/health", "/metrics", "/events", "/page.js", "/nothing"])
def test_a_strangers_name_for_this_machine_is_refused(path: str) -> None:
    async def check(url: str) -> None:
        assert (await get(url + path, Host="evil.example"))[0] == 421

    on_page(check)


@pytest.mark.parametrize("path", ["/", "/page.js", "/page.css", "/icon.svg", "/health", "/nothing"])
def test_every_answer_forbids_what_the_page_does_not_need(path: str) -> None:
    async def check(url: str) -> None:
        _, _, headers = await get(url + path)
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';") and "unsafe" not in policy
        assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")

    on_page(check)


def test_with_a_token_nothing_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_TOKEN", TOKEN)

    async def check(url: str) -> None:
        for path in ("/", "/health", "/metrics", "/events", "/page.js"):
            status, body, headers = await get(url + path)
            assert (status, body) == (401, "") and headers["WWW-Authenticate"].startswith("Basic ")
        for wrong in (
            "",
            "Bearer",
            "Bearer x",
            f"Bearer {TOKEN}x",
            f"Token {TOKEN}",
            "Basic !",
            "Basic AAAA",
            "Bearer ü",
        ):
            assert (await get(f"{url}/health", Authorization=wrong))[0] == 401
        basic = aiohttp.encode_basic_auth("anybody", TOKEN)
        for right in (f"Bearer {TOKEN}", f"bearer {TOKEN}", basic):
            assert (await get(f"{url}/health", Authorization=right))[0] == 200
        assert (await get(f"{url}/button", "POST", Authorization=basic, Origin="https://evil.example"))[0] == 403

    on_page(check, "token_env=KIOSK_TOKEN")


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """cert.pem and key.pem of 127.0.0.1, and ca.pem."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    for place, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(str(tmp_path / "cert.pem"), append=place > 0)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "key.pem").chmod(0o600)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "token").chmod(0o600)
    return tmp_path


def test_beyond_the_loopback_it_takes_a_token_over_tls(certificates: Path) -> None:
    health = [
        "host=0.0.0.0",
        f"token_file={certificates}/token",
        f"tls_certificate={certificates}/cert.pem",
        f"tls_key={certificates}/key.pem",
    ]

    async def main() -> None:
        trusted = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        async with (
            page(idle(), *health, scheme="https") as served,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as session,
        ):
            for headers, status in (({}, 401), ({"Authorization": f"Bearer {TOKEN}"}, 200)):
                async with session.get(f"{served.url}/health", headers=headers) as answer:
                    assert answer.status == status
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"http://127.0.0.1:{served.port}/health")

    asyncio.run(main())


ALL = {"host": "0.0.0.0", "token_file": "token", "tls_certificate": "cert.pem", "tls_key": "key.pem"}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"token_file": "", "tls_certificate": "", "tls_key": ""}, "needs a token"),
        ({"token_file": ""}, "needs a token"),
        ({"tls_certificate": "", "tls_key": ""}, "needs a token"),
        ({"host": "::", "tls_certificate": "", "tls_key": ""}, "'::'"),
        ({"host": "", "token_file": ""}, "needs a token"),
        ({"host": "kiosk.local", "token_file": ""}, "'kiosk.local'"),
        ({"tls_key": ""}, "go together"),
        ({"tls_key": "cert.pem"}, "cert.pem"),
        ({"tls_certificate": "nothing.pem"}, "nothing.pem"),
        ({"token_file": "open"}, "chmod 600"),
        ({"token_file": "short"}, "fewer than 16"),
        ({"token_file": "nothing"}, "nothing"),
        ({"tls_key": "open"}, "chmod 600"),
    ],
)
def test_settings_that_would_let_strangers_in_are_refused(
    certificates: Path, changes: dict[str, str], names: str
) -> None:
    (certificates / "open").write_text(TOKEN)
    (certificates / "open").chmod(0o644)
    (certificates / "short").write_text("secret")
    (certificates / "short").chmod(0o600)
    (certificates / "cert.pem").chmod(0o600)
    values = {
        name: value if name == "host" or not value else f"{certificates}/{value}"
        for name, value in (ALL | changes).items()
    }
    settings = load_settings(None, [f'health.{name}="{value}"' for name, value in values.items()])
    with pytest.raises(UserError) as refused:
        access_to(settings.health)
    assert names in str(refused.value) and TOKEN not in str(refused.value) and "\n" not in str(refused.value)


def test_an_address_in_use_is_named() -> None:
    async def check(url: str) -> None:
        port = url.rpartition(":")[2]
        settings = load_settings(None, [f"health.port={port}"])
        with pytest.raises(UserError, match=f"health.port = {port}: .*in use"):
            async with server.health_served(settings, idle(), lambda: None):
                pass

    on_page(check)


# Who takes up room


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that says nothing yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX", b"\r\n\r\n"])
def test_who_never_finishes_a_request_is_hung_up_on(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setitem(server._LIMITS, "keepalive_timeout", 0.3)

    async def main() -> None:
        async with page(idle()) as served, connected(served.port) as (reader, writer):
            writer.write(sent)
            async with asyncio.timeout(30):
                await reader.read()

    asyncio.run(main())


def test_who_sends_without_end_is_hung_up_on() -> None:
    async def main() -> None:
        async with page(idle()) as served, connected(served.port) as (_, writer):
            writer.write(b"POST /button HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000000\r\n\r\n")
            async with asyncio.timeout(30):
                with pytest.raises(ConnectionError):
                    while True:
                        writer.write(bytes(65536))
                        await writer.drain()
                        await asyncio.sleep(0.01)
            assert (await get(f"{served.url}/health"))[0] == 200

    asyncio.run(main())


def test_there_are_so_many_connections_and_listeners_and_no_more() -> None:
    async def main() -> None:
        async with page(idle()) as served, aiohttp.ClientSession() as session:
            listeners = [await session.get(f"{served.url}/events") for _ in range(events._MOST_LISTENERS)]
            assert {listener.status for listener in listeners} == {200}
            assert (await get(f"{served.url}/events"))[0] == 503
            silent = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(server._MOST_CONNECTIONS)]
            await eventually(lambda: _answers(served.url), False)
            for _, writer in silent:
                writer.transport.abort()
            for listener in listeners:
                listener.close()
            # They have gone, and others are served again.
            await eventually(lambda: _answers(served.url), True)
            await eventually(lambda: _refused(served.url), False)

    asyncio.run(main())


def test_a_listener_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_PATIENCE_S", 0.3)
    monkeypatch.setattr(events, "_LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(events, "_MOST_LISTENERS", 1)

    async def main() -> None:
        async with page(state := idle()) as served:
            with socket.create_connection(("127.0.0.1", served.port)) as stalled:
                stalled.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                await eventually(lambda: _refused(served.url), True)

                async def refused_although_more_is_sent() -> bool:
                    state.detail = ("x" if state.detail[:1] == "y" else "y") * 500_000
                    return await _refused(served.url)

                await eventually(refused_although_more_is_sent, False)

    asyncio.run(main())


async def eventually(condition: Callable[[], Coroutine[Any, Any, bool]], value: bool) -> None:
    """Wait until it has that value."""
    async with asyncio.timeout(60):
        while await condition() != value:  # noqa: ASYNC110 (it is asked over HTTP)
            await asyncio.sleep(0.05)


async def _answers(url: str) -> bool:
    try:
        return (await get(f"{url}/health"))[0] == 200
    except aiohttp.ClientError:
        return False


async def _refused(url: str) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/events") as answer:
        return answer.status == 503
