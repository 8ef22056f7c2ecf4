"""A loudspeaker: replies in real time, and what was heard of them, whatever happens to the device."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction

import numpy as np
import soxr
from numpy.typing import NDArray

from voice_livemind.clock import Clock
from voice_livemind.config import Loudspeaker as LoudspeakerSettings
from voice_livemind.devices.memory import LOGGED_BLOCKS, PlayedRing
from voice_livemind.devices.process import DeviceProcess, open_device
from voice_livemind.devices.supervisor import Supervisor, Told, supervised
from voice_livemind.hear.frames import Samples
from voice_livemind.play.sent import Sent
from voice_livemind.play.stretches import Stretches
from voice_livemind.record.turn import Span
from voice_livemind.sound import Sound

_LOOK_EVERY_S = 0.01
_CUT_S = 0.002
"""From asking for a cut to silence."""
_SAME_STRETCH_S = 0.01
"""Blocks that are heard so close to where the one before ends follow it without a gap."""
_LEAD = 200
"""Samples: so far back in the row the converter of its rate looks, where one sound goes on with the next."""
_NOTHING: NDArray[np.float32] = np.zeros(0, np.float32)
_STALE_S = 0.1
"""A callback that is late by so much says nothing of when the next one comes."""


class Loudspeaker:
    """An ``Output``; one that is open, or being looked for; see ``open_loudspeaker``.

    At the device the row has positions: samples at its own rate, counted from the first that was not heard yet when it
    was opened.
    """

    def __init__(self, settings: LoudspeakerSettings, clock: Clock, rate_hz: int) -> None:
        self._settings = settings
        self._clock = clock
        self._offset_s = clock.now() - time.monotonic()
        self._rate_hz = rate_hz
        self._sounds: deque[tuple[int, Sound]] = deque()
        """Not yet heard to their end, each with the place of its first sample in the row."""
        self._queued = 0
        self._heard = 0
        """At least so many samples have been heard."""
        self._held = False
        self._stretches = Stretches(rate_hz)
        self._sounded = False
        self._sent = Sent(rate_hz)
        self._device: DeviceProcess | None = None
        self._ring: PlayedRing | None = None
        self._base = 0
        """The sample of the row that is at position 0 of the device."""
        self._ratio = 1.0
        """Device samples for each of the row."""
        self._waiting: deque[Samples] = deque()
        """At the device's rate; there was no room for them yet."""
        self._blocks_seen = 0
        self._handed: deque[tuple[int, int, float]] = deque()
        """Position, length and time of what the device was given and may not have been heard yet."""
        self._next_s = 0.0
        """When the block after the last one is heard."""

    # The supervisor's:

    def attach(self, device: DeviceProcess) -> None:
        """Play on this device from now on, beginning with what was not heard."""
        self._device, self._ring = device, PlayedRing(device.memory)
        self._base, self._ratio = self._heard, device.rate_hz / self._rate_hz
        self._blocks_seen = 0
        self._sent.restart(device.rate_hz)
        before = _NOTHING
        for first, sound in self._sounds:
            skipped = max(0, self._heard - first)
            rest = sound._replace(samples=sound.samples[skipped:])
            self._convert(first + skipped, before, rest)
            before = sound.samples
        self._feed()
        self._ring.let_play(not self._held)

    def detach(self) -> None:
        """The device has gone: what it was given and is not heard yet never will be."""
        self._look()
        ended_s = self._sounds_until()
        self._heard = self._heard_until(ended_s)
        self._handed.clear()
        self._waiting.clear()
        self._sent.silence_from(ended_s)
        self._device = self._ring = None

    @property
    def last_ns(self) -> int:
        """When the callback ran last, on the monotonic clock; 0 if it never did."""
        if self._ring is None or not self._ring.blocks:
            return 0
        return self._ring.block(self._ring.blocks - 1).heard_ns

    @property
    def doubtful(self) -> str | None:
        """A loudspeaker is believed to sound."""
        return None

    # The conversation's; see ``Output``:

    @property
    def queued(self) -> int:
        """See ``Output``."""
        return self._queued

    @property
    def heard(self) -> int:
        """See ``Output``."""
        self._look()
        return self._heard_until(self._sounds_until())

    @property
    def end_s(self) -> float:
        """See ``Output``."""
        return self.heard_at(self._queued) if self._queued else 0.0

    def heard_at(self, sample: int) -> float:
        """See ``Output``."""
        self._look()
        now_s = self._clock.now()
        if self._ring is None:
            heard = self._heard
            soon_s = now_s + self._settings.latency_s
        else:
            heard = self._row(self._ring.handed)
            late = self._next_s < now_s - _STALE_S
            soon_s = now_s + self._settings.latency_s if late else max(now_s, self._next_s)
        if self._sounded and (sample < heard or sample == heard == self._queued):
            return self._stretches.at(sample)
        return soon_s + (sample - heard) / self._rate_hz

    def play(self, sound: Sound) -> Span:
        """See ``Output``."""
        first = self._queued
        before = self._sounds[-1][1].samples if self._sounds else _NOTHING
        self._queued += len(sound.samples)
        self._sounds.append((first, sound))
        if self._ring is not None:
            self._convert(first, before, sound)
            self._feed()
        return self.heard_at(first), self.heard_at(self._queued)

    def hold(self) -> None:
        """See ``Output``."""
        if not self._held:
            self._take_back(drop=False)
            self._held = True

    def go_on(self) -> None:
        """See ``Output``."""
        self._held = False
        if self._ring is not None:
            self._ring.let_play(True)

    def stop(self) -> None:
        """See ``Output``."""
        self._take_back(drop=True)
        self.go_on()

    def reference(self, start_s: float, end_s: float) -> Samples:
        """What the loudspeaker gives to the room in this time, at 16 kHz; silence where that is not known yet."""
        self._look()
        return self._sent.between(start_s, end_s)

    async def run(self) -> None:
        """Feed the device until cancelled."""
        while True:
            self._look()
            self._feed()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _position(self, sample: int) -> int:
        """Of a sample of the row, at the device."""
        return round((sample - self._base) * self._ratio)

    def _row(self, position: int) -> int:
        """The sample of the row that is at a position of the device."""
        if position >= self._position(self._queued):
            return self._queued
        return min(self._queued, self._base + round(position / self._ratio))

    def _convert(self, first: int, before: NDArray[np.float32], sound: Sound) -> None:
        """Bring a sound of the row to the rate of the device; what is ``before`` and after it has a share in it."""
        count = self._position(first + len(sound.samples)) - self._position(first)
        # Both rates have a sample where it begins: what was converted before goes on without a step.
        step = Fraction(self._ratio).limit_denominator(1000).denominator
        lead = _LEAD + (first - self._base - _LEAD) % step
        padded = np.concatenate([np.zeros(lead, np.float32), before])[-lead:]
        scaled = np.concatenate([padded, sound.samples, sound.after]) * (32767 * self._settings.volume)
        converted = np.zeros(count, np.int16)
        if count:
            begin = self._position(first) - self._position(first - lead)
            resampled = soxr.resample(scaled, 1.0, self._ratio)[begin : begin + count]
            converted[: len(resampled)] = np.clip(np.round(resampled), -32768, 32767)
        self._waiting.append(converted)

    def _feed(self) -> None:
        """Give the device what it has room for."""
        while self._ring is not None and self._waiting and (room := self._ring.room()) > 0:
            samples = self._waiting.popleft()
            self._ring.write(samples[:room])
            if len(samples) > room:
                self._waiting.appendleft(samples[room:])

    def _look(self) -> None:
        """Learn from the log of the device what was handed to it since the last time."""
        if self._ring is None or self._device is None:
            return
        rate_hz = self._device.rate_hz
        blocks = self._ring.blocks
        for number in range(max(self._blocks_seen, blocks - LOGGED_BLOCKS + 1), blocks):
            block = self._ring.block(number)
            if self._ring.cutting or number < self._ring.void_until:
                block = block._replace(filled=0)
            heard_s = block.heard_ns / 1e9 + self._offset_s
            self._sent.add(self._ring.samples(block), heard_s)
            self._next_s = heard_s + block.samples / rate_hz
            if block.filled:
                self._handed.append((block.position, block.filled, heard_s))
                self._stretch(self._row(block.position), heard_s)
        self._blocks_seen = blocks
        until_s = self._sounds_until()
        while self._handed and self._handed[0][2] + self._handed[0][1] / rate_hz < until_s:
            position, count, _ = self._handed.popleft()
            self._heard = self._row(position + count)
        while self._sounds and self._sounds[0][0] + len(self._sounds[0][1].samples) <= self._heard:
            self._sounds.popleft()

    def _stretch(self, sample: int, heard_s: float) -> None:
        if not self._sounded or abs(self._stretches.at(sample) - heard_s) > _SAME_STRETCH_S:
            self._stretches.begin(sample, heard_s)
            self._sounded = True

    def _sounds_until(self) -> float:
        """Now, or when the device's stream ended."""
        ended_ns = self._ring.ended_ns if self._ring is not None else 0
        return ended_ns / 1e9 + self._offset_s if ended_ns else self._clock.now()

    def _heard_until(self, time_s: float) -> int:
        """How much of the row is heard up to a time."""
        heard = self._heard
        for position, count, start_s in self._handed:
            if start_s < time_s and self._device is not None:
                heard = self._row(position + min(count, round((time_s - start_s) * self._device.rate_hz)))
        return heard

    def _take_back(self, drop: bool) -> None:
        """Silence at once; with ``drop`` the row ends with what is heard by then."""
        self._look()
        silent_s = self._sounds_until() + _CUT_S
        self._heard = self._heard_until(silent_s)
        self._handed.clear()
        if drop:
            self._queued = self._heard
            self._sounds.clear()
            self._waiting.clear()
        if self._ring is None or self._device is None:
            return
        self._ring.let_play(False)
        position = self._position(self._heard)
        if not self._held and self._ring.written > position:
            self._ring.cut(position, position if drop else self._ring.written)
            self._device.ask_for_cut()
            self._sent.silence_from(silent_s)
        elif drop:
            self._ring.end_at(position)


@asynccontextmanager
async def open_loudspeaker(
    settings: LoudspeakerSettings, clock: Clock, rate_hz: int, told: Told
) -> AsyncIterator[Loudspeaker]:
    """Open the loudspeaker, for sounds of ``rate_hz``; keep it open and playing silence for the length of this context.

    One that is lost or stuck is opened again by its name, and goes on with what was not heard. ``told`` is called with
    what the user should know, and whether the device works. Raises UserError, with what mends it, if it can't be
    opened at first.
    """
    loudspeaker = Loudspeaker(settings, clock, rate_hz)

    async def open_it() -> DeviceProcess:
        return await open_device("loudspeaker", settings.device, settings.latency_s)

    async with supervised(Supervisor(open_it, loudspeaker, told)):
        feeder = asyncio.create_task(loudspeaker.run())
        try:
            yield loudspeaker
        finally:
            feeder.cancel()
            await asyncio.wait([feeder])
