"""Use cases: load, decide in domain, save, announce; inside the transaction that the edge opened."""
