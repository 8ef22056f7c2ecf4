"""Has a Piper voice say how long each of its phonemes lasts.

The model computes it, in the only ``Ceil`` of its graph, and keeps it to itself. ONNX is protobuf, and in protobuf what
is appended to a message is merged into it: a few bytes at the end of the file make one more output.
"""

from collections.abc import Iterator

_GRAPH = 7  # of ModelProto
_NODE, _OUTPUT = 1, 12  # of GraphProto
_NODE_OUTPUT, _OP_TYPE = 2, 4  # of NodeProto
_NAME = 1  # of ValueInfoProto


def with_durations(model: bytes) -> bytes:
    """The ONNX model with the frames of each phoneme as its last output; unchanged where it isn't built like that."""
    found = [
        bytes(output)
        for graph in _fields(memoryview(model), _GRAPH)
        for node in _fields(graph, _NODE)
        if any(bytes(op) == b"Ceil" for op in _fields(node, _OP_TYPE))
        for output in _fields(node, _NODE_OUTPUT)
    ]
    if len(found) != 1:
        return model
    return model + _field(_GRAPH, _field(_OUTPUT, _field(_NAME, found[0])))


def _fields(message: memoryview, number: int) -> Iterator[memoryview]:
    """The values of one field of a message that holds bytes or messages."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        match key & 7:
            case 0:
                _, place = _varint(message, place)
            case 1:
                place += 8
            case 2:
                length, place = _varint(message, place)
                if key >> 3 == number:
                    yield message[place : place + length]
                place += length
            case 5:
                place += 4
            case kind:
                raise ValueError(f"no protobuf message: a field of kind {kind}")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _field(number: int, value: bytes) -> bytes:
    """A short field; longer lengths take more than one byte."""
    assert len(value) < 0x80
    return bytes([number << 3 | 2, len(value)]) + value
