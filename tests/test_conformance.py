"""What every engine owes its callers: limits, determinism, evidence, progress, and calm on Ctrl-C."""

from __future__ import annotations

import pytest

import mmcheck
from mmcheck.core.instance import Instance
from mmcheck.core.verdict import Exhaustive, Proved, Unknown, Violated, Witness
from mmcheck.engines.engine import Answer, Limits, Progress
from mmcheck.engines.registry import ENGINES, EXHAUSTIVE
from mmcheck.session import instantiate

COUNTER = """
state { 0..20 x; 0..3 y; }
transition up() { require x < 20; x = x + 1; }
transition wrap() { require x == 20; x = 0; }
transition other(0..3 v) { y = v; }
invariant bounded: x <= 20;
invariant below_seven: x < 7;
step invariant slow: x' <= x + 1;
step invariant never_wraps: by(wrap) => false;
reachable five: x == 5;
reachable impossible: x == 5 && y == 4;
deadlock free;
"""

UNLIMITED = Limits()

pytestmark = pytest.mark.parametrize("engine", [*EXHAUSTIVE, "auto"])


def searching(engine: str) -> str:
    """The engine that visits the states."""
    return "explicit" if engine == "auto" else engine


def nothing(progress: Progress) -> None:
    pass


def instance_of(text: str) -> Instance:
    spec = mmcheck.loads(text)
    return instantiate(spec, spec.checks[0])[1]


def names(instance: Instance) -> tuple[str, ...]:
    return tuple(p.name for p in instance.system.properties)


def run(engine: str, limits: Limits = UNLIMITED, text: str = COUNTER) -> Answer:
    instance = instance_of(text)
    return ENGINES[engine]().check(instance, names(instance), limits, nothing)


def test_it_judges_what_it_is_asked_and_nothing_else(engine: str) -> None:
    instance = instance_of(COUNTER)
    answer = ENGINES[engine]().check(instance, ("no model error", "bounded"), Limits(), nothing)
    assert set(answer.verdicts) == {"no model error", "bounded"}


def test_exhaustive_evidence(engine: str) -> None:
    answer = run(engine)
    for name in ("no model error", "bounded", "slow", "deadlock free"):
        verdict = answer.verdicts[name]
        assert isinstance(verdict, Proved) and isinstance(verdict.evidence, Exhaustive), name
        assert (verdict.evidence.states, verdict.evidence.depth) == (84, 21), name
    assert (answer.statistics.states, answer.statistics.depth) == (84, 21)
    assert answer.statistics.complete and answer.statistics.engine == searching(engine)
    assert set(answer.statistics.fired) == {"up", "wrap", "other"}
    assert all(answer.statistics.fired.values())


def test_violations_have_shortest_traces(engine: str) -> None:
    verdicts = run(engine).verdicts
    lengths = {n: v.trace.length for n, v in verdicts.items() if isinstance(v, Violated) and v.trace}
    assert lengths == {"below_seven": 7, "never_wraps": 21}


def test_what_is_reached_has_a_witness(engine: str) -> None:
    verdict = run(engine).verdicts["five"]
    assert isinstance(verdict, Proved) and isinstance(verdict.evidence, Witness)
    assert verdict.evidence.length == 5


def test_what_is_not_reached_says_how_thoroughly_it_was_looked_for(engine: str) -> None:
    verdict = run(engine).verdicts["impossible"]
    assert isinstance(verdict, Violated) and verdict.trace is None
    assert verdict.evidence is not None and verdict.evidence.states == 84


def test_max_depth_stops_just_before_what_it_would_find(engine: str) -> None:
    before, at = run(engine, Limits(max_depth=6)), run(engine, Limits(max_depth=7))
    assert isinstance(before.verdicts["below_seven"], Unknown)
    assert isinstance(at.verdicts["below_seven"], Violated)
    assert isinstance(at.verdicts["bounded"], Unknown)
    assert not at.statistics.complete and at.statistics.depth == 7
    assert isinstance(run(engine, Limits(max_depth=4)).verdicts["five"], Unknown)
    assert isinstance(run(engine, Limits(max_depth=5)).verdicts["five"], Proved)


