-- A row is a batch of which a record was lost or counted twice.
select *
from {{ ref('rpt_batch_reconciliation') }}
where conservation_gap != 0 or reading_gap != 0 or missing_reject_count != 0
