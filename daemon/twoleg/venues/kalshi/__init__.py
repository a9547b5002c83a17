"""Kalshi: signing, wire format, feed, orders, account, catalogue."""
