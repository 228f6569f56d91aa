"""Arrays inside observations: checked once, read-only, and packed into JSON so that they come back exactly.

Perception gives more digits than it measures. Arrays are therefore rounded to a power of two (`rounded`),
which a float holds exactly; `pack` then keeps them as whole numbers, the difference from row to row, byte by
byte in planes (HDF5's shuffle filter), compressed by zlib: about a third of the bytes, and nothing is lost.
"""

import math
import zlib
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Times = NDArray[np.float64]

LEVEL = 6
"""zlib's own default; the level is fixed so that the same array gives the same bytes."""

MOST_BYTES = 1 << 30
"""A packed array that claims more than 1 GiB is damaged: a day of one person is 0.2 GiB."""

_MOST_PLACES = 16
_UNSEEN = np.int32(-(2**31))


class Packed(msgspec.Struct, frozen=True):
    """An array as JSON: whole numbers of 2**-places, or (places -1) the floats as they are."""

    dtype: str
    shape: tuple[int, ...]
    places: int
    data: bytes


def rounded(values: Any, places: int) -> Floats:
    """`values` as float32, rounded to `places` binary places (step 2**-places); NaN stays NaN."""
    scaled = np.rint(np.asarray(values, np.float64) * 2.0**places) / 2.0**places
    return np.asarray(scaled, np.float32)


def checked(values: Any, shape: tuple[int, ...], dtype: Any = np.float32) -> NDArray[Any]:
    """`values` as a read-only array of its own; -1 in `shape` stands for any length.

    Raises:
        ValueError: the shape is another one, or a value is infinite.
    """
    array = np.array(values, dtype)
    if array.ndim != len(shape) or any(
        want not in (-1, have) for want, have in zip(shape, array.shape, strict=True)
    ):
        raise ValueError(f"an array of shape {array.shape}, expected {shape}")
    if np.isinf(array).any():
        raise ValueError("an array with infinite values")
    array.flags.writeable = False
    return array


def pack(array: NDArray[Any]) -> Packed:
    """The array as JSON can hold it."""
    places = _places(array) if array.dtype == np.float32 else -1
    content = np.ascontiguousarray(array)
    if places >= 0:
        with np.errstate(invalid="ignore"):
            whole = np.rint(content.astype(np.float64) * 2.0**places)
        whole = np.where(np.isnan(whole), float(_UNSEEN), whole).astype(np.int32)
        content = np.diff(whole, axis=0, prepend=np.zeros_like(whole[:1]))
    planes = content.view(np.uint8).reshape(-1, content.itemsize).T if content.size else b""
    data = planes if isinstance(planes, bytes) else planes.tobytes()
    return Packed(array.dtype.str, array.shape, places, zlib.compress(data, LEVEL))


def unpack(packed: Packed) -> NDArray[Any]:
    """The array that `pack` was given, read-only.

    Raises:
        ValueError: this is not what `pack` gives.
    """
    if packed.dtype not in ("<f4", "<f8") or packed.places not in range(-1, _MOST_PLACES + 1):
        raise ValueError(f"an array of {packed.dtype[:20]} with {packed.places} places")
    dtype = np.dtype(packed.dtype if packed.places < 0 else "<i4")
    size = math.prod(packed.shape) * dtype.itemsize
    if min(packed.shape, default=0) < 0 or size > MOST_BYTES:
        raise ValueError(f"an array of shape {packed.shape}")
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(packed.data, size + 1)
    except zlib.error as error:
        raise ValueError(f"an array that cannot be unpacked ({error})") from error
    if len(data) != size or not stream.eof:
        raise ValueError(f"an array of {len(data)} bytes, expected {size}")
    planes = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1)
    array = np.ascontiguousarray(planes.T).reshape(-1).view(dtype).reshape(packed.shape)
    if packed.places >= 0:
        whole = np.cumsum(array, axis=0, dtype=np.int32)
        array = np.where(whole == _UNSEEN, np.nan, whole / 2.0**packed.places).astype(np.float32)
    array.flags.writeable = False
    return array


def _places(array: NDArray[np.float32]) -> int:
    """The fewest binary places that hold every value exactly in 32 bits, -1 when there are none."""
    known = array[~np.isnan(array)].astype(np.float64)
    for places in range(_MOST_PLACES + 1):
        scaled = known * 2.0**places
        if (scaled == np.rint(scaled)).all():
            return places if np.abs(scaled).max(initial=0.0) < 2**30 else -1
    return -1
