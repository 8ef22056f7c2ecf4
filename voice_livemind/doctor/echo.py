"""How much of the loudspeaker the microphone hears, and what follows from that."""

from typing import NamedTuple

import numpy as np

from voice_livemind.clock import Clock
from voice_livemind.config import Settings
from voice_livemind.hear.delay import Echo, find_echo, level_db
from voice_livemind.hear.echo import LONGEST_S
from voice_livemind.hear.frames import RATE_HZ, Samples
from voice_livemind.hear.microphone import open_microphone
from voice_livemind.play.loudspeaker import open_loudspeaker
from voice_livemind.sound import Sound

CHIRP_S = 1.0
_FROM_HZ, _TO_HZ = 200.0, 6000.0
_LOUDNESS = 0.5
_FADE_S = 0.02
_RATE_HZ = 22_050
_QUIET_S = 1.0
"""Before the chirp: the room is heard."""
_AFTER_S = 1.5
_EARLIEST_S = -0.2
_SURE = 2.0
_FULL_SCALE_DB = -1.0
"""A microphone that is driven so far clips, and what clips can't be subtracted."""
_NOTICED_DB = 10.0
"""The microphone is so much louder during the chirp than before it: not by chance."""
_FAINT_DB = -45.0
"""An echo of this level is no louder than what is left of others."""


class Heard(NamedTuple):
    """A chirp that was played and recorded. Both begin at the same time."""

    microphone: Samples
    reference: Samples


class Advice(NamedTuple):
    """What to set."""

    mode: str
    """For ``echo.mode``."""
    why: str


def chirp() -> Sound:
    """A sweep over all that matters of speech."""
    time_s = np.arange(round(CHIRP_S * _RATE_HZ)) / _RATE_HZ
    phase = 2 * np.pi * (_FROM_HZ * time_s + (_TO_HZ - _FROM_HZ) / (2 * CHIRP_S) * time_s**2)
    fade = np.minimum(1.0, np.minimum(time_s, CHIRP_S - time_s) / _FADE_S)
    return Sound((_LOUDNESS * np.sin(phase) * fade).astype(np.float32), _RATE_HZ)


async def play_and_record(settings: Settings) -> Heard:
    """Play the chirp on the configured loudspeaker and record the configured microphone.

    Raises UserError: a device can't be opened.
    """
    sound = chirp()
    until_s = _QUIET_S + CHIRP_S + _AFTER_S
    async with open_microphone(settings.microphone, _ignore) as microphone:
        clock = Clock()
        async with open_loudspeaker(settings.loudspeaker, clock, sound.rate_hz, _ignore) as loudspeaker:
            frames, played = [], False
            async for frame in microphone.frames(clock):
                if not played and frame.end_s >= _QUIET_S:
                    loudspeaker.play(sound)
                    played = True
                frames.append(frame.samples)
                if frame.end_s >= until_s:
                    break
            microphone_samples = np.concatenate(frames)
            reference = loudspeaker.reference(0.0, len(microphone_samples) / RATE_HZ)
    return Heard(microphone_samples, reference)


def measure(heard: Heard) -> Echo | None:
    """The echo, if there surely is one."""
    echo = find_echo(heard.microphone, heard.reference, _EARLIEST_S)
    return echo if echo is not None and echo.sureness >= _SURE else None


def advise(heard: Heard, echo: Echo | None) -> Advice:
    """Full duplex, or half duplex where cancelling can't work."""
    if not heard.microphone.any():
        return Advice("auto", "the microphone delivered silence only: is it muted? Nothing can be said about the echo")
    if not heard.reference.any():
        return Advice("auto", "the loudspeaker played nothing: nothing can be said about the echo")
    if echo is None and _louder_db(heard) > _NOTICED_DB:
        return Advice("half", "half duplex: sound was heard, but not as it was played; try again where it is quiet")
    if echo is None or echo.level_db < _FAINT_DB:
        return Advice("auto", "full duplex: the microphone hardly hears the loudspeaker")
    if level_db(np.array([np.abs(heard.microphone.astype(np.int32)).max()], np.float64)) > _FULL_SCALE_DB:
        return Advice("half", "half duplex: the microphone is overdriven; turn the loudspeaker or the microphone down")
    if echo.delay_s > LONGEST_S:
        return Advice("half", f"half duplex: the echo comes later than {LONGEST_S * 1000:.0f} ms (wireless sound?)")
    return Advice("auto", "full duplex: the echo can be taken out")


def _louder_db(heard: Heard) -> float:
    """How much louder the microphone is since the chirp began than before."""
    begin = int(np.flatnonzero(heard.reference)[0])
    return level_db(heard.microphone[begin:]) - level_db(heard.microphone[:begin])


def _ignore(message: str, working: bool) -> None:
    """The recording shows what was wrong."""
    del message, working
