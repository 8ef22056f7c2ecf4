"""Takes the graph of a Piper voice apart.

A Piper voice is a VITS: phonemes become latent frames, a sentence at a time, and a decoder makes sound of the frames.
That one only convolves, and takes most of the time; on its own it can begin with the first frames. How long each
phoneme lasts is computed too, in the only ``Ceil`` of the graph.

ONNX is protobuf: a message is a row of numbered fields, and a part of it is had by leaving fields out.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

_GRAPH = 7  # of ModelProto
_NODE, _INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO = 1, 5, 11, 12, 13  # of GraphProto
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _OP_TYPE = 1, 2, 3, 4  # of NodeProto
_TENSOR_NAME = 8  # of TensorProto
_NAME, _TYPE = 1, 2  # of ValueInfoProto
_FLOAT_TENSOR = b"\x0a\x02\x08\x01"  # a TypeProto

_FIRST_OF_DECODER = b"/dec/conv_pre/Conv"


class Halves(NamedTuple):
    """A voice in two models."""

    latents: bytes
    """Gives the latent frames of a sentence, and of how many each phoneme is made."""
    decoder: bytes
    """Takes latent frames, gives their sound."""


class _Node(NamedTuple):
    field: memoryview
    name: bytes
    op: bytes
    inputs: list[bytes]
    outputs: list[bytes]


def halves(model: bytes) -> Halves | None:
    """The voice cut before its decoder; ``None`` where it isn't built like that."""
    graph = b"".join(_values(model, _GRAPH))
    nodes = _nodes(graph)
    cuts = [node.inputs[0] for node in nodes if node.name == _FIRST_OF_DECODER]
    durations = _durations(nodes)
    if len(cuts) != 1 or durations is None:
        return None
    after, decoding = set(cuts), []
    for node in nodes:
        if not after.isdisjoint(node.inputs):
            decoding.append(node)
            after.update(node.outputs)
    before = [node for node in nodes if node not in decoding]
    constants = [node for node in before if node.op == b"Constant"]
    weights = {_name(field, _TENSOR_NAME) for field in _values(graph, _INITIALIZER)}
    known = after | weights | {output for node in constants for output in node.outputs}
    if any(name not in known for node in decoding for name in node.inputs if name):
        # It takes more than the frames: who speaks.
        return None
    outputs = [_field(_OUTPUT, _field(_NAME, name)) for name in (cuts[0], durations)]
    frames = _field(_INPUT, _field(_NAME, cuts[0]) + _field(_TYPE, _FLOAT_TENSOR))
    return Halves(
        _with_graph(model, _part(graph, before, leave_out=_OUTPUT) + b"".join(outputs)),
        _with_graph(model, _part(graph, constants + decoding, leave_out=_INPUT) + frames),
    )


def with_durations(model: bytes) -> bytes:
    """The whole voice with the frames of each phoneme as its last output; unchanged where it isn't built like that."""
    durations = _durations(_nodes(b"".join(_values(model, _GRAPH))))
    if durations is None:
        return model
    # What is appended to a message is merged into it.
    return model + _field(_GRAPH, _field(_OUTPUT, _field(_NAME, durations)))


def _nodes(graph: bytes) -> list[_Node]:
    return [
        _Node(
            field,
            _name(field, _NODE_NAME),
            _name(field, _OP_TYPE),
            [bytes(name) for name in _values(field, _NODE_INPUT)],
            [bytes(name) for name in _values(field, _NODE_OUTPUT)],
        )
        for field in _values(graph, _NODE)
    ]


def _durations(nodes: Iterable[_Node]) -> bytes | None:
    found = [output for node in nodes if node.op == b"Ceil" for output in node.outputs]
    return found[0] if len(found) == 1 else None


def _part(graph: bytes, nodes: Iterable[_Node], leave_out: int) -> bytes:
    """The graph with these of its nodes and the weights that they use, without the fields of one kind."""
    nodes = list(nodes)
    used = {name for node in nodes for name in node.inputs}
    kept = [_field(_NODE, node.field) for node in nodes]
    for number, value, field in _fields(graph):
        if number == _INITIALIZER and _name(value, _TENSOR_NAME) not in used:
            continue
        if number not in (_NODE, _VALUE_INFO, leave_out):
            kept.append(bytes(field))
    return b"".join(kept)


def _with_graph(model: bytes, graph: bytes) -> bytes:
    rest = [bytes(field) for number, _, field in _fields(model) if number != _GRAPH]
    return b"".join(rest) + _field(_GRAPH, graph)


def _name(message: memoryview, number: int) -> bytes:
    return b"".join(bytes(value) for value in _values(message, number))


def _values(message: bytes | memoryview, number: int) -> Iterator[memoryview]:
    """The values of one field of a message that holds bytes or messages."""
    return (value for found, value, _ in _fields(message) if found == number)


def _fields(message: bytes | memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, value and whole of each field; a value that is a number comes as the bytes that it is written in."""
    message = memoryview(message)
    place = 0
    while place < len(message):
        start = place
        key, place = _varint(message, place)
        begin = place
        match key & 7:
            case 0:
                _, place = _varint(message, place)
            case 1:
                place += 8
            case 2:
                length, begin = _varint(message, place)
                place = begin + length
            case 5:
                place += 4
            case kind:
                raise ValueError(f"no protobuf message: a field of kind {kind}")
        yield key >> 3, message[begin:place], message[start:place]


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _field(number: int, value: bytes | memoryview) -> bytes:
    """A field that holds bytes or a message."""
    return bytes([number << 3 | 2]) + _as_varint(len(value)) + value


def _as_varint(value: int) -> bytes:
    row = bytearray()
    while value >= 0x80:
        row.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*row, value])
