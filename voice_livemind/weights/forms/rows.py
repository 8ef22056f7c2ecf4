"""Tensors of a GGUF file as plain numbers, a few rows at a time, so that no large one is ever held whole."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from gguf import ReaderTensor
from gguf.quants import dequantize

_ROWS = 4096

Floats = npt.NDArray[np.float32]


def rows_of(tensor: ReaderTensor) -> Iterator[Floats]:
    """The tensor's rows in order (a vector as one piece); float32, however they were quantised."""
    for start in range(0, len(tensor.data), _ROWS):
        yield dequantize(tensor.data[start : start + _ROWS], tensor.tensor_type)
