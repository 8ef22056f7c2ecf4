"""The page in a real browser: Debian's Chromium without a screen."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

from playwright.async_api import Page, async_playwright, expect
from playwright.sync_api import expect as expect_now
from playwright.sync_api import sync_playwright

from tests.audio import recording
from tests.health import converse, page
from tests.kiosk import kiosk_on
from tests.scripted import Dialogue, ScriptedModel
from tests.sound_card import SoundCard
from tests.unit.test_health import idle
from voice_livemind.kiosk.ladder import Rung

_WITHIN_MS = 60_000


@asynccontextmanager
async def browser(url: str) -> AsyncIterator[Page]:
    """At the page; whatever it complains about is an error, but for a kiosk that is unavailable."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=shutil.which("chromium"))
        tab = await chromium.new_page()
        tab.set_default_timeout(_WITHIN_MS)
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        await tab.goto(url)
        await expect(tab.locator("#activity")).not_to_have_text("connecting …", timeout=_WITHIN_MS)
        yield tab
        assert [complaint for complaint in complaints if "status of 503" not in complaint] == []
        await chromium.close()


def test_a_turn_is_seen_with_its_thoughts_its_reply_and_its_times() -> None:
    dialogue = Dialogue(
        (0.3, 1.3, "Tom has two boxes."), (1.9, 3.3, "Each holds four eggs."), (3.9, 5.3, "<b>How many</b> eggs?")
    )
    dialogue.thinker = ScriptedModel("boxes = 2", "eggs = 2 * 4 = 8")
    dialogue.speaker = ScriptedModel("There are eight eggs in all of Tom's boxes, four in each.")

    async def main() -> None:
        async with page(idle()) as served, browser(served.url) as tab:
            await expect(tab.get_by_text("Nobody has said anything yet.")).to_be_visible()
            turn = tab.get_by_role("article", name="Turn 1")
            async with asyncio.TaskGroup() as tasks:
                talk = tasks.create_task(converse(dialogue, served.view, "paper", 4.0))
                for shown in ("listening", "Tom has two boxes.", "thinking", "Each holds four eggs.", "speaking"):
                    await expect(turn).to_contain_text(shown, timeout=_WITHIN_MS)
                # What has been heard grows.
                await expect(turn.locator(".heard")).to_have_text(re.compile("^There are"), timeout=_WITHIN_MS)
                await talk
            await expect(turn.locator(".top")).to_contain_text("over", timeout=_WITHIN_MS)
            await expect(turn.locator(".heard")).to_have_text(dialogue.speaker.replies[0])
            # What a visitor says is text.
            await expect(turn).to_contain_text("<b>How many</b> eggs?")
            assert await turn.locator("b").count() == 0
            await expect(turn.locator(".thoughts li")).to_have_text(["boxes = 2 kept", "eggs = 2 * 4 = 8 kept"])
            await expect(turn.locator(".times .main")).to_have_text(re.compile(r"first word\s*\+\d+\.\d\d s"))
            assert (
                await turn.locator(".track i.kept").count() == 2 and await turn.locator(".track i.reply").count() == 1
            )
            # A screen reader is told each settled sentence once, and finds its way by landmarks and headings.
            await expect(tab.get_by_role("status")).to_contain_text("Kiosk: There are eight eggs")
            for landmark in (tab.get_by_role("banner"), tab.get_by_role("main"), tab.get_by_role("complementary")):
                await expect(landmark).to_be_visible()
            headings = await tab.locator("h1,h2,h3,h4").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
            assert headings[0] == 1 and all(after <= before + 1 for before, after in pairwise(headings))
            await tab.set_viewport_size({"width": 375, "height": 740})
            assert await tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            # The visitor goes.
            served.view.forgotten()
            await expect(turn).to_have_count(0, timeout=_WITHIN_MS)

    asyncio.run(main())


def test_what_is_wrong_is_said_and_the_button_can_be_pushed() -> None:
    async def main() -> None:
        pushes: list[None] = []
        async with page(state := idle(), press=lambda: pushes.append(None)) as served, browser(served.url) as tab:
            alert = tab.get_by_role("alert")
            await expect(alert).to_have_count(0)
            state.last_frame_s = None
            state.rung = Rung.PREPARED
            state.devices["microphone"] = False, "'mic' is lost: trying to open it again"
            await expect(alert).to_have_text(
                "It can't answer: microphone: 'mic' is lost: trying to open it again; no model answers."
            )
            await expect(tab.locator("dd.bad")).to_have_count(2)
            state.rung, state.devices["microphone"] = Rung.FULL, (True, "'mic' is back")
            await expect(alert).to_have_count(0)
            async with tab.expect_response("**/button") as answer:
                await tab.get_by_role("button", name="Push the button").press("Enter")
            assert (await answer.value).status == 204 and len(pushes) == 1

    asyncio.run(main())


def test_the_page_goes_on_by_itself_when_the_kiosk_is_back() -> None:
    async def main() -> None:
        async with page(idle()) as served, browser(served.url) as tab:
            # As while too many others look at it.
            await tab.route("**/events", lambda route: route.fulfill(status=503))
            await tab.reload()
            await expect(tab.locator("#activity")).to_have_text("no connection", timeout=_WITHIN_MS)
            await tab.unroute("**/events")
            await expect(tab.locator("#activity")).to_have_text("ready: speak to it", timeout=_WITHIN_MS)

    asyncio.run(main())


def test_a_turn_spoken_into_the_kiosk_is_seen(sound_card: SoundCard) -> None:
    with kiosk_on(sound_card, "Paris is the capital of France.") as kiosk, sync_playwright() as playwright:
        tab = playwright.chromium.launch(executable_path=shutil.which("chromium")).new_page()
        tab.goto(f"http://127.0.0.1:{kiosk.port}/")
        expect_now(tab.locator("#activity")).to_have_text("ready: speak to it", timeout=_WITHIN_MS)
        kiosk.say(recording("capital"))
        turn = tab.get_by_role("article", name="Turn 1")
        expect_now(turn).to_contain_text("capital of France", timeout=_WITHIN_MS)
        expect_now(turn.locator(".top")).to_contain_text("over", timeout=_WITHIN_MS)
        expect_now(turn.locator(".heard")).to_have_text("Paris is the capital of France.")
        expect_now(turn.locator(".times .main")).to_have_text(re.compile(r"first word\s*\+\d+\.\d\d s"))
