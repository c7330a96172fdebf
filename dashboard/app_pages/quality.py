"""What became of every record: accounts per batch, what was set aside and why, and how late."""

from functools import partial

import streamlit as st

from dashboard import bars, cells, charts, frame, state
from dashboard.measures import Measure
from dashboard.tables import quality

view = state.current()
records = Measure("record_count", "Records", "records")
page = frame.open_page(
    "Data quality", "What became of every record that was read", view, is_dated=False
)

page.counts(quality.figures())
page.panel(
    "Where records went",
    quality.accounts,
    partial(bars.shares, measure=records, y="origin", series="part", order=quality.PARTS),
    metrics=("quarantine_rate", "duplicate_rate", "conservation_gap"),
    about="Every record is in exactly one part; superseded ones were landed again.",
)
left, right = st.columns(2, gap="large")
with left:
    page.panel(
        "Set aside, by reason",
        quality.reasons,
        partial(bars.ranked, measure=records, name="reason_code", title="Reason"),
        metrics=("quarantine_rate",),
        about="A record with two reasons counts in both.",
        empty="Nothing was set aside.",
    )
with right:
    page.panel(
        "How late events land",
        quality.lateness,
        partial(
            charts.lines,
            measure=Measure("lag_hours", "95% land within", "hours"),
            time="ingest_date",
            series="source",
        ),
        metrics=("event_lag_p95", "late_rate"),
        empty="No batch of events has landed.",
        needs=("fct_quality_days",),
    )

reason = st.selectbox(
    "Records set aside for",
    (quality.ANY, *quality.reason_codes()),
    key="reason",
    bind="query-params",
)
page.table(
    "Records set aside",
    partial(quality.records, reason, with_text=view.smallest_group == 0),
    {
        "landed_at": cells.moment("Landed"),
        "stream": cells.text("Stream"),
        "source": cells.text("Source"),
        "reasons": cells.text("Reasons", width="medium"),
        "source_uri": cells.text("From"),
        "source_position": cells.count("Position", "Line, sequence or offset in it."),
        "record": cells.text("Record", width="large"),
    },
    about="The latest 200. Their text is shown where single users may be.",
    empty="Nothing was set aside.",
    height=320,
)
page.table(
    "Batches",
    quality.batches,
    {
        "landed_at": cells.moment("Landed"),
        "stream": cells.text("Stream"),
        "source": cells.text("Source"),
        "read_count": cells.count("Read"),
        "rejected_count": cells.count("Rejected"),
        "landed_count": cells.count("Landed"),
        "valid_count": cells.count("Valid"),
        "quarantined_count": cells.count("Quarantined"),
        "duplicate_count": cells.count("Duplicate"),
        "superseded_count": cells.count("Superseded"),
        "conservation_gap": cells.number("conservation_gap", title="Unaccounted"),
        "status": cells.text("Status"),
        "batch_id": cells.text("Batch"),
    },
    metrics=("conservation_gap",),
    about="Read = rejected + landed; landed = valid + quarantined + duplicate + superseded.",
)
page.table(
    "Restatements",
    quality.restatements,
    quality.RESTATEMENT_COLUMNS,
    about="Days whose figures a later release changed, and why.",
    empty="No release has changed a figure of an earlier one.",
    needs=("restatements",),
)
page.close()
