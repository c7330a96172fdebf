"""The input contract as data: the columns of each stream, in the order in which raw keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Stream:
    """The columns of one kind of record.

    `required` holds groups of names: of each group the input must have at least one.
    """

    name: str
    columns: tuple[str, ...]
    required: tuple[tuple[str, ...], ...]
    identifiers: frozenset[str] = frozenset()


EXTRAS: Final = "extras"
"""The canonical column that holds unknown ones; never an input column of that name."""

STREAMS: Final = {
    stream.name: stream
    for stream in (
        Stream(
            name="watch_events",
            columns=(
                "event_id",
                "user_id",
                "profile_id",
                "show_id",
                "show_name",
                "content_type",
                "season",
                "episode",
                "runtime_minutes",
                "watch_date",
                "watch_duration_minutes",
                "watch_duration_seconds",
                "watch_duration",
                "position_start_seconds",
                "position_end_seconds",
                "device",
                "country",
                "experiment",
                "variant",
            ),
            required=(
                ("user_id",),
                ("show_name",),
                ("watch_date",),
                ("watch_duration_minutes", "watch_duration_seconds", "watch_duration"),
            ),
            identifiers=frozenset({"user_id", "profile_id"}),
        ),
        Stream(
            name="catalog",
            columns=(
                "show_id",
                "show_name",
                "aliases",
                "content_type",
                "genres",
                "country",
                "language",
                "released_on",
                "season",
                "episode",
                "runtime_minutes",
                "updated_at",
            ),
            required=(("show_id",), ("show_name",)),
        ),
        Stream(
            name="users",
            columns=("user_id", "country", "plan", "signed_up_on"),
            required=(("user_id",),),
            identifiers=frozenset({"user_id"}),
        ),
    )
}


def missing(stream: Stream, present: Sequence[str]) -> list[str]:
    """Return what `present` (canonical names) lacks, alternatives joined with "or"."""
    return [
        " or ".join(group)
        for group in stream.required
        if not any(name in present for name in group)
    ]
