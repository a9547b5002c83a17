"""Checkers: what must hold at every moment of a simulated world, judged by the venues' ledgers."""

from tests.simulation.checkers.watch import Watch, WorldWatch

__all__ = ["Watch", "WorldWatch"]
