"""Scenarios: which lines can be played, and what is said of the line that cannot."""

from __future__ import annotations

import pytest

import mmcheck
from mmcheck.core.verdict import Proved, Unknown, Verdict, Violated, Witness
from mmcheck.engines.registry import ENGINES
from mmcheck.session import Options

WORLD = """
sort P = 2;
state { bool a[P]; P? last; 0..2 n; }
transition set_(P p) { require !a[p]; a[p] = true; last = p; }
transition pick() { choose P p where a[p]; last = p; }
transition fail() { assert n == 1; }
transition up() { n = n + 1; }
assume low: n < 2;
"""

pytestmark = pytest.mark.parametrize("engine", list(ENGINES))


def verdict(engine: str, scenario: str) -> Verdict:
    spec = mmcheck.loads(WORLD + f"scenario it{scenario}")
    outcome = mmcheck.verify(spec, Options(engine=engine, properties=("it",)))
    return outcome.checks[0].properties[-1].verdict


@pytest.mark.parametrize(
    "scenario",
    [
        "() { }",
        "(P p, P q) { set_(p); set_(q); pick(); assert last == p; }",
        "(P p, P q) { set_(p); set_(q); pick(); assert last == q; blocked set_(p); }",
        "(P p) { blocked pick(); set_(p); pick(); }",
        "() { up(); assert n == 1; fail(); }",
        "(P p) { set_(p); blocked set_(last); }",
    ],
)
def test_what_works(engine: str, scenario: str) -> None:
    found = verdict(engine, scenario)
    assert isinstance(found, Proved) and isinstance(found.evidence, Witness)


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("(P p) { set_(p); set_(p); }", "line 9: `set_(p);` is not possible here"),
        (
            "(P p) { set_(p); blocked pick(); }",
            "line 9: `blocked pick();` is wrong, since it is enabled here",
        ),
        ("(P p) { assert a[p]; }", "line 9: `assert a[p];` is false here"),
        ("(P p) { assert a[last]; }", "line 9: `assert a[last];` is false here"),
        ("() { fail(); }", "line 9: `fail();` is not possible here"),
        ("() { blocked fail(); }", "line 9: `blocked fail();` is wrong, since it is enabled here"),
        ("() { set_(last); }", "line 9: `set_(last);` is not possible here"),
        ("() { up(); up(); }", "line 9: `up();` is not possible here"),
        ("() { up(); blocked up(); }", "line 9: `blocked up();` is wrong, since it is enabled here"),
    ],
)
def test_what_does_not(engine: str, scenario: str, reason: str) -> None:
    found = verdict(engine, scenario)
    assert isinstance(found, Violated) and found.reason == reason
    assert found.trace is not None


def test_a_line_that_speaks_of_no_action_is_not_blocked(engine: str) -> None:
    assert isinstance(verdict(engine, "() { blocked set_(last); }"), Violated)


def test_more_elements_than_there_are(engine: str) -> None:
    with pytest.raises(mmcheck.SpecError, match="E506"):
        verdict(engine, "(P p, P q, P r) { }")
    spec = mmcheck.loads(WORLD + "scenario it(P p, P q) { }", settings=["P=1"])
    found = mmcheck.verify(spec, Options(engine=engine, properties=("it",))).checks[0].properties[-1]
    assert isinstance(found.verdict, Unknown)
