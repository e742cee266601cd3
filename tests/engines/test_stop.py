"""Ending a search at the first violation, or going on for those of other properties."""

from __future__ import annotations

import mmcheck
from mmcheck.core.outcome import CheckOutcome
from mmcheck.core.verdict import Proved, Unknown, Violated

SPEC = """
    state { 0..9 n; }
    transition more() { require n < 9; n = n + 1; }
    invariant small: n < 4;
    invariant smaller: n < 3;
    invariant fine: n < 20;
    reachable soon: n == 1;
"""


def verified(text: str, keep_going: bool) -> dict[str, object]:
    outcome: CheckOutcome = mmcheck.verify(
        mmcheck.loads(text), mmcheck.Options(keep_going=keep_going)
    ).checks[0]
    return {p.prop.name: type(p.verdict) for p in outcome.properties}


def test_every_property_gets_its_first_counterexample() -> None:
    verdicts = verified(SPEC, keep_going=True)
    assert verdicts == {
        "no model error": Proved,
        "small": Violated,
        "smaller": Violated,
        "fine": Proved,
        "soon": Proved,
    }


def test_the_first_violation_ends_the_search_and_what_is_open_is_unknown() -> None:
    verdicts = verified(SPEC, keep_going=False)
    assert verdicts == {
        "no model error": Unknown,
        "small": Unknown,
        "smaller": Violated,
        "fine": Unknown,
        "soon": Proved,
    }


def test_a_violation_that_is_expected_does_not_end_it() -> None:
    verdicts = verified(SPEC + "check broken { expect violated smaller; }", keep_going=False)
    assert verdicts["small"] is Violated
    assert verdicts["smaller"] is Violated
    assert verdicts["fine"] is Unknown
