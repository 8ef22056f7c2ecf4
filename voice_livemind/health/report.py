"""The state of the kiosk for a monitor. Nothing that was said is in it."""

import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from voice_livemind import __version__
from voice_livemind.health.waits import Waits
from voice_livemind.kiosk.ladder import Rung
from voice_livemind.kiosk.state import KioskState
from voice_livemind.record.turn import TurnRecord

DEAF_AFTER_S = 10.0
"""Without a frame."""
_PARTS = ("faster-whisper", "openai", "piper-tts", "xllamacpp")


def obstacles(state: KioskState, now_s: float) -> list[str]:
    """Why no visitor could be answered now, in words; empty where one could be. Quiet hours are meant to be."""
    found: list[str] = []
    if state.activity in ("starting", "waiting", "out_of_order"):
        words = state.activity.replace("_", " ")
        found.append(f"{words}: {state.detail}" if state.detail else words)
    found += [f"{name}: {message}" for name, (works, message) in state.devices.items() if not works]
    if state.last_frame_s is not None and now_s - state.last_frame_s > DEAF_AFTER_S:
        found.append(f"nothing has come from the microphone for more than {DEAF_AFTER_S:.0f} s")
    if state.self_test is not None and not state.self_test.ok:
        found.append(f"self-test: {state.self_test.detail}")
    if state.rung is Rung.PREPARED:
        found.append("no model answers")
    return found


def report(state: KioskState, started_s: float, now_s: float) -> dict[str, Any]:
    """What ``/health`` says. Times are on the monotonic clock, ages in seconds."""
    wrong = obstacles(state, now_s)
    test = state.self_test
    return {
        "answers": not wrong,
        "obstacles": wrong,
        "state": state.activity,
        "detail": state.detail,
        "state_age_s": round(now_s - state.since_s, 3),
        "last_frame_age_s": None if state.last_frame_s is None else round(now_s - state.last_frame_s, 3),
        "ladder": {"step": list(Rung).index(state.rung), "rung": state.rung},
        "shedding": {"level": int(state.shed), "shed": state.shed.name.lower()},
        "devices": {name: {"works": works, "message": message} for name, (works, message) in state.devices.items()},
        "self_test": test and {"ok": test.ok, "age_s": round(now_s - test.at_s, 3), "detail": test.detail},
        "visitors": state.visitors,
        "last_turn": _times(state.turns),
        "uptime_s": round(now_s - started_s, 3),
        "versions": {"voice-livemind": __version__, "python": platform.python_version()} | _versions(),
    }


def _times(turns: Sequence[TurnRecord]) -> dict[str, Any] | None:
    if not turns:
        return None
    turn = turns[-1]
    waits = {f"{name}_s": value for name, value in Waits.of(turn)._asdict().items()}
    return waits | {"interrupted": turn.interrupted, "fallback": turn.fallback}


def _versions() -> dict[str, str]:
    return {part: metadata.version(part) for part in _PARTS}
