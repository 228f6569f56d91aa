"""The few ONNX messages that our graphs are made of, in protobuf's wire form.

Source of the field numbers: onnx.proto3.
"""

import struct
from collections.abc import Iterator

FLOAT, INT64 = 1, 7


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """Bytes of a message with these (number, value) fields, in order."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            out += _varint(number << 3) + _varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += _varint(number << 3 | 2) + _varint(len(data)) + data
    return bytes(out)


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def node(operator: str, inputs: list[str], outputs: list[str], *attributes: bytes) -> bytes:
    """One operation between named tensors."""
    return message(
        *((1, name) for name in inputs),
        *((2, name) for name in outputs),
        (4, operator),
        *((5, attribute) for attribute in attributes),
    )


def integer(name: str, value: int) -> bytes:
    """An attribute of a node."""
    return message((1, name), (3, value), (20, 2))


def integers(name: str, *values: int) -> bytes:
    """An attribute of a node: a list."""
    return message((1, name), *((8, value) for value in values), (20, 7))


def real(name: str, value: float) -> bytes:
    """An attribute of a node: a float32."""
    fixed32 = 2 << 3 | 5
    return message((1, name)) + bytes([fixed32]) + struct.pack("<f", value) + message((20, 1))


def tensor(name: str, shape: tuple[int, ...], raw: bytes, kind: int = FLOAT) -> bytes:
    """A constant; `raw` are its little-endian values."""
    return message(*((1, size) for size in shape), (2, kind), (8, name), (9, raw))


def value(name: str, *shape: int | str, kind: int = FLOAT) -> bytes:
    """An input or output; a size that is a name is whatever comes."""
    sizes = [message((1, size) if isinstance(size, int) else (2, size)) for size in shape]
    tensor_type = message((1, kind), (2, message(*((1, size) for size in sizes))))
    return message((1, name), (2, message((1, tensor_type))))


def model(
    name: str,
    nodes: list[bytes],
    tensors: list[bytes],
    inputs: list[bytes],
    outputs: list[bytes],
    notes: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Bytes of a model file with these parts; `notes` are kept with it, each by its name."""
    graph = message(
        *((1, part) for part in nodes),
        (2, name),
        *((5, part) for part in tensors),
        *((11, part) for part in inputs),
        *((12, part) for part in outputs),
    )
    ir_version, operator_set = 9, 17
    return message(
        (1, ir_version),
        (7, graph),
        (8, message((1, ""), (2, operator_set))),
        *((14, message((1, key), (2, said))) for key, said in notes),
    )


def tapped(content: bytes, *names: str) -> bytes:
    """The model with these inner tensors among its outputs.

    In protobuf's wire form two messages one after the other are one message, and lists in them go on.
    """
    return content + message((7, message(*((12, message((1, name))) for name in names))))


def joins(content: bytes) -> tuple[str, ...]:
    """Of each `Concat` that takes what a `Resize` made: what it is joined with, in order of the graph.

    A detector of several scales enlarges its coarse features and joins them with the finer ones before.
    """
    resized: set[str] = set()
    found: list[str] = []
    for graph in _fields(content, 7):
        for one in _fields(graph, 1):
            inputs, outputs = ([bytes(v).decode() for v in _fields(one, number)] for number in (1, 2))
            operator = next((bytes(v).decode() for v in _fields(one, 4)), "")
            if operator == "Resize":
                resized.update(outputs)
            elif operator == "Concat" and resized.intersection(inputs):
                found += [name for name in inputs if name not in resized]
    return tuple(found)


def _fields(content: bytes | memoryview, wanted: int) -> Iterator[memoryview]:
    """The values of a message's length-delimited fields of a number."""
    view, at = memoryview(content), 0
    while at < len(view):
        key, at = _read(view, at)
        if key & 7 == 2:
            size, at = _read(view, at)
            if key >> 3 == wanted:
                yield view[at : at + size]
            at += size
        elif key & 7 == 0:
            _, at = _read(view, at)
        else:
            at += 8 if key & 7 == 1 else 4


def _read(view: memoryview, at: int) -> tuple[int, int]:
    """A varint and where it ends."""
    number = shift = 0
    while True:
        byte = view[at]
        number, shift, at = number | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return number, at
