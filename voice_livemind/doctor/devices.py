"""Checks of microphone and loudspeaker."""

from collections.abc import Sequence

from voice_livemind.config import Settings
from voice_livemind.devices.choice import Device, Kind, choose
from voice_livemind.devices.process import list_devices
from voice_livemind.doctor.finding import Finding
from voice_livemind.errors import UserError


async def devices(settings: Settings) -> list[Finding]:
    """PortAudio, and the configured devices. Recordings need none of them."""
    try:
        found = await list_devices()
    except UserError as error:
        return [Finding("sound", False, str(error), needed=False)]
    return [
        _device(found, "microphone", settings.microphone.device),
        _device(found, "loudspeaker", settings.loudspeaker.device),
    ]


def _device(found: Sequence[Device], kind: Kind, wanted: str) -> Finding:
    try:
        device = choose(found, kind, wanted)
    except UserError as error:
        return Finding(kind, False, str(error), needed=False)
    return Finding(kind, True, f"{device.index} {device.name}, {device.rate_hz} Hz", needed=False)
