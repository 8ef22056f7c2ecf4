"""A microphone as a source: frames in real time, whatever happens to the device."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from voice_livemind.clock import Clock
from voice_livemind.config import Microphone as MicrophoneSettings
from voice_livemind.devices.memory import HeardRing
from voice_livemind.devices.process import DeviceProcess, open_device
from voice_livemind.devices.supervisor import Supervisor, Told, supervised
from voice_livemind.hear.frames import Frame, Samples
from voice_livemind.hear.placing import Placing
from voice_livemind.hear.resampling import Resampler

_LOOK_EVERY_S = 0.01
_PATIENCE_S = 0.3
"""Sound of a device that works is waited for so long before there is silence in its place: it may come in a burst."""
_MARGIN_S = 0.04
"""Silence in place of a device that is lost stays so far behind the clock, as sound would."""
_LONGEST_DOUBT_S = 600.0
_LATE_S = 4.0
_LATE_SHARE = 0.5
"""Of the sound of so many seconds, where it came when its time was over, a kiosk is as good as deaf."""
_COMPLAIN_EVERY_S = 10.0
_COMPLAIN_FROM_S = 0.1


class Microphone:
    """One that is open, or being looked for; see ``open_microphone``."""

    def __init__(self, told: Told, zeros_s: float) -> None:
        """``zeros_s``: nothing but zeros for so long is doubtful."""
        self._zeros_s = zeros_s
        self.lost_s = 0.0
        """Sound that did not arrive, or came too late: the device was lost, or the machine too slow."""
        self._told = told
        self._ring: HeardRing | None = None
        self._overflows_before = 0
        self._resample: Resampler | None = None
        self._zero: _AllZero | None = None
        self._late = _Late()

    def attach(self, device: DeviceProcess) -> None:
        """Hear this device from now on."""
        self.detach()
        self._late.begin_anew()
        self._ring = HeardRing(device.memory, device.channels)
        self._resample = Resampler(device.rate_hz)

    def detach(self) -> None:
        """The device has gone: silence from now on."""
        self._overflows_before = self.overflows
        self._ring = None

    @property
    def overflows(self) -> int:
        """How often a device lost sound before it could be read."""
        return self._overflows_before + (self._ring.overflows if self._ring else 0)

    @property
    def last_ns(self) -> int:
        """When sound came last, on the monotonic clock; 0 if none did."""
        return self._ring.last_ns if self._ring else 0

    @property
    def doubtful(self) -> str | None:
        """A device that delivers nothing but zeros is muted, or stuck; what comes too late is not heard. Asked again,
        it is patient twice as long."""
        if self._late.too_long():
            return "delivers its sound too late to be heard"
        if self._zero is None or not self._zero.too_long():
            return None
        return "delivers silence only: is it muted, or may this program not use it?"

    async def frames(self, clock: Clock) -> AsyncIterator[Frame]:
        """Frames without a gap and without end: frame 0 begins at time 0 of ``clock``, and each comes when it is over.

        Time for which there is no sound is silence. To be called once.
        """
        offset_s = clock.now() - time.monotonic()
        placing = Placing()
        zero = self._zero = _AllZero(self._zeros_s)
        if self._ring is not None:
            self._ring.read()
        complaints = _Complaints(self._told)
        while True:
            if self._ring is not None:
                self._take(self._ring, placing, zero, offset_s)
            patience_s = _MARGIN_S if self._ring is None else _PATIENCE_S
            placing.fill(clock.now() - patience_s)
            self.lost_s = placing.filled_s + placing.dropped_s
            if self._ring is not None:
                self._late.judge(clock.now(), placing.filled_s)
            for frame in placing.frames():
                yield frame
            complaints.judge(clock.now(), self.lost_s, self.overflows, works=self._ring is not None)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _take(self, ring: HeardRing, placing: Placing, zero: "_AllZero", offset_s: float) -> None:
        new, end_ns = ring.read()
        if not len(new):
            return
        zero.judge(bool(new.any()))
        assert self._resample is not None
        mono = self._resample(new.mean(axis=1, dtype=np.float32))
        samples: Samples = np.clip(np.round(mono), -32768, 32767).astype(np.int16)
        placing.add(samples, end_ns / 1e9 + offset_s - self._resample.behind_s)


class _AllZero:
    """How long there was nothing but zeros."""

    def __init__(self, first_s: float) -> None:
        self._first_s = first_s
        self._since_s = time.monotonic()
        self._patience_s = first_s

    def judge(self, sounds: bool) -> None:
        """A piece came; whether it ``sounds``."""
        if sounds:
            self._since_s = time.monotonic()
            self._patience_s = self._first_s

    def too_long(self) -> bool:
        """Whether to do something about it; then the time counts anew."""
        if time.monotonic() - self._since_s < self._patience_s:
            return False
        self._since_s = time.monotonic()
        self._patience_s = min(2 * self._patience_s, _LONGEST_DOUBT_S)
        return True


class _Late:
    """How much of the sound of a device that works was not there in time. All times are on the sample clock.

    What this process itself reads late is not meant: it has kept its times.
    """

    def __init__(self) -> None:
        self._window_s = _LATE_S
        self._since: tuple[float, float] | None = None
        """When the window began, and how much had been filled with silence by then."""
        self._found = False

    def begin_anew(self) -> None:
        """The device is another one."""
        self._since = None

    def judge(self, now_s: float, filled_s: float) -> None:
        """``filled_s``: what has been filled with silence in all."""
        if self._since is None:
            self._since = now_s, filled_s
        began_s, before_s = self._since
        if now_s - began_s < self._window_s:
            return
        if filled_s - before_s >= _LATE_SHARE * (now_s - began_s):
            self._found = True
            self._window_s = min(2 * self._window_s, _LONGEST_DOUBT_S)
        else:
            self._window_s = _LATE_S
        self._since = now_s, filled_s

    def too_long(self) -> bool:
        """Whether to do something about it; then the time counts anew."""
        found, self._found = self._found, False
        return found


class _Complaints:
    """Tells of sound that a working device lost, now and then."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._lost_s = 0.0
        self._overflows = 0
        self._next_s = 0.0

    def judge(self, now_s: float, lost_s: float, overflows: int, works: bool) -> None:
        """What was lost until now, and how often the device overflowed."""
        if works and now_s < self._next_s:
            return
        lost, times = lost_s - self._lost_s, overflows - self._overflows
        if works and lost >= _COMPLAIN_FROM_S:
            why = f"{times} overflows, this machine is too slow" if times else "none came from the device"
            self._told(f"{lost:.1f} s of sound were lost: {why}", True)
        self._lost_s, self._overflows, self._next_s = lost_s, overflows, now_s + _COMPLAIN_EVERY_S


@asynccontextmanager
async def open_microphone(settings: MicrophoneSettings, told: Told) -> AsyncIterator[Microphone]:
    """Open the microphone, at its own rate and with its own channels; keep it open for the length of this context.

    One that is lost or stuck is opened again by its name. ``told`` is called with what the user should know, and
    whether the device works. Raises UserError, with what mends it, if it can't be opened at first.
    """
    microphone = Microphone(told, settings.zeros_s)

    async def open_it() -> DeviceProcess:
        return await open_device("microphone", settings.device, settings.latency_s)

    async with supervised(Supervisor(open_it, microphone, told)):
        yield microphone
