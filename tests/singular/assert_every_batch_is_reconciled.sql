-- A row is a batch that the ledger has and the reconciliation lacks, or the other way round.
select
    batches.batch_id,
    reconciliation.batch_id as reconciled_batch_id
from {{ ref('int_batches') }} as batches
full outer join {{ ref('rpt_batch_reconciliation') }} as reconciliation
    on batches.batch_id = reconciliation.batch_id
where batches.batch_id is null or reconciliation.batch_id is null
