"""A large invented catalogue that either simulated venue can serve beside its traded world.

Pure: every row is a function of (seed, row number), the same in both venues' processes. Claims are
made first (`scenes`), and each venue has its own texts for them (`kalshi_forms`,
`polymarket_forms`), so what is a true pair and what only looks like one is known by construction.
"""
