"""Before the first turn: the part of each prompt that never changes is read into the prefix caches."""

import asyncio

from voice_livemind.mind.prompts import thinking_messages
from voice_livemind.modes import Mode
from voice_livemind.reply.answer import reply_messages
from voice_livemind.serving.chat import ChatModel, Message, ModelError, complete
from voice_livemind.stations import Stations


async def warm_up(mode: Mode, stations: Stations) -> None:
    """Prefill what ``mode`` is going to ask. A model that does not answer is left to the first turn to report."""
    answerer = stations.thinker if mode.answerer == "thinker" else stations.speaker
    jobs = [_prefill(answerer, reply_messages(mode, [], [], ["Hello."]))]
    if mode.notes:
        jobs.append(_prefill(stations.thinker, thinking_messages([], [], ["Hello."])))
    await asyncio.gather(*jobs)


async def _prefill(model: ChatModel, messages: list[Message]) -> None:
    try:
        await complete(model, messages, 1)
    except ModelError:
        return
