"""Kalshi's named price structures as grids.

Kalshi docs, fixed_point_migration, 2026-08-17. Kalshi's `price_ranges` are what counts; the names
only say which bands a simulated market gets. The bands of banded_centi_cent are not documented.
"""

from collections.abc import Sequence
from typing import Final

from twoleg.sim.grid import DECI_CENT, LINEAR_CENT, ONE_E4, TAPERED_DECI_CENT, Band, Grid


def _tapered(label: str, edge_e4: int, centre_e4: int, width_e4: int = 1_000) -> Grid:
    upper_e4 = ONE_E4 - width_e4
    return Grid(
        label,
        (
            Band(0, width_e4, edge_e4),
            Band(width_e4, upper_e4, centre_e4),
            Band(upper_e4, ONE_E4, edge_e4),
        ),
    )


def _even(label: str, step_e4: int) -> Grid:
    return Grid(label, (Band(0, ONE_E4, step_e4),))


STRUCTURES: Final = {
    grid.label: grid
    for grid in (
        LINEAR_CENT,
        DECI_CENT,
        TAPERED_DECI_CENT,
        _tapered("center_whole_edge_half_cent", 50, 100),
        _tapered("center_whole_edge_quint_cent", 20, 100),
        _even("center_half_edge_half_cent", 50),
        _tapered("center_half_edge_quint_cent", 20, 50),
        _tapered("center_half_edge_deci_cent", 10, 50),
        _even("center_quint_edge_quint_cent", 20),
        _tapered("center_quint_edge_deci_cent", 10, 20),
        _even("center_centi_edge_centi_cent", 1),
        _tapered("center_deci_edge_centi_cent", 1, 10, width_e4=100),
    )
}


def make_grid(label: str, bands_e4: Sequence[tuple[int, int, int]] | None = None) -> Grid:
    """Return a known structure, or one of any name with bands (start, end, step in 1/10 000)."""
    if bands_e4 is None:
        if label not in STRUCTURES:
            raise ValueError(f"price_level_structure {label!r} is not known: give its bands_e4")
        return STRUCTURES[label]
    if not bands_e4 or any(step <= 0 or start >= end for start, end, step in bands_e4):
        raise ValueError("bands_e4 must be [start, end, step] with start below end")
    return Grid(label, tuple(Band(*band) for band in bands_e4))
