"""Keeps one device open: notices that it is lost or stuck, and opens it again."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Protocol, TypeAlias

from voice_livemind.devices.process import DeviceProcess
from voice_livemind.errors import UserError

Told: TypeAlias = Callable[[str, bool], None]
"""Called with a line for the user about the device, which does not say what kind it is, and whether it works."""

STUCK_AFTER_S = 2.5
"""Without a callback. Virtual devices can take 2 s over their first ones."""
_LOOK_EVERY_S = 0.05
_LONGEST_BACK_OFF_S = 2.0


class Owner(Protocol):
    """Who works with the device."""

    def attach(self, device: DeviceProcess) -> None:
        """The device is open."""

    def detach(self) -> None:
        """It has gone."""

    @property
    def last_ns(self) -> int:
        """When its callback ran last, on the monotonic clock; 0 if it never did."""

    @property
    def doubtful(self) -> str | None:
        """Why the device is to be opened anew although it seems to work; asked again only after that is done."""


def back_off() -> Iterator[float]:
    """Seconds to wait before each try to open a device again."""
    wait_s = 0.1
    while True:
        yield wait_s
        wait_s = min(2 * wait_s, _LONGEST_BACK_OFF_S)


def trouble(ended: bool, idle_s: float) -> str | None:
    """What is wrong with a device whose process has ``ended``, or whose last callback was ``idle_s`` ago."""
    if ended:
        return "is lost"
    return "is stuck" if idle_s > STUCK_AFTER_S else None


class Supervisor:
    """Opens one device and watches it; see ``supervised``."""

    def __init__(self, open_it: Callable[[], Awaitable[DeviceProcess]], owner: Owner, told: Told) -> None:
        self._open = open_it
        self._owner = owner
        self._told = told
        self._device: DeviceProcess | None = None
        self._since_ns = 0

    async def start(self) -> None:
        """Open the device. Raises UserError if that can't be done."""
        self._take(await self._open())

    async def run(self) -> None:
        """Open it again whenever it is lost. Runs until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            assert self._device is not None
            idle_ns = time.monotonic_ns() - max(self._since_ns, self._owner.last_ns)
            if wrong := trouble(self._device.ended, idle_ns / 1e9):
                await self._reopen(self._device, wrong)
            elif doubt := self._owner.doubtful:
                self._told(f"{self._device.name!r} {doubt}", True)
                await self._replace(self._device)

    async def close(self) -> None:
        """Close it, if it is open."""
        if self._device is not None:
            await self._device.close()

    def _take(self, device: DeviceProcess) -> None:
        self._device, self._since_ns = device, time.monotonic_ns()
        self._owner.attach(device)

    async def _reopen(self, lost: DeviceProcess, wrong: str) -> None:
        self._owner.detach()
        self._device = None
        self._told(f"{lost.name!r} {wrong}: trying to open it again", False)
        await lost.close()
        said = ""
        for wait_s in back_off():
            await asyncio.sleep(wait_s)
            try:
                self._take(await self._open())
            except UserError as error:
                if str(error) != said:
                    said = str(error)
                    self._told(said, False)
            else:
                break
        assert self._device is not None
        self._told(f"{self._device.name!r} is back", True)

    async def _replace(self, doubted: DeviceProcess) -> None:
        """Open it a second time before the first is closed: if all is well with it, nothing is missed. Some can be open
        only once."""
        try:
            fresh = await self._open()
        except UserError:
            await self._reopen(doubted, "is closed")
        else:
            self._take(fresh)
            await doubted.close()


@asynccontextmanager
async def supervised(supervisor: Supervisor) -> AsyncIterator[None]:
    """Open the device, watch it for the length of this context, and close it. Raises UserError as ``start``."""
    await supervisor.start()
    watch = asyncio.create_task(supervisor.run())
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.wait([watch])
        await supervisor.close()
