"""Many small files of closed days become few large ones; no row is ever there twice."""
