"""Memory that the assistant shares with the process of a device: rings of samples, and where each side is in them.

Every number has one writer, and every sample is written before the number that makes it known, so neither side ever
waits for the other.
"""

import mmap
import os
import sys
import tempfile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voice_livemind.hear.frames import Samples

MEMORY_BYTES = 1 << 21
_HEADER_BYTES = 4096
_LOG_BYTES = 1 << 15
_BLOCK_NUMBERS = 4
_LAG_BLOCKS = 20
LOGGED_BLOCKS = _LOG_BYTES // (8 * _BLOCK_NUMBERS)

Numbers = NDArray[np.int64]


def new_memory() -> int:
    """A file of ``MEMORY_BYTES`` in memory, for the two to share; its descriptor."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("sound")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, MEMORY_BYTES)
    return descriptor


def map_memory(descriptor: int) -> mmap.mmap:
    """The memory behind a descriptor."""
    return mmap.mmap(descriptor, MEMORY_BYTES)


class HeardRing:
    """From the microphone's callback to the assistant. Holds some 10 s; what does not fit is dropped and counted."""

    def __init__(self, memory: mmap.mmap, channels: int) -> None:
        self._numbers: Numbers = np.frombuffer(memory, np.int64, 16)
        size = (MEMORY_BYTES - _HEADER_BYTES) // (2 * channels)
        self._ring: Samples = np.frombuffer(memory, np.int16, size * channels, _HEADER_BYTES).reshape(size, channels)

    # 0 and 1: count the callback's writes, before and after; 2: samples written; 3: when the last of them sounded; 4:
    # samples read; 5: samples dropped; 6: times that the device itself has lost some; 7: when the callback ran last;
    # 8: its blocks since the stream was started; 9: the least lag of the last few, in ns; 10: of the few before them;
    # 11: the lag that can't be helped.

    def write(self, block: Samples, now_ns: int, lag_s: float, overflowed: bool) -> None:
        """In the callback: take the next block, shape (samples, channels), whose end sounded ``lag_s`` ago."""
        numbers, size = self._numbers, len(self._ring)
        lag_ns = round(1e9 * lag_s)
        numbers[6] += overflowed
        numbers[7] = now_ns
        if numbers[8] % _LAG_BLOCKS == 0:
            numbers[10], numbers[9] = numbers[9], lag_ns
        numbers[9] = min(lag_ns, int(numbers[9]))
        numbers[8] += 1
        written = int(numbers[2])
        if written + len(block) - int(numbers[4]) > size:
            numbers[5] += len(block)
            return
        start = written % size
        first = min(len(block), size - start)
        self._ring[start : start + first] = block[:first]
        self._ring[: len(block) - first] = block[first:]
        numbers[0] += 1
        numbers[2], numbers[3] = written + len(block), now_ns - max(0, lag_ns - int(numbers[11]))
        numbers[1] += 1

    @property
    def blocks(self) -> int:
        """How many have come since the stream was started."""
        return int(self._numbers[8])

    @property
    def lag_s(self) -> float:
        """By how much every one of the last few came later than it need have."""
        return (int(self._numbers[9 if self.blocks < _LAG_BLOCKS else 10]) - int(self._numbers[11])) / 1e9

    def start_anew(self) -> None:
        """By the device's process, between two streams."""
        self._numbers[8] = self._numbers[9] = self._numbers[10] = 0

    def accept_lag(self) -> None:
        """By the device's process: sound comes as late as that, and counts as if it did not."""
        self._numbers[11] += round(1e9 * self.lag_s)

    def read(self) -> tuple[Samples, int]:
        """All that is new, shape (samples, channels), and when its last sample sounded."""
        numbers, size = self._numbers, len(self._ring)
        while True:
            writes = int(numbers[1])
            written, end_ns = int(numbers[2]), int(numbers[3])
            if writes == numbers[0] == numbers[1]:
                break
        read = int(numbers[4])
        new = np.take(self._ring, np.arange(read, written) % size, axis=0)
        numbers[4] = written
        return new, end_ns

    @property
    def last_ns(self) -> int:
        """When the callback ran last; 0 if it never did."""
        return int(self._numbers[7])

    @property
    def dropped(self) -> int:
        """Samples that were not read in time."""
        return int(self._numbers[5])

    @property
    def overflows(self) -> int:
        """How often the device lost samples before they reached the callback."""
        return int(self._numbers[6])


class Block(NamedTuple):
    """What the loudspeaker's callback handed to the device at one time."""

    heard_ns: int
    """When its first sample is heard."""
    position: int
    """Of its first sample in the row that is played."""
    filled: int
    """Samples of the row in it, at its beginning; the rest is silence."""
    samples: int
    """All of them."""


