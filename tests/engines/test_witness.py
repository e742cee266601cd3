"""Witnesses of properties with parameters: the shortest for every instance, up to symmetry too."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmcheck
from mmcheck.core.verdict import Proved, Witness

SPEC = str(Path(__file__).parents[2] / "specs" / "memfd_seal.mmc")
NAME = "sealed_beside_a_pinned_page_that_left"


@pytest.mark.parametrize("symmetry", [True, False])
def test_the_nearest_of_an_orbit_is_shown(symmetry: bool) -> None:
    """Which instance of an orbit is seen first, and at which depth, is chance."""
    options = mmcheck.Options(
        checks=("page_left_the_file",),
        properties=(NAME,),
        preferences=mmcheck.Preferences(symmetry=symmetry),
    )
    outcome = mmcheck.verify(mmcheck.load(SPEC), options).checks[0]
    verdict = next(p.verdict for p in outcome.properties if p.prop.name == NAME)
    assert isinstance(verdict, Proved)
    assert isinstance(verdict.evidence, Witness)
    assert [trace.length for _, trace in verdict.evidence.traces] == [6, 6]
