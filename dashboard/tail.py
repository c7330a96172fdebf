"""The live tail: what landed since the release, provisional, read anew each time."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import streamlit as st

from dashboard.definitions import explain
from watchhouse.layout import Home
from watchhouse.live import Live, LiveTail

_PROVISIONAL: Final = "Provisional: of what landed since the release and is not in it."
_MEANINGS: Final = {
    "Plays": f"{_PROVISIONAL}\n\n{explain('plays')}",
    "Hours viewed": f"{_PROVISIONAL}\n\n{explain('hours_viewed')}",
    "Users": f"{_PROVISIONAL}\n\n{explain('users')}",
    "Events landed": "All events in the batches that the release does not hold.",
    "Quarantined": "Those of them that break a rule.",
}
_SHOWS = pa.schema(
    [
        ("show_name", pa.string()),
        ("play_count", pa.int64()),
        ("user_count", pa.int64()),
        ("hours_viewed", pa.float64()),
    ]
)


def read(home: Home, *, now: datetime, minutes: int | None) -> LiveTail:
    """Return the tail; with `minutes`, only plays that began within so many before `now`.

    Raises:
        NoReleaseError: nothing has been published yet.
        WatchhouseError: the release or a batch cannot be read.
    """
    return _live(home.root).read(now=now, minutes=minutes)


def move_on(home: Home, release_id: int) -> None:
    """Have the tail let go of a release that pages have left, though nobody looks at the tail."""
    _live(home.root).move_on(release_id)


def meaning(label: str) -> str:
    """Return what a figure of the tail means."""
    return _MEANINGS[label]


def shows(tail: LiveTail, smallest: int) -> pa.Table:
    """Return the shows of the tail, without those of fewer users than `smallest`."""
    kept = [asdict(show) for show in tail.top_shows if show.user_count >= smallest]
    return pa.Table.from_pylist(kept, schema=_SHOWS)


@st.cache_resource(show_spinner=False)
def _live(root: Path) -> Live:
    return Live(Home(root))
