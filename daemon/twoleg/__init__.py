"""Two-leg arbitrage daemon for Kalshi and Polymarket."""
