"""What became of all records that were ever read, added up over the batches of a release."""

from typing import Final

TOTALS: Final = """
    select
        coalesce(sum(read_count), 0)::bigint as read_count,
        coalesce(sum(rejected_count), 0)::bigint as rejected_count,
        coalesce(sum(landed_count), 0)::bigint as landed_count,
        coalesce(sum(valid_count), 0)::bigint as valid_count,
        coalesce(sum(quarantined_count), 0)::bigint as quarantined_count,
        coalesce(sum(duplicate_count), 0)::bigint as duplicate_count,
        coalesce(sum(landed_count) filter (status = 'superseded'), 0)::bigint as superseded_count,
        coalesce(sum(abs(conservation_gap)), 0)::bigint as conservation_gap
    from rpt_batch_reconciliation
"""
"""One row, of zeros where nothing has landed."""
