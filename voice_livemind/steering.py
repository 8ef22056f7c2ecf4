"""The keys reach the conversation between two frames, so that the same keys at the same frames give the same turns."""

from collections.abc import AsyncIterator, Callable
from typing import Literal, TypeAlias

from voice_livemind.conversation import Conversation
from voice_livemind.hear.frames import Frame
from voice_livemind.view.controls import Controls

Key: TypeAlias = Literal["new conversation", "push", "release"]


async def steered(
    frames: AsyncIterator[Frame],
    controls: Controls,
    conversation: Conversation,
    pressed: Callable[[int, Key], None] = lambda _frame, _key: None,
) -> AsyncIterator[Frame]:
    """The frames until ``controls.quit``; ``pressed`` is told which key acts from which frame on."""
    pushed = False
    async for frame in frames:
        if controls.quit.is_set():
            return
        if controls.new_conversation.is_set():
            controls.new_conversation.clear()
            pressed(frame.number, "new conversation")
            await conversation.forget()
        if controls.push_to_talk != pushed:
            pushed = controls.push_to_talk
            pressed(frame.number, "push" if pushed else "release")
            await conversation.keep_open(pushed)
        yield frame
