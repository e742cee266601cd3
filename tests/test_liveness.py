"""Liveness on every engine: random specs against the oracle, limits, notes, warnings, and compiled walks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from agreement import small_instance
from fair_specs import fair_specs
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import truth
from test_agreement import LONG, SHORT, check_engines, load
from test_tuning import tunings

import mmcheck
from mmcheck import session
from mmcheck.core.certify import certify
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import CheckOutcome, PropertyOutcome
from mmcheck.core.verdict import Exhaustive, Proved, Unknown, Violated
from mmcheck.engines.engine import Answer, Limits, Progress
from mmcheck.engines.explicit import walks
from mmcheck.engines.explicit.engine import ExplicitEngine
from mmcheck.engines.registry import ENGINES, EXHAUSTIVE
from mmcheck.session import Options, ignore, instantiate

ENGINE = pytest.mark.parametrize("engine", EXHAUSTIVE)


def instance_of(text: str) -> Instance:
    spec = mmcheck.loads(text)
    return instantiate(spec, spec.checks[0])[1]


def check(text: str, engine: str = "explicit", limits: Limits = Limits()) -> CheckOutcome:  # noqa: B008
    return mmcheck.verify(mmcheck.loads(text), Options(engine=engine, limits=limits)).checks[0]


def one(outcome: CheckOutcome, name: str) -> PropertyOutcome:
    return next(p for p in outcome.properties if p.prop.name == name)


# --- agreement -------------------------------------------------------------------------------------------


def test_random_fairness() -> None:
    SHORT(given(fair_specs())(check_engines))()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_much_random_fairness() -> None:
    LONG(given(fair_specs())(check_engines))()


def check_tiny(text: str, tuning: str) -> None:
    """The explicit engine with tiny blocks, and compiled walks over a few states, says what the oracle says,
    and its lassos stand."""
    spec = load(text)
    instance, expected = small_instance(spec, spec.checks[0])
    names = tuple(p.name for p in instance.system.properties)
    engine = ExplicitEngine(tunings(None)[tuning])  # type: ignore[arg-type]  # nothing is spilled
    answer = engine.check(instance, names, Limits(), ignore)
    for prop in instance.system.properties if expected.depths else ():
        verdict = answer.verdicts[prop.name]
        assert isinstance(verdict, Proved) == expected.judgements[prop.name].holds, f"{prop.name}\n{text}"
        certify(instance, prop, verdict)


@pytest.mark.parametrize("tuning", ["tiny", "tiny, one thread"])
def test_random_fairness_with_tiny_sizes(tuning: str) -> None:
    settings(SHORT, max_examples=10)(given(fair_specs())(lambda text: check_tiny(text, tuning)))()


@given(st.integers(1, 9), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=30), st.data())
def test_components_are_mutual_reachability(
    count: int, pairs: list[tuple[int, int]], data: st.DataObject
) -> None:
    edges = sorted((s % count, t % count) for s, t in pairs)
    alive = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    inside = {(s, t) for s, t in edges if alive[s] and alive[t]} | {(v, v) for v in range(count)}
    while more := {(a, d) for a, b in inside for c, d in inside if b == c} - inside:
        inside |= more
    offsets = np.searchsorted([s for s, _ in edges], range(count + 1)).astype(np.int64)
    targets = np.array([t for _, t in edges], np.int32)
    component, number = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
    work = [np.zeros(count, np.int64) for _ in range(4)]
    found = walks.run(walks.components, False, offsets, targets, alive, component, number, *work)
    assert set(component[alive].tolist()) == set(range(found)) and (component[~alive] == -1).all()
    for v in np.flatnonzero(alive):
        for w in np.flatnonzero(alive):
            assert (component[v] == component[w]) == ((v, w) in inside and (w, v) in inside)


# --- evidence --------------------------------------------------------------------------------------------

QUEUE = """
sort Task = 3;
state { bool waiting[Task]; bool busy; }
transition ask(Task t) { waiting[t] = true; }
FAIR transition serve(Task t) { require waiting[t] && !busy; waiting[t] = false; busy = true; }
fair transition finish() { require busy; busy = false; }
liveness served(Task t): waiting[t] ~> !waiting[t];
"""
WEAK, STRONG = QUEUE.replace("FAIR", "fair"), QUEUE.replace("FAIR", "strong fair")


@ENGINE
def test_evidence_names_the_fairness(engine: str) -> None:
    verdict = one(check(STRONG, engine), "served").verdict
    assert isinstance(verdict, Proved) and isinstance(verdict.evidence, Exhaustive)
    assert verdict.evidence.fairness == ("strong fair serve", "fair finish")
    assert verdict.evidence.states == 16 and verdict.evidence.symmetry == ()


@ENGINE
def test_weak_fairness_is_not_enough_where_the_turn_is_taken_away(engine: str) -> None:
    outcome = one(check(WEAK, engine), "served")
    assert isinstance(outcome.verdict, Violated) and outcome.account is not None
    trace = outcome.verdict.trace
    assert trace is not None and trace.loop is not None and trace.loop < len(trace.steps)
    assert outcome.account.is_fair and not outcome.account.deadlock
    assert len(trace.steps) <= 6


def test_symmetry_is_dropped_with_a_note() -> None:
    outcome = check(STRONG)
    assert outcome.statistics.symmetry == ("Task",) and outcome.statistics.states == 8
    assert one(outcome, "served").note == "judged on all states, without symmetry of Task"
    assert one(outcome, "no model error").note == ""
    assert one(check(STRONG, "reference"), "served").note == ""


@ENGINE
def test_a_deadlock_stutters_for_ever(engine: str) -> None:
    outcome = one(
        check(
            "state { 0..1 n; } transition up() { require n < 1; n = 1; } fair transition no() "
            "{ require n > 1; n = 0; } liveness l: always eventually n == 0;",
            engine,
        ),
        "l",
    )
    assert isinstance(outcome.verdict, Violated) and outcome.verdict.trace is not None
    assert outcome.account is not None and outcome.account.deadlock
    assert outcome.verdict.trace.loop == len(outcome.verdict.trace.steps) == 1


@ENGINE
def test_a_trigger_that_is_never_true(engine: str) -> None:
    text = "state { 0..1 n; } transition flip() { n = 1 - n; } liveness l: n == 2 ~> n == 1;"
    outcome = check(text, engine)
    assert [d.code for d in outcome.warnings] == ["W601"] and "`n == 2`" in outcome.warnings[0].message


# --- assumptions -----------------------------------------------------------------------------------------

CUT = """
state { 0..3 n; bool b; bool c = any; }
fair transition up() { require n < 3; n = n + 1; }
transition flip() { b = !b; }
assume low: ASSUMED;
liveness l: eventually GOAL;
"""


@ENGINE
@pytest.mark.parametrize(
    ("assumed", "goal", "words"),
    [
        ("n < 3", "n == 3", "every fair run breaks `low` in the end, so it says nothing"),
        ("n < 3 || c", "n == 3", "from 6 of 14 states every fair run breaks `low` in the end"),
        ("n != 2 || !b", "n >= 2", "runs that break `low` are not judged"),
    ],
)
def test_liveness_under_an_assumption_warns(engine: str, assumed: str, goal: str, words: str) -> None:
    outcome = check(CUT.replace("ASSUMED", assumed).replace("GOAL", goal), engine)
    assert isinstance(one(outcome, "l").verdict, Proved)
    warning = next(d for d in outcome.warnings if d.code == "W605")
    assert words in warning.message


@ENGINE
def test_no_such_warning_where_nothing_is_cut_off(engine: str) -> None:
    outcome = check(CUT.replace("ASSUMED", "n <= 3").replace("GOAL", "n == 3"), engine)
    assert [d.code for d in outcome.warnings] == ["W602"]


# --- limits ----------------------------------------------------------------------------------------------

MANY = """
state { bool a[0..12]; }
fair transition flip(0..12 i) { a[i] = !a[i]; }
invariant fine: a[0] || !a[0];
liveness l(0..12 i): eventually a[i];
"""


@ENGINE
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(max_states=50), "limit of 50 states"),
        (Limits(max_depth=2), "depth 2"),
        (Limits(max_memory=1), "memory limit"),
    ],
)
def test_limits_of_the_search(engine: str, limits: Limits, reason: str) -> None:
    verdict = one(check(MANY, engine, limits), "l").verdict
    assert isinstance(verdict, Unknown) and verdict.limit and reason in verdict.reason


def stopped(engine: str, stop: Callable[[Progress], None]) -> Answer:
    instance = instance_of(MANY.replace("12", "8"))
    names = tuple(p.name for p in instance.system.properties)
    return ENGINES[engine]().check(instance, names, Limits(), stop)


def test_ctrl_c_in_the_graph_keeps_what_was_proved() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.phase == "liveness":
            raise KeyboardInterrupt

    answer = stopped("explicit", interrupt)
    assert answer.interrupted and isinstance(answer.verdicts["fine"], Proved)
    verdict = answer.verdicts["l"]
    assert isinstance(verdict, Unknown) and "interrupted" in verdict.reason


def test_no_memory_for_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmcheck.engines.explicit import liveness

    monkeypatch.setattr(liveness, "bytes_needed", lambda *sizes: 2**60)
    answer = ENGINES["explicit"]().check(
        instance_of(MANY.replace("12", "4")), ("fine", "l"), Limits(max_memory=2**40), ignore
    )
    verdict = answer.verdicts["l"]
    assert isinstance(answer.verdicts["fine"], Proved)
    assert isinstance(verdict, Unknown) and "the graph for liveness" in verdict.reason


@ENGINE
def test_the_time_limit_holds_for_the_graph(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mmcheck.engines.limits import Watch

    def late(watch: Watch, states: int) -> str | None:
        # The search says how many states there are; behind it nobody counts any more.
        return None if states else "the time limit of 1 s was reached"

    monkeypatch.setattr(Watch, "exceeded", late)
    instance = instance_of(MANY.replace("12", "4"))
    answer = ENGINES[engine]().check(instance, ("fine", "l"), Limits(), ignore)
    verdict = answer.verdicts["l"]
    assert isinstance(answer.verdicts["fine"], Proved)
    assert isinstance(verdict, Unknown) and verdict.limit and "time limit" in verdict.reason


# --- wide states -----------------------------------------------------------------------------------------


def test_states_of_several_words() -> None:
    """The rows of the graph are found again by a key mixed of all their words."""
    text = """
    state { 0..1000000 pad[0..7] = 999999; bool a[0..3]; }
    fair transition flip(0..3 i) { a[i] = !a[i]; pad[i] = (a[i] ? 5 : 999999); }
    liveness all_on(0..3 i): always eventually a[i];
    liveness together: eventually forall 0..3 i: a[i];
    """
    outcome = check(text)
    expected = truth(outcome.instance)
    assert isinstance(one(outcome, "all_on").verdict, Proved) and expected.judgements["all_on"].holds
    assert (
        isinstance(one(outcome, "together").verdict, Violated) and not expected.judgements["together"].holds
    )


def test_expecting_a_number_of_steps_is_an_error() -> None:
    with pytest.raises(mmcheck.SpecError, match="E502"):
        mmcheck.loads("state { bool a; } liveness l: eventually a; check c { expect violated l in 2 steps; }")


def test_session_certifies_lassos(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lasso is replayed before anyone sees it."""
    from msgspec.structs import replace

    from mmcheck.core.certify import CertificationError
    from mmcheck.core.trace import Trace
    from mmcheck.engines.explicit import liveness

    told = liveness._told

    def forged(*given: object) -> Trace:
        trace = told(*given)  # type: ignore[arg-type]
        return replace(trace, loop=len(trace.steps))

    monkeypatch.setattr(liveness, "_told", forged)
    with pytest.raises(CertificationError, match="not fair"):
        session.verify(mmcheck.loads(WEAK))
