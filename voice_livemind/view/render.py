"""The page: a pure function of what is to be seen and of the size of the terminal."""

from rich.text import Text

from voice_livemind.view.state import QUIETEST_DB, Shown, Stage, Times
from voice_livemind.view.turns import current_turn, past_turn
from voice_livemind.view.wrap import fitted

_METER_CELLS = 16
_METER_FROM_DB = -60.0
_TOO_LOUD_DB = -6.0
_STYLES: dict[Stage, str] = {
    "listening": "bold",
    "hearing you": "bold cyan",
    "thinking": "bold yellow",
    "speaking": "bold green",
    "muted": "bold magenta",
    "microphone lost": "bold red",
}
_UNKNOWN = "–"  # noqa: RUF001 (an en dash is meant)


def render(shown: Shown, width: int, height: int) -> list[Text]:
    """``height`` lines of at most ``width`` cells: whose turn, the conversation, times and keys, from top to bottom."""
    head = [_status(shown), Text(f" {shown.news}", "red" if shown.lost else "dim")]
    foot = [*_times(shown), _keys(shown)]
    room = max(0, height - len(head) - len(foot))
    body = _body(shown, width, room)
    blank = [Text() for _ in range(room - len(body))]
    return [fitted(line, width) for line in (*head, *body, *blank, *foot)][:height]


def _status(shown: Shown) -> Text:
    stage = shown.stage
    line = Text.assemble(" ", (f"{stage:15}", _STYLES[stage]), "  ", *_meter(shown), "  ")
    marks: list[str] = []
    if not shown.controls.hears and stage != "muted":
        marks.append("muted")
    if shown.controls.push_to_talk:
        marks.append("push-to-talk")
    if "loudspeaker" in shown.lost:
        marks.append("loudspeaker lost")
    line.append(" · ".join([*marks, f"mode {shown.mode}"]))
    return line


def _meter(shown: Shown) -> tuple[tuple[str, str], ...]:
    share = min(1.0, max(0.0, 1 - shown.level_db / _METER_FROM_DB))
    full = round(share * _METER_CELLS)
    colour = "red" if shown.level_db > _TOO_LOUD_DB else "green" if shown.speech else ""
    level = f"{shown.level_db:4.0f} dB" if shown.level_db > QUIETEST_DB else "silent "
    return ("█" * full, colour), ("·" * (_METER_CELLS - full), "dim"), (f" {level}", "dim")


def _body(shown: Shown, width: int, room: int) -> list[Text]:
    """As much as there is room for, up to the latest."""
    lines: list[Text] = []
    for turn in reversed(shown.turns):
        if len(lines) >= room:
            break
        is_past = turn.over and turn is not shown.turns[-1]
        lines = [*(past_turn if is_past else current_turn)(turn, width), *lines]
    return lines[len(lines) - room :] if len(lines) > room else lines


def _times(shown: Shown) -> list[Text]:
    if not shown.times:
        return [Text(), Text()]
    last, median = shown.times[-1], Times.median(shown.times)
    return [
        Text(f" last turn: speech end {_parts(last)}"),
        Text(f" {f'median of {len(shown.times)}':>21} {_parts(median)}", "dim"),
    ]


def _parts(times: Times) -> str:
    parts = (f"→ {name.replace('_', ' ')} {_seconds(value)}" for name, value in times._asdict().items())
    return f"{' '.join(parts)} s"


def _seconds(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value + 0.0:.2f}"


def _keys(shown: Shown) -> Text:
    controls = shown.controls
    keys = {
        "m": "unmute" if controls.muted else "mute",
        "space": "done talking" if controls.push_to_talk else "push-to-talk",
        "n": "new conversation",
        "q": "quit",
    }
    line = Text(" ")
    for key, does in keys.items():
        line.append(key, "bold reverse")
        line.append(f" {does}   ", "dim")
    return line
