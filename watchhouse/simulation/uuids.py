"""Event ids that look random and are not: the same for the same seed and number."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from watchhouse.simulation.rows import Integers

_Words = NDArray[np.uint64]

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_HEX: Final = np.frombuffer(bytes(range(256)).hex().encode(), dtype=np.uint8).reshape(256, 2)
_LENGTH: Final = 36
_HYPHENS: Final = (8, 13, 18, 23)
_DIGITS: Final = np.setdiff1d(np.arange(_LENGTH), _HYPHENS)


def uuids(seed: int, numbers: Integers) -> pa.Array:
    """Return a version 4 UUID for each number, as binary texts of 36 characters."""
    first = _mix(numbers.astype(np.uint64) + _mix(np.array([seed], dtype=np.uint64)))
    words = np.stack([first, _mix(first)], axis=1)
    octets = words.astype(">u8").view(np.uint8)
    octets[:, 6] = octets[:, 6] & 0x0F | 0x40
    octets[:, 8] = octets[:, 8] & 0x3F | 0x80
    texts = np.full((len(numbers), _LENGTH), ord("-"), dtype=np.uint8)
    texts[:, _DIGITS] = _HEX[octets].reshape(len(numbers), -1)
    fixed = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(_LENGTH), len(numbers), [None, pa.py_buffer(texts)]
    )
    return pc.cast(fixed, pa.binary())


def _mix(words: _Words) -> _Words:
    """Scatter 64-bit words so that neighbours have nothing in common (SplitMix64); one to one."""
    mixed = words + _STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
