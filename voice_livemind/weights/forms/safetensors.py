"""Writing one safetensors file front to back: eight bytes of length, a JSON header, then the tensors' bytes."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

_BYTES = {"BF16": 2, "F32": 4, "I8": 1}


@dataclass(frozen=True)
class Entry:
    """One tensor of the file."""

    name: str
    kind: str
    """BF16 | F32 | I8"""
    shape: Sequence[int]


@contextmanager
def writing(path: Path, entries: Iterable[Entry]) -> Iterator[BinaryIO]:
    """The opened file, its header written; the tensors' bytes are to follow in the order of `entries`."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for entry in entries:
        start, end = end, end + math.prod(entry.shape) * _BYTES[entry.kind]
        header[entry.name] = {"dtype": entry.kind, "shape": list(entry.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    # Tensors that start at multiples of eight can be mapped as they are.
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        yield stream
        assert stream.tell() == 8 + len(text) + end


def bfloat16(values: npt.NDArray[np.float32]) -> bytes:
    """The values rounded to the nearest bfloat16 (ties to even); none may be NaN."""
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16).tobytes()
