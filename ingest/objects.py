"""JSON objects read one by one: exact, whatever they hold."""

import numpy as np

from ingest.blocks import Block, Spans, record
from ingest.records import Integers, Reject, reject
from watchhouse.jsontext import read_object


def read_objects(
    block: Block, spans: Spans, indexes: Integers
) -> tuple[list[dict[str, str | None]], Integers, list[Reject]]:
    """Return the objects among some records, their positions, and rejects for the others."""
    objects: list[dict[str, str | None]] = []
    positions: list[int] = []
    rejects: list[Reject] = []
    for index in indexes.tolist():
        text = record(block, spans, index)
        values = read_object(text)
        if isinstance(values, dict):
            objects.append(values)
            positions.append(int(spans.positions[index]))
        else:
            rejects.append(reject(spans.positions[index], values, text))
    return objects, np.array(positions, np.int64), rejects
