"""Viewing events for the loader's benchmark: plain, many, and about 100 bytes each as CSV.

In the order in which they happened, as a log is written; 200,000 users, 2,000 shows with a long
tail, everything else at random.
"""

from pathlib import Path
from typing import Final

import duckdb

COLUMNS: Final = (
    "event_id",
    "user_id",
    "show_name",
    "watch_date",
    "watch_duration_minutes",
    "season",
    "episode",
    "device",
    "country",
)

_EVENTS: Final = """
select
    {event_id} as event_id,
    'user-' || lpad(cast(hash(i * 7 + 1) % 200000 as varchar), 8, '0') as user_id,
    'The Long Winter of Number ' ||
        cast(cast(pow((hash(i * 3 + 2) % 100000) / 100000.0, 3) * 2000 as integer) as varchar)
        as show_name,
    strftime(
        timestamp '2025-01-01'
            + to_microseconds(cast(i * 31536000000000.0 / {rows} as bigint))
            + to_seconds(cast(hash(i * 11 + 3) % 600 as bigint)),
        '%Y-%m-%dT%H:%M:%SZ'
    ) as watch_date,
    (hash(i * 13 + 4) % 12000) / 100.0 as watch_duration_minutes,
    1 + hash(i * 17 + 5) % 6 as season,
    1 + hash(i * 19 + 6) % 12 as episode,
    list_extract(
        ['smart_tv', 'android_phone', 'iphone', 'tablet', 'web_browser', 'games_console'],
        cast(1 + hash(i * 23 + 7) % 6 as bigint)
    ) as device,
    list_extract(
        ['US', 'GB', 'DE', 'FR', 'BR', 'IN', 'JP', 'DK'], cast(1 + hash(i * 29 + 8) % 8 as bigint)
    ) as country
from range({rows}) as numbers(i)
"""
_IDS: Final = {"sequential": "cast(10000000 + i as varchar)", "uuid": "cast(uuid() as varchar)"}
_FORMATS: Final = {".csv": "format csv, header", ".ndjson": "format json"}


def make_events(path: Path, *, rows: int, ids: str = "sequential") -> Path:
    """Write events to a file, whose suffix tells the format, unless it is there already."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"making-{path.name}")
        query = _EVENTS.format(event_id=_IDS[ids], rows=rows)
        duckdb.execute(f"copy ({query}) to '{temporary}' ({_FORMATS[path.suffix]})")
        temporary.rename(path)
    return path
