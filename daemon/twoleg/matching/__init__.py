"""Matching: which Kalshi market and which Polymarket market are one and the same claim.

Pure: texts and numbers in, decisions with their reasons out. A market is parsed once into a typed
card; two cards are compared facet by facet; whatever does not agree, or is not understood, rejects.
"""
