"""Polymarket CLOB V2: signing, wire, orders, account, market data and catalogue."""
