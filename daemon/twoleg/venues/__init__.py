"""Venue clients behind ports: bytes to events, orders to answers."""
