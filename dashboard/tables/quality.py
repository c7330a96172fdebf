"""What became of what landed: accounts per batch, records set aside, and how late they came."""

from typing import Final

from dashboard import cells, reads
from dashboard.definitions import explain
from dashboard.reads import Sheet
from watchhouse.accounts import TOTALS

ANY: Final = "Any reason"
_COUNTS: Final = {
    "read_count": ("Read", "Records that loaders found in what they were given."),
    "rejected_count": ("Rejected", "Could not be split into columns: read = rejected + landed."),
    "valid_count": ("Valid", "Passed every rule and are counted; those of no minutes too."),
    "quarantined_count": ("Quarantined", "Break at least one rule, with every reason kept."),
    "duplicate_count": ("Duplicate", "Repeat a record that is counted."),
    "conservation_gap": ("Unaccounted", explain("conservation_gap")),
}
RESTATEMENT_COLUMNS: Final = {
    "release_id": cells.count("Release"),
    "activity_date": cells.day("Day"),
    "causes": cells.text("Causes"),
    "play_count_before": cells.count("Plays before"),
    "play_count_after": cells.count("Plays after"),
    "hours_viewed_before": cells.count("Hours before"),
    "hours_viewed_after": cells.count("Hours after"),
}
PARTS: Final = ("Valid", "Quarantined", "Duplicate", "Rejected", "Superseded")
_BATCHES: Final = """
    select
        landed_at, stream, source, source_kind, status, read_count, rejected_count, landed_count,
        valid_count, quarantined_count, duplicate_count, superseded_count, conservation_gap,
        batch_id
    from rpt_batch_reconciliation
    order by landed_at desc, batch_id
    limit 1000
"""
_ACCOUNTS: Final = """
    with counted as (
        select
            stream,
            source,
            sum(valid_count)::bigint as "Valid",
            sum(quarantined_count)::bigint as "Quarantined",
            sum(duplicate_count)::bigint as "Duplicate",
            sum(rejected_count)::bigint as "Rejected",
            sum(superseded_count)::bigint as "Superseded"
        from rpt_batch_reconciliation
        group by stream, source
    )

    select stream || ' · ' || source as origin, part, record_count
    from (
        unpivot counted on "Valid", "Quarantined", "Duplicate", "Rejected", "Superseded"
        into name part value record_count
    ) as found
    order by origin, part
"""
_REASONS: Final = """
    select reason_code, count(*) as record_count
    from (select unnest(reason_codes) as reason_code from fct_quarantined_events)
    group by reason_code
    order by record_count desc, reason_code
    limit 20
"""
_RECORDS: Final = """
    select
        landed_at, stream, source, array_to_string(reason_codes, ', ') as reasons, source_uri,
        source_position, case when $with_text then record end as record
    from fct_quarantined_events
    where $reason is null or list_contains(reason_codes, $reason)
    order by landed_at desc, batch_id, source_position
    limit 200
"""
_LATENESS: Final = """
    select ingest_date, source, event_lag_p95_seconds / 3600.0 as lag_hours, late_rate
    from fct_quality_days
    where stream = 'watch_events'
    order by ingest_date, source
"""
_RESTATEMENTS: Final = """
    select * replace (array_to_string(causes, ', ') as causes)
    from history.restatements
    order by release_id desc, activity_date
    limit 200
"""


def figures() -> tuple[tuple[str, int, str], ...]:
    """Return what each count is called, how many records it holds, and what it means."""
    (row,) = reads.read(TOTALS).to_pylist()
    return tuple((title, row[column], about) for column, (title, about) in _COUNTS.items())


def accounts() -> Sheet:
    """Return what became of the records of each source."""
    return Sheet(reads.read(_ACCOUNTS))


def batches() -> Sheet:
    """Return the latest thousand batches, each with where its records went."""
    return Sheet(reads.read(_BATCHES))


def reasons() -> Sheet:
    """Return records set aside by reason; one with two reasons counts in both."""
    return Sheet(reads.read(_REASONS))


def reason_codes() -> tuple[str, ...]:
    """Return the reasons for which records were set aside, the most frequent first."""
    return tuple(reasons().table["reason_code"].to_pylist())


def records(reason: str, *, with_text: bool) -> Sheet:
    """Return the latest records set aside, with their text where it may be shown."""
    chosen = None if reason == ANY else reason
    found = reads.read(_RECORDS, {"reason": chosen, "with_text": with_text})
    return Sheet(found if with_text else found.drop_columns(["record"]))


def lateness() -> Sheet:
    """Return how long after they happened events landed, by day and source."""
    reads.require("fct_quality_days")
    return Sheet(reads.read(_LATENESS))


def restatements() -> Sheet:
    """Return days whose figures a later release changed."""
    reads.require("restatements")
    return Sheet(reads.read(_RESTATEMENTS))
