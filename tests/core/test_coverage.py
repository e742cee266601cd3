"""Coverage over several checks: how it adds up, and when a branch that none took is worth a warning."""

from __future__ import annotations

import mmcheck
from mmcheck.core.coverage import branches, merge
from mmcheck.core.outcome import SpecOutcome
from mmcheck.engines.engine import Limits
from mmcheck.session import Options

ALL = Options()


def verified(text: str, options: Options = ALL) -> SpecOutcome:
    return mmcheck.verify(mmcheck.loads(text), options)


def warned(outcome: SpecOutcome) -> list[tuple[str, int]]:
    """The checks with a W603, and the column of the `if`."""
    return [
        (check.check.name, w.span.column)
        for check in outcome.checks
        for w in check.warnings
        if w.code == "W603" and w.span is not None
    ]


TWO_CHECKS = (
    "const 0..3 most = 1; state { 0..3 n; }\n"
    "transition t() { require n < most; n = n + 1; }\n"
    "transition u() { if (n == 3) { n = 0; } else { n = n; } }\n"
    "check small { } check large { most = 3; }"
)


def test_counts_of_checks_add_up() -> None:
    outcome = verified(TWO_CHECKS)
    each = [c.coverage for c in outcome.checks if c.coverage is not None]
    assert [c.fired("u") for c in each] == [2, 4]
    together = merge(each)
    assert together.fired("u") == 6
    assert [b.taken.steps for b in together.branches] == [1, 5]


def test_a_branch_that_another_check_takes_is_fine() -> None:
    assert warned(verified(TWO_CHECKS)) == []


def test_a_branch_that_no_check_takes_is_told_once() -> None:
    assert warned(verified(TWO_CHECKS.replace("most = 3", "most = 2"))) == [("small", 18)]


def test_nothing_is_said_when_some_checks_were_not_run() -> None:
    assert warned(verified(TWO_CHECKS, Options(checks=("small",)))) == []


def test_nothing_is_said_of_a_search_that_did_not_end() -> None:
    text = TWO_CHECKS.replace("most = 3", "most = 2")
    assert warned(verified(text, Options(limits=Limits(max_depth=0)))) == []


def test_nothing_is_said_where_the_transition_never_fired() -> None:
    outcome = verified(
        "state { bool a; } transition t() { require a; if (a) { a = false; } else { a = true; } }"
    )
    assert [w.code for w in outcome.checks[0].warnings] == ["W600"]


def test_the_branch_around_stands_for_those_inside() -> None:
    text = "state { bool a; bool b; } transition t() { if (a) { if (b) { b = false; } else { b = true; } } }"
    assert warned(verified(text)) == [("default", 44)]


def test_an_else_that_is_not_there_is_not_missed() -> None:
    text = "state { bool a; bool b; } transition t() { if (!a) { b = !b; } }"
    outcome = verified(text)
    assert warned(outcome) == []
    assert outcome.checks[0].coverage is not None
    assert [(b.written, b.covered) for b in outcome.checks[0].coverage.branches] == [
        (True, True),
        (False, False),
    ]


def test_a_premise_that_one_check_meets_is_met() -> None:
    outcome = verified(TWO_CHECKS + "invariant i: n == 3 => n > 0; invariant j: n > most => n < 0;")
    each = [c.coverage for c in outcome.checks if c.coverage is not None]
    assert [[p.met for p in c.premises] for c in each] == [[False, False], [True, False]]
    assert [p.met for p in merge(each).premises] == [True, False]


def test_a_branch_begins_at_a_statement_of_its_own() -> None:
    """What `reset` becomes stands elsewhere; an empty branch begins where its `if` does."""
    text = (
        "state { bool a; } transition t() { if (a) { reset a; a = true; } else { } "
        "if (!a) { } else if (a) { a = false; } }"
    )
    found = [(b.place.text[:8], b.written) for b in branches(mmcheck.loads(text).declared.system)]
    assert found == [
        ("a = true", True),
        ("if (a) {", False),
        ("if (!a) ", True),
        ("if (a) {", True),
        ("a = fals", True),
        ("if (a) {", False),
    ]
