"""Opens the view that there can be: a page in a terminal, or lines."""

import asyncio
import select
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console

from voice_livemind.clock import Clock
from voice_livemind.errors import Failure
from voice_livemind.surroundings import View
from voice_livemind.view.controls import Controls
from voice_livemind.view.lines import LiveLines
from voice_livemind.view.state import Shown


@asynccontextmanager
async def view_open(controls: Controls, mode: str, console: Console, now: Clock) -> AsyncIterator[View]:
    """A page with keys where the command runs in a terminal, else lines on ``console``; closed with this context.

    Raises Failure, when all else is closed, if the page failed; ``controls.quit`` was set then.
    """
    if not console.is_terminal or console.is_dumb_terminal or not _in_terminal():
        yield LiveLines(console, now)
        return
    # It takes a third of a second, and lines don't need it.
    from voice_livemind.view.terminal import TerminalApp

    shown = Shown(controls, mode)
    app = TerminalApp(shown, controls, _terminal_takes_more)
    loop = asyncio.get_running_loop()
    how_tasks_start = loop.get_task_factory()
    # The mouse is left to the terminal, so that text can be selected in it.
    running = asyncio.create_task(app.run_async(mouse=False))
    running.add_done_callback(lambda _: controls.quit.set())
    # From Python 3.12 on the app has every task of the loop begin at once, which is not for it to decide.
    loop.call_soon(loop.set_task_factory, how_tasks_start)
    try:
        yield shown
    finally:
        if not running.done():
            app.exit()
        await asyncio.wait([running])
    if not running.cancelled() and (running.exception() is not None or app.return_code):
        raise Failure("the view in the terminal failed; `voice-livemind talk | cat` works without it")


def _in_terminal() -> bool:
    """The page is drawn on standard error, and its keys are read from standard input."""
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__))


def _terminal_takes_more() -> bool:
    """Whether it takes what is written: writing more to a connection that is stalled would stall the conversation."""
    assert sys.__stderr__ is not None
    poll = select.poll()
    poll.register(sys.__stderr__, select.POLLOUT)
    return [event for _, event in poll.poll(0)] == [select.POLLOUT]