class PlayedRing:
    """From the assistant to the loudspeaker's callback: a row of samples, and a log of what was handed on when.

    The ring keeps a second of what was read, so that ``cut`` can go back to what was not heard.
    """

    def __init__(self, memory: mmap.mmap) -> None:
        self._numbers: Numbers = np.frombuffer(memory, np.int64, 16)
        log = np.frombuffer(memory, np.int64, LOGGED_BLOCKS * _BLOCK_NUMBERS, _HEADER_BYTES)
        self._log: Numbers = log.reshape(LOGGED_BLOCKS, _BLOCK_NUMBERS)
        start = _HEADER_BYTES + _LOG_BYTES
        self._ring: Samples = np.frombuffer(memory, np.int16, (MEMORY_BYTES - start) // 2, start)

    # The assistant's: 0: samples written; 1: 1 while they may be heard; 2: cuts asked for; 3: where to go on after
    # the last. The device's: 4: samples read; 5: cuts done; 6: blocks handed on; 7: how many were when it cut last;
    # 8: when its stream ended.

    def fill(self, block: NDArray[np.int16], heard_ns: int) -> None:
        """In the callback: fill the next block, shape (samples, channels), heard from ``heard_ns`` on."""
        numbers, size = self._numbers, len(self._ring)
        read = int(numbers[4])
        count = 0
        if numbers[1] and numbers[2] == numbers[5]:
            count = max(0, min(len(block), int(numbers[0]) - read))
        start = read % size
        first = min(count, size - start)
        block[:first] = self._ring[start : start + first, np.newaxis]
        block[first:count] = self._ring[: count - first, np.newaxis]
        block[count:] = 0
        done = int(numbers[6])
        self._log[done % LOGGED_BLOCKS] = heard_ns, read, count, len(block)
        numbers[4] = read + count
        numbers[6] = done + 1

    def cut_done(self) -> None:
        """By the device's process, between two streams: what was handed on is thrown away, the row goes on anew."""
        self._numbers[4], self._numbers[7], self._numbers[8] = self._numbers[3], self._numbers[6], 0
        self._numbers[5] = self._numbers[2]

    def stream_ended(self, at_ns: int) -> None:
        """By the device's process: nothing is heard from now on."""
        self._numbers[8] = at_ns

    def room(self) -> int:
        """How many samples can be written now."""
        return len(self._ring) * 3 // 4 - (self.written - min(self.handed, self.written))

    def write(self, samples: Samples) -> None:
        """The row goes on with these; no more than there is ``room`` for."""
        size, written = len(self._ring), self.written
        self._ring[np.arange(written, written + len(samples)) % size] = samples
        self._numbers[0] = written + len(samples)

    def cut(self, position: int, end: int) -> None:
        """Silence; what was handed on is thrown away. The row goes on at ``position``, and ends at ``end`` now."""
        self._numbers[0], self._numbers[3] = end, position
        self._numbers[2] += 1

    def end_at(self, position: int) -> None:
        """The row ends here; nothing after it was handed on."""
        self._numbers[0] = position

    def let_play(self, plays: bool) -> None:
        """Whether the row may be heard. The callback obeys from its next block on."""
        self._numbers[1] = plays

    @property
    def written(self) -> int:
        """The end of the row."""
        return int(self._numbers[0])

    @property
    def handed(self) -> int:
        """How far it was handed to the device."""
        return int(self._numbers[3] if self.cutting else self._numbers[4])

    @property
    def cutting(self) -> bool:
        """Whether a cut is not done yet."""
        return bool(self._numbers[2] != self._numbers[5])

    @property
    def ended_ns(self) -> int:
        """When the device's stream ended by itself; 0 while it goes on."""
        return int(self._numbers[8])

    @property
    def void_until(self) -> int:
        """Blocks before this one were thrown away by a cut if they were not over by then."""
        return int(self._numbers[7])

    @property
    def blocks(self) -> int:
        """How many blocks the callback has handed on."""
        return int(self._numbers[6])

    def block(self, number: int) -> Block:
        """One of the last ``LOGGED_BLOCKS`` of them."""
        heard_ns, position, filled, samples = self._log[number % LOGGED_BLOCKS].tolist()
        return Block(heard_ns, position, filled, samples)

    def samples(self, block: Block) -> Samples:
        """What a block of the last second held, silence included."""
        whole = np.zeros(block.samples, np.int16)
        whole[: block.filled] = self._ring[np.arange(block.position, block.position + block.filled) % len(self._ring)]
        return whole
