"""Many small files become few, of closed days and of the ledger; no row is ever there twice."""
