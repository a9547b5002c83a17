"""A simulated Polymarket: an independent reading of its documents."""
