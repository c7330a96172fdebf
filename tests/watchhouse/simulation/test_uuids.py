"""UUIDs made from numbers."""

from uuid import UUID

import numpy as np

from watchhouse.simulation.uuids import uuids


def test_every_number_has_a_uuid_of_its_own() -> None:
    texts = [text.decode() for text in uuids(1, np.arange(-1, 50_000)).to_pylist()]
    assert len(set(texts)) == 50_001
    assert {(UUID(text).version, str(UUID(text)) == text) for text in texts} == {(4, True)}


def test_seeds_share_no_uuid() -> None:
    numbers = np.arange(1_000)
    one, two = (set(uuids(seed, numbers).to_pylist()) for seed in (1, 2))
    assert not one & two


def test_chunks_do_not_matter() -> None:
    whole = uuids(7, np.arange(10)).to_pylist()
    assert whole == uuids(7, np.arange(4)).to_pylist() + uuids(7, np.arange(4, 10)).to_pylist()
