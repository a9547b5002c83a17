"""A simulated Kalshi: an independent reading of its documents."""
