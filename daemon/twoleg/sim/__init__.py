"""Both venues as real servers on loopback: an independent reading of their protocols.

Nothing here imports the rest of the package (except `twoleg.errors`), and no module reads a clock,
randomness or a socket by itself: all of them are handed in.
"""
