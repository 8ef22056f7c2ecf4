"""Reading prompts into the prefix caches before they are asked."""

from collections.abc import Sequence
from contextlib import suppress

from voice_livemind.mind.prompts import Step, thinking_messages
from voice_livemind.modes import Mode
from voice_livemind.reply.answer import reply_messages
from voice_livemind.serving.chat import ChatModel, Message, ModelError, Priority, complete
from voice_livemind.stations import Stations


async def warm_up(mode: Mode, stations: Stations) -> None:
    """Before the first turn: prefill the part that never changes of all that ``mode`` is going to ask."""
    answerer = stations.model(mode.answerer)
    prompts = [(answerer, reply_messages(mode, [], [], ["Hello."]))]
    if mode.notes:
        # One-sentence turns are answered without notes, all others with them.
        noted = reply_messages(mode, [], [Step(("Hello.",), None)], ["Hello."])
        prompts += [(answerer, noted), (stations.thinker, thinking_messages([], [], ["Hello."]))]
    # One after the other: two models that read at once keep the cores from each other, and take several times as long.
    for model, messages in prompts:
        with suppress(ModelError):
            # If it does not answer, the first request will say so.
            await model.remember(messages)


async def prefill(model: ChatModel, messages: Sequence[Message]) -> None:
    """Have ``model`` read a prompt: a request for one token. If it does not answer, the next request will say so."""
    try:
        await complete(model, messages, 1, priority=Priority.WARMING)
    except ModelError:
        return
