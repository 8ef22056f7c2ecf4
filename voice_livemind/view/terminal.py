"""The page in a terminal, and the keys. It shares the conversation's event loop: it never waits, and draws seldom."""

import signal
from collections.abc import Callable
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from voice_livemind.view.controls import Controls
from voice_livemind.view.render import render
from voice_livemind.view.state import Shown

REDRAW_S = 0.1


class TerminalApp(App[None]):
    """Draws what is to be seen, in the terminal's own colours, and sets what the keys say."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen, _Page { background: ansi_default; color: ansi_default; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mute"),
        Binding("space", "push_to_talk"),
        Binding("n", "new_conversation"),
        Binding("q", "quit"),
        Binding("ctrl+c", "interrupt", priority=True),
    ]

    def __init__(self, shown: Shown, controls: Controls, takes_more: Callable[[], bool]) -> None:
        """``takes_more``: whether the terminal takes what is written to it; nothing is drawn while it doesn't."""
        super().__init__(ansi_color=True)
        self._controls = controls
        self._takes_more = takes_more
        self._page = _Page(shown)

    def compose(self) -> ComposeResult:
        """One page."""
        yield self._page

    def on_mount(self) -> None:
        """Draw from now on."""
        self.set_interval(REDRAW_S, self._redraw)

    def action_mute(self) -> None:
        """The microphone is silent, or no longer."""
        self._controls.muted = not self._controls.muted

    def action_push_to_talk(self) -> None:
        """Terminals don't tell when a key comes up: pressed once it is down, pressed again it is up."""
        self._controls.push_to_talk = not self._controls.push_to_talk

    def action_new_conversation(self) -> None:
        """What was said so far is to be forgotten."""
        self._controls.new_conversation.set()

    async def action_quit(self) -> None:
        """The conversation ends, and the view with it."""
        self._controls.quit.set()

    def action_interrupt(self) -> None:
        """As Ctrl-C does everywhere: in this state of the terminal it comes as a key."""
        signal.raise_signal(signal.SIGINT)

    def _redraw(self) -> None:
        if self._takes_more():
            self._page.redraw()


class _Page(Widget):
    """Draws only lines that have changed: little goes through a slow connection."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self._shown = shown
        self._strips: list[Strip] = []

    def on_resize(self) -> None:
        """All is drawn anew."""
        self._strips = []
        self.redraw()

    def redraw(self) -> None:
        """Draw what has changed."""
        width, height = self.size
        console = self.app.console
        lines = render(self._shown, width, height)
        before = self._strips
        self._strips = [Strip(line.render(console)).adjust_cell_length(width) for line in lines]
        changed = [y for y, strip in enumerate(self._strips) if y >= len(before) or strip != before[y]]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """A line as it was when it was last looked at."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)
