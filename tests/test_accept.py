"""Every file in tests/cases/accept loads, and every check of it ends as it expects, with every engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from announced import CASES, announced

import mmcheck
from mmcheck.core.outcome import Ending
from mmcheck.engines.registry import EXHAUSTIVE

FILES = sorted((CASES / "accept").glob("*.mmc"))


@pytest.mark.parametrize("engine", EXHAUSTIVE)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_case_is_accepted_and_ends_as_it_expects(path: Path, engine: str) -> None:
    outcome = mmcheck.verify_file(str(path), mmcheck.Options(engine=engine))
    assert not outcome.diagnostics
    assert outcome.checks and outcome.ending is Ending.AS_EXPECTED, [
        (check.check.name, p.prop.name, p.verdict)
        for check in outcome.checks
        for p in check.properties
        if p.ending is not Ending.AS_EXPECTED
    ]


@pytest.mark.parametrize("engine", EXHAUSTIVE)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_exactly_the_announced_warnings_come_out(path: Path, engine: str) -> None:
    """Each is announced once, however many checks it comes from."""
    outcome = mmcheck.verify_file(str(path), mmcheck.Options(engine=engine))
    warnings = [w for check in outcome.checks for w in check.warnings]
    found = {(path.name, w.span.line, w.code) for w in warnings if w.span is not None}
    assert found == set(announced(path, "warning"))
    assert all(w.remedy for w in warnings)
