"""The bugs that are seeded into copies of the code still fit the code."""

import pytest

from tests.simulation.mutants.__main__ import misfit
from tests.simulation.mutants.catalogue import MUTANTS
from tests.simulation.mutants.mutant import Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_patch_of_each_mutant_fits_the_code(mutant: Mutant) -> None:
    assert misfit(mutant) == ""


def test_names_of_mutants_are_unique() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25
