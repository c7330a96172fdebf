-- A row is a batch of which a record was lost or counted twice.
select
    batch_id,
    source_uri,
    conservation_gap,
    reading_gap,
    missing_reject_count
from {{ ref('rpt_batch_reconciliation') }}
where conservation_gap != 0 or reading_gap != 0 or missing_reject_count != 0