def test_max_depth_and_deadlocks(engine: str) -> None:
    text = "state { 0..3 x; } transition up() { require x < 3; x = x + 1; } deadlock free;"
    assert isinstance(run(engine, Limits(max_depth=2), text).verdicts["deadlock free"], Unknown)
    verdict = run(engine, Limits(max_depth=3), text).verdicts["deadlock free"]
    assert isinstance(verdict, Violated) and verdict.trace is not None and verdict.trace.length == 3


def test_max_depth_and_model_errors(engine: str) -> None:
    text = "state { 0..3 x; } transition up() { x = x + 1; }"
    assert isinstance(run(engine, Limits(max_depth=3), text).verdicts["no model error"], Unknown)
    verdict = run(engine, Limits(max_depth=4), text).verdicts["no model error"]
    assert isinstance(verdict, Violated) and verdict.trace is not None and verdict.trace.length == 4


LARGE = """
state { bool a[0..39]; }
transition flip(0..39 i) { a[i] = !a[i]; }
invariant true_for_long: 0 <= count 0..39 i: a[i];
"""


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(max_states=500), "limit of 500 states"),
        (Limits(timeout=0.2), "time limit of 0.2 s"),
        (Limits(max_memory=1), "memory limit"),
        (Limits(max_depth=1), "depth 1"),
    ],
)
def test_limits_lead_to_unknown_with_statistics(engine: str, limits: Limits, reason: str) -> None:
    answer = run(engine, limits, LARGE)
    for verdict in answer.verdicts.values():
        assert isinstance(verdict, Unknown) and verdict.limit and reason in verdict.reason
    assert answer.statistics.states > 0 and not answer.statistics.complete
    assert answer.unmet_premises == {} and not answer.interrupted


def test_max_states_holds_for_initial_states_too(engine: str) -> None:
    text = "state { bool a[0..15] = any; } transition t() { a[0] = true; } invariant fine: a[0] || !a[0];"
    answer = run(engine, Limits(max_states=300), text)
    assert isinstance(answer.verdicts["no model error"], Unknown)
    assert answer.statistics.states < 70_000


def test_same_answer_twice(engine: str) -> None:
    first, second = run(engine), run(engine)
    assert first.verdicts == second.verdicts
    assert first.statistics.fired == second.statistics.fired
    assert first.statistics.transitions == second.statistics.transitions


def test_progress_is_observed(engine: str) -> None:
    seen: list[Progress] = []
    instance = instance_of(LARGE)
    ENGINES[engine]().check(instance, names(instance), Limits(max_states=3_000), seen.append)
    assert seen and all(p.engine == searching(engine) for p in seen)
    assert [p.states for p in seen] == sorted(p.states for p in seen)
    assert seen[-1].states > 0


def test_interruption_is_no_exception(engine: str) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.states > 200:
            raise KeyboardInterrupt

    instance = instance_of(LARGE)
    answer = ENGINES[engine]().check(instance, names(instance), Limits(max_states=200_000), interrupt)
    assert answer.interrupted and answer.statistics.states > 200
    assert all(isinstance(v, Unknown) and "interrupted" in v.reason for v in answer.verdicts.values())


def test_liveness_is_violated_by_a_run_that_never_ends(engine: str) -> None:
    verdict = run(engine, text="state { bool x; } liveness l: eventually x;").verdicts["l"]
    assert isinstance(verdict, Violated) and verdict.trace is not None and verdict.trace.loop == 0


def test_no_property_is_proved_of_no_states(engine: str) -> None:
    answer = run(engine, text="state { 0..1 x; } init { assert x == 1; } invariant fine: x < 2;")
    assert isinstance(answer.verdicts["no model error"], Violated)
    assert isinstance(answer.verdicts["fine"], Unknown)
