"""Every case of `cases/verdict` on every engine: each file states its own truth by `expect`."""

from __future__ import annotations

from pathlib import Path

import pytest
from agreement import blame_is_true, differences
from oracle import truth

import mmcheck
from mmcheck.core.certify import replay
from mmcheck.core.outcome import Ending
from mmcheck.core.verdict import Proved, Violated, Witness
from mmcheck.engines.registry import EXHAUSTIVE
from mmcheck.session import Options

CASES = sorted((Path(__file__).parent / "cases" / "verdict").glob("*.mmc"))


@pytest.mark.parametrize("engine", EXHAUSTIVE)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, engine: str) -> None:
    assert case.read_text().startswith("// "), "a case begins by saying what is interesting about it"
    spec = mmcheck.load(case)
    outcome = mmcheck.verify(spec, Options(engine=engine))
    assert outcome.diagnostics == ()
    for check in outcome.checks:
        wrong = [(p.prop.name, p.verdict) for p in check.properties if p.ending is not Ending.AS_EXPECTED]
        assert wrong == [], check.check.name
        assert differences(check, truth(check.instance)) == []
        assert blame_is_true(check) == []
        for each in check.properties:
            match each.verdict:
                case Violated(trace) if trace is not None:
                    replay(check.instance, trace)
                case Proved(Witness(runs)):
                    for _, trace in runs:
                        replay(check.instance, trace)
                case _:
                    pass


def test_there_are_cases() -> None:
    assert len(CASES) >= 40
