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
    prompts = [(answerer, reply_messages(mode, [], [], ["Hello."]))]
    if mode.notes:
        # One-sentence turns are answered without notes, all others with them.
        prompts += [(model, thinking_messages([], [], ["Hello."])) for model in (answerer, stations.thinker)]
    await asyncio.gather(*(_prefill(model, messages) for model, messages in prompts))


async def _prefill(model: ChatModel, messages: list[Message]) -> None:
    try:
        await complete(model, messages, 1)
    except ModelError:
        return
