"""The composition root: real clock, network and logs, and everything that acts on the world."""
