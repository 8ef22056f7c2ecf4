"""Which device is meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from voice_livemind.errors import UserError

Kind: TypeAlias = Literal["microphone", "loudspeaker"]


@dataclass(frozen=True)
class Device:
    """One that PortAudio knows."""

    index: int
    name: str
    system: str
    """The way to it: ALSA, Core Audio, …"""
    inputs: int
    """Channels that can be heard."""
    outputs: int
    """Channels that can be played on."""
    rate_hz: int
    """Its own."""
    is_default: tuple[Kind, ...] = ()

    def channels(self, kind: Kind) -> int:
        """In that direction."""
        return self.inputs if kind == "microphone" else self.outputs


def choose(devices: Sequence[Device], kind: Kind, wanted: str) -> Device:
    """The device with that index or name; else the first whose name contains ``wanted``; "" is the default device.

    Raises UserError: there is none.
    """
    fitting = [device for device in devices if device.channels(kind)]
    if not fitting:
        raise UserError(f"no {kind} found: plug one in; `voice-livemind devices` shows what there is")
    if wanted == "":
        defaults = [device for device in fitting if kind in device.is_default]
        return (defaults or fitting)[0]
    name = wanted.casefold()
    named = [device for device in fitting if name in (str(device.index), device.name.casefold())]
    named += [device for device in fitting if name in device.name.casefold()]
    if not named:
        known = ", ".join(f"{device.index} {device.name}" for device in fitting)
        raise UserError(f"{kind}.device = {wanted!r}: no {kind} is named so; there are: {known}")
    return named[0]
