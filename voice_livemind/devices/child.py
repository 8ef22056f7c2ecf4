"""``python -m voice_livemind.devices.child list|microphone|loudspeaker …``: the process of one device.

Prints one line: ``{"opened": …}``, ``{"devices": …}`` or ``{"fault": "what, where, what to do"}``. Then the device's
callback works on the shared memory until standard input ends, and with it the assistant, or until the stream does.
A line on standard input asks for a cut (``PlayedRing.cut``).
"""

import argparse
import json
import os
import select
import sys
import time
from dataclasses import asdict
from typing import Any

from voice_livemind.devices.choice import Device, Kind, choose
from voice_livemind.devices.faults import NO_PORTAUDIO, open_fault, permission_mend, sound_card_forbidden
from voice_livemind.devices.memory import HeardRing, PlayedRing, map_memory
from voice_livemind.errors import UserError

_LOOK_EVERY_S = 0.05
_OLDEST_S = 10.0
_STARTS_WITHIN_S = (0.4, 0.8, 1.6)
_FIRST_BLOCKS = 4
_LAGS_FROM_S = 0.25


def main() -> None:
    """Work until standard input or the stream ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["list", "microphone", "loudspeaker"])
    parser.add_argument("--device", default="")
    parser.add_argument("--latency-s", type=float)
    parser.add_argument("--memory", type=int, help="descriptor of the shared memory")
    args = parser.parse_args()
    try:
        try:
            import sounddevice
        except OSError:
            raise UserError(NO_PORTAUDIO) from None
        devices = _devices(sounddevice)
        if args.action == "list":
            _print({"devices": [asdict(device) for device in devices]})
            return
        if sound_card_forbidden() and not any(device.channels(args.action) for device in devices):
            raise UserError(f"no {args.action} found: {permission_mend()}")
        _work(sounddevice, args.action, choose(devices, args.action, args.device), args.latency_s, args.memory)
    except UserError as error:
        _print({"fault": str(error)})


def _devices(sounddevice: Any) -> list[Device]:
    systems = [system["name"] for system in sounddevice.query_hostapis()]
    default_input, default_output = sounddevice.default.device
    found = []
    for entry in sounddevice.query_devices():
        kinds: list[Kind] = []
        if entry["index"] == default_input:
            kinds.append("microphone")
        if entry["index"] == default_output:
            kinds.append("loudspeaker")
        found.append(
            Device(
                entry["index"],
                entry["name"],
                systems[entry["hostapi"]],
                entry["max_input_channels"],
                entry["max_output_channels"],
                round(entry["default_samplerate"]),
                tuple(kinds),
            )
        )
    return found


def _work(sounddevice: Any, kind: Kind, device: Device, latency_s: float, memory: int) -> None:
    # Two are enough of many: the rest of a device that has more is often no microphone. Some have no fewer, however.
    for channels in dict.fromkeys([min(2, device.channels(kind)), device.channels(kind), 1]):
        try:
            stream, ring = _open(sounddevice, kind, device, channels, latency_s, memory)
            break
        except sounddevice.PortAudioError as error:
            fault = error
    else:
        raise UserError(_fault(kind, device, fault))
    _print({"opened": {"name": device.name, "rate_hz": round(stream.samplerate), "channels": channels}})
    while stream.active:
        readable, _, _ = select.select([sys.stdin.buffer], [], [], _LOOK_EVERY_S)
        if isinstance(ring, HeardRing) and ring.lag_s > _LAGS_FROM_S:
            _start_anew(stream, ring)
            _settle(stream, ring)
        if not readable:
            continue
        if not os.read(sys.stdin.fileno(), 64):
            break
        assert isinstance(ring, PlayedRing)
        stream.abort()
        ring.cut_done()
        stream.start()


def _open(
    sounddevice: Any, kind: Kind, device: Device, channels: int, latency_s: float, memory: int
) -> tuple[Any, HeardRing | PlayedRing]:
    common = {
        "device": device.index,
        "samplerate": device.rate_hz,
        "channels": channels,
        "dtype": "int16",
        "latency": latency_s,
    }
    # Nothing is allocated in the callbacks but NumPy's views; they wait for nobody.
    if kind == "microphone":
        heard = HeardRing(map_memory(memory), channels)

        def hear(block: Any, count: int, times: Any, status: Any) -> None:
            lasts_s = count / device.rate_hz
            age_s = times.currentTime - times.inputBufferAdcTime
            # Where PortAudio can't tell, a block is delivered when it is over.
            since_s = age_s - lasts_s if lasts_s < age_s < _OLDEST_S else 0.0
            heard.write(block, time.monotonic_ns(), since_s, status.input_overflow)

        stream = sounddevice.InputStream(callback=hear, **common)
        stream.start()
        _settle(stream, heard)
        return stream, heard

    played = PlayedRing(map_memory(memory))

    def fill(block: Any, _count: int, times: Any, _status: Any) -> None:
        ahead_s = times.outputBufferDacTime - times.currentTime
        played.fill(block, time.monotonic_ns() + round(1e9 * max(0.0, ahead_s)))

    def ended() -> None:
        played.stream_ended(time.monotonic_ns())

    stream = sounddevice.OutputStream(callback=fill, finished_callback=ended, **common)
    stream.start()
    return stream, played


def _settle(stream: Any, heard: HeardRing) -> None:
    """Virtual devices sometimes start with a lag of a second, or get it later; started anew they mostly lose it."""
    for within_s in _STARTS_WITHIN_S:
        give_up_s = time.monotonic() + within_s
        while heard.blocks < _FIRST_BLOCKS and time.monotonic() < give_up_s:
            time.sleep(0.01)
        if heard.blocks >= _FIRST_BLOCKS and heard.lag_s < _LAGS_FROM_S:
            return
        if within_s < _STARTS_WITHIN_S[-1]:
            _start_anew(stream, heard)
    heard.accept_lag()


def _start_anew(stream: Any, heard: HeardRing) -> None:
    stream.abort()
    heard.start_anew()
    stream.start()


def _fault(kind: Kind, device: Device, error: Any) -> str:
    """PortAudio's error: text, code and, where the system itself refused, its own number."""
    text, code, system = (*error.args, None, None)[:3]
    return open_fault(kind, device.name, code, system[1] if system else None, str(text).rpartition(": ")[2])


def _print(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
