"""Model servers that misbehave: every request ends in time, every visitor is answered, and the record says how."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from tests.bad_server import MISBEHAVIOURS, Answer, answers, finds_it_too_long, misbehaving
from tests.scripted import Dialogue, ScriptedModel, on_virtual_time
from voice_livemind import clock
from voice_livemind.config import Requests, load_settings
from voice_livemind.modes import MODES
from voice_livemind.reply.answer import APOLOGY
from voice_livemind.serving.breaker import Breaker
from voice_livemind.serving.chat import Message, ModelError, OpenAIChat, RefusedError, complete
from voice_livemind.serving.guarded import Guarded
from voice_livemind.serving.process import free_port
from voice_livemind.serving.servers import models_at
from voice_livemind.serving.shedding import Shed, Shedding
from voice_livemind.stations import Stations

T = TypeVar("T")

QUESTION: list[Message] = [{"role": "user", "content": "What is one?"}]
SHORT = Requests(connect_s=0.5, first_token_s=0.3, between_tokens_s=0.3, whole_s=1.0, shed_after_s=0.0)
LIMITS = Requests(connect_s=1.0, first_token_s=2.0, between_tokens_s=0.5, whole_s=10.0, shed_after_s=0.6)
THREE = (
    (1.0, 2.0, "Tom has two boxes."),
    (2.6, 4.0, "Each holds four eggs."),
    (4.6, 6.0, "How many eggs are there?"),
)


def in_real_time(main: Coroutine[Any, Any, T]) -> T:
    """A request that hangs would take much longer than that, on any machine."""

    async def limited() -> T:
        async with asyncio.timeout(60):
            return await main

    return clock.run(limited(), "real")


@pytest.mark.parametrize("answer", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS.keys())
def test_whatever_a_server_does_the_request_ends_in_an_error_and_the_third_one_opens_the_breaker(
    answer: Answer,
) -> None:
    async def main() -> tuple[list[str], int, bool]:
        async with misbehaving(answer) as server:
            chat = OpenAIChat(server.url, "m", connect_s=0.5)
            guarded = Guarded(chat, SHORT, Breaker(), Shedding(0, 10))
            errors = []
            for _ in range(4):
                with pytest.raises(ModelError) as caught:
                    await complete(guarded, QUESTION, 8)
                errors.append(str(caught.value))
            asked = server.asked
            await chat.close()
        return errors, asked, guarded.healthy

    errors, asked, healthy = in_real_time(main())
    assert all(error and "\n" not in error for error in errors)
    assert "left alone" in errors[-1] and not any("left alone" in error for error in errors[:-1])
    # A connection that ends without an answer is tried again once.
    assert asked in (3, 6) and not healthy


def test_a_server_that_refuses_connections_is_an_error_too() -> None:
    async def main() -> None:
        chat = OpenAIChat(f"http://127.0.0.1:{free_port()}/v1", "m")
        with pytest.raises(ModelError, match="does not answer"):
            await complete(Guarded(chat, SHORT, Breaker(), Shedding(0, 10)), QUESTION, 8)
        await chat.close()

    in_real_time(main())


def test_a_request_that_the_server_can_not_grant_says_nothing_about_its_health() -> None:
    async def main() -> bool:
        async with misbehaving(finds_it_too_long) as server:
            chat = OpenAIChat(server.url, "m")
            guarded = Guarded(chat, SHORT, Breaker(), Shedding(0, 10))
            for _ in range(5):
                with pytest.raises(RefusedError):
                    await complete(guarded, QUESTION, 8)
            await chat.close()
        return guarded.healthy

    assert in_real_time(main())


def test_both_roles_name_the_conversation_by_the_same_random_id_until_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLUSTER_KEY", "sesame")

    async def main() -> list[dict[str, str]]:
        headers = []
        async with misbehaving(answers) as server:
            settings = load_settings(None, [f"thinker.url={server.url}", "thinker.api_key_env=CLUSTER_KEY"])
            urls = {"thinker": server.url, "speaker": server.url}
            async with models_at(settings, urls) as models:
                for model in (models.thinker, models.speaker):
                    assert await complete(model, QUESTION, 8) == "It is one."
                    headers.append(server.headers)
                models.conversation.renew()
                await complete(models.speaker, QUESTION, 8)
                headers.append(server.headers)
        return headers

    thinker, speaker, later = in_real_time(main())
    assert thinker["x-session-id"] == speaker["x-session-id"] != later["x-session-id"]
    assert thinker["authorization"] == "bearer sesame" and "sesame" not in speaker["authorization"]


def test_a_server_that_comes_back_is_found_by_the_first_trial() -> None:
    async def main() -> list[object]:
        model = ScriptedModel("DIES", "DIES", "DIES", "It is one.")
        guarded = Guarded(model, LIMITS, Breaker(), Shedding(0, 10))
        seen: list[object] = []
        for _ in range(4):
            with pytest.raises(ModelError):
                await complete(guarded, QUESTION, 8)
        seen.append((len(model.asked), guarded.healthy))
        await asyncio.sleep(1)
        seen.append(await complete(guarded, QUESTION, 8))
        return [*seen, guarded.healthy]

    assert on_virtual_time(main()) == [(3, False), "It is one.", True]


def test_a_thought_that_is_given_up_while_the_server_hangs_counts_as_late_and_not_as_its_failure() -> None:
    async def main() -> tuple[bool, Shed]:
        shedding = Shedding(0.6, 10)
        guarded = Guarded(ScriptedModel("one", first_token_s=60), LIMITS, Breaker(), shedding)
        for _ in range(4):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await complete(guarded, QUESTION, 8)
        return guarded.healthy, shedding.level(asyncio.get_running_loop().time())

    assert on_virtual_time(main()) == (True, Shed.WARMING)


@pytest.mark.parametrize(("token_s", "level"), [(0.05, Shed.NOTHING), (0.2, Shed.THINKING)])
def test_first_words_that_come_slowly_after_a_quick_first_token_are_late(token_s: float, level: Shed) -> None:
    async def main() -> Shed:
        shedding = Shedding(0.6, 10)
        model = ScriptedModel("one two three four five six seven", first_token_s=0.05, token_s=token_s)
        for _ in range(2):
            await complete(Guarded(model, LIMITS, Breaker(), shedding), QUESTION, 8)
        return shedding.level(asyncio.get_running_loop().time())

    assert on_virtual_time(main()) == level


class Guests(Dialogue):
    """A dialogue whose models are guarded; where both are the same, at one server."""

    def stations(self) -> Stations:
        shedding, breaker = Shedding(LIMITS.shed_after_s, 10), Breaker()
        thinker = Guarded(self.thinker, LIMITS, breaker, shedding)
        speaker = Guarded(self.speaker, LIMITS, Breaker() if self.speaker is not self.thinker else breaker, shedding)
        return Stations(
            self._recognize,
            self._hear_end,
            thinker,
            speaker,
            self._synthesize,
            1000,
            sheds=lambda: shedding.level(asyncio.get_running_loop().time()),
        )


FAULTS = {"hangs": {"first_token_s": 1000.0}, "crawls": {"token_s": 1.0}}


def faulty(fault: str) -> ScriptedModel:
    """A model with that fault, from the first request on."""
    if fault == "stops":
        return ScriptedModel("so it DIES")
    if fault == "refuses":
        return ScriptedModel("DIES")
    return ScriptedModel("so it goes on and on, one word after the other.", **FAULTS[fault])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", ["refuses", "stops", "hangs", "crawls"])
def test_in_every_mode_the_other_model_answers_where_one_fails_or_the_visitor_hears_what_there_is(
    mode: str, fault: str
) -> None:
    dialogue = Guests(*THREE)
    bad, good = faulty(fault), ScriptedModel("There are eight eggs.")
    if MODES[mode].answerer == "speaker":
        dialogue.speaker, dialogue.thinker = bad, good
    else:
        dialogue.thinker, dialogue.speaker = bad, good
    (turn,) = dialogue.replay(mode)
    assert turn.heard and turn.fallback is not None
    assert turn.heard != APOLOGY
    assert turn.marks.first_audio is not None and turn.marks.committed is not None
    # The deadline of the failing request, and the other model's answer.
    assert turn.marks.first_audio - turn.marks.committed < LIMITS.first_token_s + 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", ["refuses", "hangs"])
def test_in_every_mode_the_visitor_hears_an_apology_where_no_model_answers(mode: str, fault: str) -> None:
    dialogue = Guests(*THREE)
    dialogue.thinker = dialogue.speaker = faulty(fault)
    (turn,) = dialogue.replay(mode)
    assert turn.heard == APOLOGY and turn.fallback is not None
    assert turn.marks.first_audio is not None and turn.marks.committed is not None
    assert turn.marks.first_audio - turn.marks.committed < 2 * LIMITS.first_token_s + 1


@pytest.mark.parametrize("fault", ["refuses", "stops", "hangs", "crawls"])
def test_a_thinker_that_fails_costs_notes_and_never_the_answer(fault: str) -> None:
    dialogue = Guests(*THREE)
    dialogue.thinker = faulty(fault)
    (turn,) = dialogue.replay("livemind")
    assert turn.heard == "It is one."
    assert turn.marks.first_audio == pytest.approx(7.0, abs=0.0011)


def test_slow_servers_are_spared_thoughts_then_warming_and_the_record_says_so() -> None:
    dialogue = Guests(*THREE, (12.0, 13.0, "Tom has nine boxes."), (13.6, 15.0, "How many eggs are there now?"))
    dialogue.thinker.first_token_s = dialogue.speaker.first_token_s = 0.7
    first, second = dialogue.replay("livemind")
    assert first.heard == second.heard == "It is one."
    assert second.fallback == "1 sentence not thought about: the servers are slow"
    assert [segment.action for segment in second.segments] == ["none", "none"]
    # Nothing was asked of the thinker in the second turn, and the speaker was not asked to warm anything.
    assert dialogue.thinker.asked
    assert all("nine" not in asked[-1]["content"] for asked in dialogue.thinker.asked)
    warmed = [
        asked
        for asked, budget in zip(dialogue.speaker.asked, dialogue.speaker.budgets, strict=True)
        if budget == 1 and "nine" in asked[-1]["content"]
    ]
    assert not warmed
    assert dialogue.speaker.asked[-1][-1]["content"].startswith("Tom has nine boxes. How many eggs are there now?")
