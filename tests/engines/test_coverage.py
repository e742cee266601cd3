"""Coverage: counted as the text says, and the same by every engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from agreement import small_instance
from hypothesis import HealthCheck, Phase, assume, given, settings
from strategies import specs

import mmcheck
from mmcheck.core.check import Check
from mmcheck.core.coverage import Coverage
from mmcheck.core.outcome import Statistics
from mmcheck.engines.engine import Limits, Preferences
from mmcheck.engines.registry import EXHAUSTIVE
from mmcheck.session import Options, verify_check

ROOT = Path(__file__).parents[2]
PLAIN = Preferences(symmetry=False)
ENDLESS = Limits()

Counts = dict[tuple[str, str], tuple[int, bool]]
"""For the source text of the beginning of a branch and its side: how many steps took it, and whether it was
taken on the way into a model error."""


def measured(
    spec: mmcheck.Spec, check: Check, engine: str, preferences: Preferences = PLAIN, limits: Limits = ENDLESS
) -> tuple[Coverage | None, Statistics]:
    options = Options(engine=engine, preferences=preferences, limits=limits)
    outcome = verify_check(spec, check, options)
    return outcome.coverage, outcome.statistics


def coverage_of(text: str, engine: str) -> Coverage:
    spec = mmcheck.loads(text)
    coverage, _ = measured(spec, spec.checks[0], engine)
    assert coverage is not None
    return coverage


def counts(coverage: Coverage) -> Counts:
    return {
        (b.place.text, b.branch.side.value): (b.taken.steps, b.taken.failed)
        for b in coverage.branches
        if b.written
    }


@pytest.fixture(params=EXHAUSTIVE)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- specs whose coverage is plain to see ----------------------------------------------------------------


def test_an_if_is_counted_by_its_branches(engine: str) -> None:
    """n goes 0, 1, 2, 0: three steps, one of them from 2."""
    coverage = coverage_of(
        "state { 0..2 n; } transition t() { if (n < 2) { n = n + 1; } else { n = 0; } }", engine
    )
    assert counts(coverage) == {("n = n + 1;", "then"): (2, False), ("n = 0;", "else"): (1, False)}
    assert coverage.fired("t") == 3


def test_branches_of_all_arguments_count_together(engine: str) -> None:
    coverage = coverage_of(
        "sort T = 3; state { bool a[T]; }"
        "transition t(T x) { require !a[x]; a[x] = true;"
        "  if (forall T y: a[y]) { a[x] = a[x]; } }",
        engine,
    )
    # 3 + 6 + 3 steps, the last three of which end with all true.
    assert coverage.fired("t") == 12
    assert counts(coverage) == {("a[x] = a[x];", "then"): (3, False)}


def test_a_bulk_update_counts_once_a_step(engine: str) -> None:
    coverage = coverage_of(
        "sort T = 2; state { 0..2 n[T]; }"
        "transition t() { require exists T x: n[x] < 2; forall T x where n[x] < 2 {"
        "  if (n[x] == 0) { n[x] = 1; } else { n[x] = 2; } } }"
        "transition back() { forall T x where n[x] == 1 { n[x] = 0; } }"
        "transition skewed(T x) { require n[x] == 0; n[x] = 1; }",
        engine,
    )
    found = counts(coverage)
    assert found["if (n[x] == 0) { n[x] = 1; } else { n[x] = 2; }", "body"][0] == coverage.fired("t")
    # Of the nine pairs, `t` is taken from eight; five of those have a 0 and five have a 1.
    assert coverage.fired("t") == 8
    assert found["n[x] = 1;", "then"] == (5, False) and found["n[x] = 2;", "else"] == (5, False)
    assert found["n[x] = 0;", "body"] == (5, False)
    assert coverage.fired("back") == 9


def test_a_step_that_is_not_enabled_takes_no_branch(engine: str) -> None:
    coverage = coverage_of(
        "state { 0..2 n; } transition t() { if (n == 0) { n = 1; } else { require n == 2; n = 2; } }", engine
    )
    assert counts(coverage) == {("n = 1;", "then"): (1, False), ("require n == 2;", "else"): (0, False)}


def test_the_way_into_an_error_is_no_step_but_is_seen(engine: str) -> None:
    coverage = coverage_of(
        "state { bool a; bool b; } transition t() { if (!a) { a = true; } else { assert b; } b = false; }",
        engine,
    )
    assert counts(coverage) == {("a = true;", "then"): (1, False), ("assert b;", "else"): (0, True)}


def test_what_stands_before_an_error_counts_as_well(engine: str) -> None:
    """The error comes behind the `if`, and from inside of the branch that was passed over nothing is seen."""
    coverage = coverage_of(
        "state { 0..2 n; bool a; } transition t() {"
        "  if (n == 1) { a = true; } else { a = false; } n = n + 1; assert n < 2; }",
        engine,
    )
    assert counts(coverage) == {("a = true;", "then"): (0, True), ("a = false;", "else"): (1, False)}


def test_what_stands_behind_an_error_is_not_reached(engine: str) -> None:
    coverage = coverage_of(
        "state { bool a; } transition t() { assert !a; if (a) { a = false; } else { a = true; } }", engine
    )
    assert counts(coverage) == {("a = false;", "then"): (0, False), ("a = true;", "else"): (1, False)}


def test_what_follows_the_end_of_a_step_takes_no_branch(engine: str) -> None:
    coverage = coverage_of(
        "sort P = 1; state { bool a; bool b; } process p(P x) {"
        "  step s { if (!a) { a = true; goto s; } if (!b) { b = true; } else { b = false; } exit; } }",
        engine,
    )
    assert counts(coverage) == {
        ("a = true;", "then"): (1, False),
        ("b = true;", "then"): (1, False),
        ("b = false;", "else"): (0, False),
    }


def test_what_the_constants_decide_is_no_branch(engine: str) -> None:
    coverage = coverage_of(
        "const bool c = false; state { bool a; } transition t() { if (c) { a = false; } else { a = true; } }"
        "transition u() { require c; }",
        engine,
    )
    assert coverage.branches == ()
    assert [(t.name, t.possible) for t in coverage.transitions] == [("t", True), ("u", False)]


def test_choices_count_one_by_one(engine: str) -> None:
    coverage = coverage_of(
        "state { 0..2 n; bool a; } transition t() { n = any; if (n == 0) { a = false; } else { a = true; } }",
        engine,
    )
    # Three ways from each of four states: 0 false, 0 false again, 1 true and 2 true, so three states in all.
    assert coverage.fired("t") == 9
    assert counts(coverage) == {("a = false;", "then"): (3, False), ("a = true;", "else"): (6, False)}


def test_steps_into_what_is_assumed_away_do_not_count(engine: str) -> None:
    coverage = coverage_of(
        "state { 0..2 n; } assume few: n < 2;transition t() { if (n == 1) { n = 2; } else { n = 1; } }",
        engine,
    )
    assert counts(coverage) == {("n = 2;", "then"): (0, False), ("n = 1;", "else"): (1, False)}


def test_premises_of_what_is_proved_are_known(engine: str) -> None:
    coverage = coverage_of(
        "state { 0..2 n; } transition t() { require n < 1; n = n + 1; }"
        "invariant met: n == 1 => n > 0; invariant unmet: n == 2 => n > 0;"
        "invariant broken: n == 1 => n == 0;"
        "check c { expect violated broken; }",
        engine,
    )
    assert [(p.property, p.span.text, p.met) for p in coverage.premises] == [
        ("met", "n == 1", True),
        ("unmet", "n == 2", False),
        ("broken", "n == 1", None),
    ]


def test_without_a_search_there_is_no_coverage(engine: str) -> None:
    text = "state { bool a; } transition t() { a = true; } scenario s() { t(); } check c { }"
    spec = mmcheck.loads(text)
    scenarios = next(c for c in spec.checks if c.name == "scenarios")
    assert measured(spec, scenarios, engine)[0] is None


# --- agreement -------------------------------------------------------------------------------------------


def spec_files() -> list[Path]:
    folders = ("specs", "models", "docs/examples", "tests/cases/accept", "tests/cases/verdict")
    return [path for folder in folders for path in sorted((ROOT / folder).glob("*.mmc"))]


def check_agreement(spec: mmcheck.Spec, check: Check) -> bool:
    """Both engines count the same; up to symmetry, the same branches are covered. Says whether there was
    something to compare."""
    limits = Limits(max_states=1_500)
    reference, found = measured(spec, check, "reference", limits=limits)
    if not found.complete or reference is None:
        return False
    explicit, found = measured(spec, check, "explicit")
    if not found.complete:
        # It stops when all is decided, which it may know sooner.
        return False
    assert explicit == reference
    reduced, found = measured(spec, check, "explicit", Preferences())
    assert reduced is not None and found.complete
    assert [b.covered for b in reduced.branches] == [b.covered for b in reference.branches]
    assert [bool(t.fired) for t in reduced.transitions] == [bool(t.fired) for t in reference.transitions]
    assert reduced.premises == reference.premises
    return True


@pytest.mark.parametrize("path", spec_files(), ids=lambda path: path.stem)
def test_engines_agree_on_files(path: Path) -> None:
    spec = mmcheck.load(str(path))
    for check in spec.checks:
        check_agreement(spec, check)


def test_the_files_have_something_to_compare() -> None:
    """Lest the test above skip everything."""
    spec = mmcheck.load(str(ROOT / "specs" / "memfd_seal.mmc"))
    compared = [check.name for check in spec.checks if check_agreement(spec, check)]
    assert len(compared) >= 5


def test_threads_and_blocks_do_not_change_counts() -> None:
    from mmcheck.engines.explicit.engine import ExplicitEngine
    from mmcheck.engines.explicit.search import Tuning
    from mmcheck.session import ignore, instantiate

    spec = mmcheck.load(str(ROOT / "models" / "blocks.mmc"))
    check, instance = instantiate(spec, spec.checks[0])
    tunings = (Tuning(), Tuning(block=3, threads=3), Tuning(block=1, batch=1, threads=1))
    found = [
        ExplicitEngine(tuning).check(instance, check.properties, Limits(), ignore).branches
        for tuning in tunings
    ]
    assert found[0] and found[1] == found[0] and found[2] == found[0]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(specs())
def test_engines_agree_on_random_specs(text: str) -> None:
    spec = mmcheck.loads(text)
    _, expected = small_instance(spec, spec.checks[0])
    assume(expected.depths)
    check_agreement(spec, spec.checks[0])
