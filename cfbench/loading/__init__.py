"""From interactions to batches: random streams, splits, encoding, the loader."""
