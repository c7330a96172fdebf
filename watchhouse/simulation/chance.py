"""Draws of whole numbers by weight."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchhouse.simulation.rows import Integers

Floats = NDArray[np.float64]


def cumulative(weights: NDArray[Any]) -> Floats:
    """Return running shares that end in exactly 1."""
    total = np.cumsum(weights, dtype=np.float64)
    shares: Floats = total / total[-1]
    return shares


def draw(rng: np.random.Generator, shares: Floats, count: int) -> Integers:
    """Return `count` positions, each as often as its part of the cumulative shares."""
    return np.searchsorted(shares, rng.random(count), side="right").astype(np.int64)
