"""Lassos: what certification accepts as a fair run for ever, and every forgery of one that it refuses."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

import mmcheck
from mmcheck.core.certify import CertificationError, certify
from mmcheck.core.fairness import demands, units
from mmcheck.core.instance import Instance, State
from mmcheck.core.lasso import Served, account, loop_states, loop_steps
from mmcheck.core.semantics import Dynamics, initial_states
from mmcheck.core.system import Property
from mmcheck.core.trace import Failure, Step, Trace
from mmcheck.core.verdict import Exhaustive, Proved, Verdict, Violated, Witness
from mmcheck.session import instantiate

SPEC = """
sort P = 2;
state { 0..3 n; bool on; }
transition jump(0..3 k) { n = k; }
fair transition zero(P p) { require n == 1; n = 0; }
strong fair transition two() { require n == 2; on = !on; }
fair process walk() {
    step first { require n == 3; }
    step second { }
    strong fair step third { require n == 3; }
}
liveness leads: n == 1 ~> n == 0;
liveness never(0..3 k): eventually n == k && on;
liveness again: always eventually n == 2;
liveness rests: eventually always n == 0;
liveness undefined: eventually n + n < 7 && n - 1 <= on_or_off();
def on_or_off() = (on ? 1 : 2);
invariant fine: n <= 3;
deadlock free;
"""


@pytest.fixture(scope="module")
def instance() -> Instance:
    spec = mmcheck.loads(SPEC)
    return instantiate(spec, spec.checks[0])[1]


def prop(instance: Instance, name: str) -> Property:
    return next(p for p in instance.system.properties if p.name == name)


def run(instance: Instance, labels: Sequence[str], loop: int | None) -> Trace:
    """The run of some actions from the initial state."""
    dynamics = Dynamics.of(instance)
    initial = state = next(s for s in initial_states(instance) if not isinstance(s, Failure))
    steps: list[Step] = []
    for label in labels:
        action = next(a for a in instance.actions if repr(a) == label)
        step = next(s for s in dynamics.steps(state, action) if isinstance(s, Step))
        steps.append(step)
        state = step.target
    return Trace(initial, tuple(steps), loop=loop)


def judge(instance: Instance, name: str, trace: Trace, **binding: int) -> Verdict:
    return certify(instance, prop(instance, name), Violated(trace, tuple(binding.items())))


def refused(instance: Instance, name: str, trace: Trace, match: str, **binding: int) -> None:
    with pytest.raises(CertificationError, match=match):
        judge(instance, name, trace, **binding)


ROUND = ("jump(1)", "jump(3)", "jump(1)")
"""Behind its first step no zero: from 1 to 3 and back."""


# --- what is accepted ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "labels", "loop", "binding"),
    [
        ("again", (), 0, {}),
        ("leads", (*ROUND[:2], "walk.first()", "walk.second()", "walk.third()", "jump(1)"), 1, {}),
        ("never", ("jump(0)",), 0, {"k": 0}),
        ("never", ("jump(0)", "jump(0)"), 1, {"k": 3}),
        ("again", ("jump(1)", "zero(P#0)"), 0, {}),
        ("rests", ("jump(2)", "two()", "two()"), 1, {}),
        ("rests", ("jump(2)", "two()", "jump(0)", "jump(2)", "two()", "jump(0)"), 0, {}),
    ],
)
def test_fair_lassos(
    instance: Instance, name: str, labels: tuple[str, ...], loop: int, binding: dict[str, int]
) -> None:
    verdict = judge(instance, name, run(instance, labels, loop), **binding)
    assert isinstance(verdict, Violated)


def test_a_failure_to_evaluate_violates_without_a_loop(instance: Instance) -> None:
    trace = run(instance, (), None)
    refused(instance, "again", replace(trace, end=Failure("range overflow", "forged", None)), "not violate")


# --- what is not -----------------------------------------------------------------------------------------


def test_a_run_that_ends(instance: Instance) -> None:
    refused(instance, "again", run(instance, ("jump(0)",), None), "does not violate")


@pytest.mark.parametrize("loop", [-1, 2, 7])
def test_a_loop_that_begins_nowhere(instance: Instance, loop: int) -> None:
    refused(instance, "again", run(instance, ("jump(0)",), loop), "no loop")


def test_a_loop_that_does_not_close(instance: Instance) -> None:
    refused(instance, "again", run(instance, ("jump(1)",), 0), "does not come back")
    refused(
        instance, "again", run(instance, ("jump(1)", "jump(3)", "zero(P#0)")[:2], 1), "does not come back"
    )


def test_a_loop_with_an_end(instance: Instance) -> None:
    trace = replace(run(instance, ("jump(0)",), 0), end=Failure("null dereference", "forged", None))
    refused(instance, "again", trace, "no loop")


def test_a_step_that_is_none(instance: Instance) -> None:
    trace = run(instance, ("jump(1)", "zero(P#0)"), 0)
    forged = replace(trace, steps=(trace.steps[0], replace(trace.steps[1], choices=(("p", 1),))))
    refused(instance, "again", forged, "does not lead")


@pytest.mark.parametrize(
    ("name", "labels", "loop", "binding"),
    [
        ("again", ("jump(2)", "two()", "two()"), 1, {}),  # the goal is met in the loop
        ("again", ("jump(2)", "jump(0)", "jump(2)", "two()", "two()"), 3, {}),
        ("leads", (), 0, {}),  # there is no trigger
        ("leads", ("jump(1)", "zero(P#0)", "jump(0)"), 2, {}),  # the goal comes behind the trigger
        ("leads", ("jump(1)", "zero(P#0)"), 0, {}),  # the goal is met in the loop
        ("never", ("jump(2)", "two()", "jump(0)"), 3, {"k": 2}),  # it happened on the way
        ("rests", ("jump(1)", "zero(P#0)", "jump(0)"), 2, {}),  # the loop rests
        ("rests", ("jump(1)", "zero(P#1)"), 2, {}),
    ],
)
def test_a_run_on_which_the_property_is_true(
    instance: Instance, name: str, labels: tuple[str, ...], loop: int, binding: dict[str, int]
) -> None:
    refused(instance, name, run(instance, labels, loop), "does not violate", **binding)


@pytest.mark.parametrize(
    ("labels", "loop", "wronged"),
    [
        (("jump(1)",), 1, "zero(P#0)"),  # it stays where a fair transition is enabled
        (("jump(1)", "jump(1)"), 1, "zero(P#0)"),
        (("jump(3)",), 1, "walk()"),
        (("jump(3)", "walk.first()", "jump(0)"), 3, "walk()"),  # a step without a condition
        (("jump(3)", "walk.first()", "walk.second()", "jump(0)", "jump(3)"), 3, "walk.third()"),  # strong
    ],
)
def test_a_run_that_is_not_fair(instance: Instance, labels: tuple[str, ...], loop: int, wronged: str) -> None:
    refused(instance, "again", run(instance, labels, loop), re.escape(f"not fair to `{wronged}`"))


def test_strong_fairness_is_not_served_by_being_disabled(instance: Instance) -> None:
    refused(instance, "rests", run(instance, ("jump(2)", "jump(0)", "jump(2)"), 1), r"not fair to `two\(\)`")


def test_fairness_is_owed_to_each_parameter_value(instance: Instance) -> None:
    """Zero is taken for one P, and disabled for both afterwards: that is enough, but only because it is."""
    trace = run(instance, ("jump(1)", "zero(P#0)"), 0)
    services = {s.unit.label: s.served for s in account(trace, Dynamics.of(instance)).services}
    assert services["zero(P#0)"] is Served.TAKEN and services["zero(P#1)"] is Served.DISABLED


def test_another_binding(instance: Instance) -> None:
    trace = run(instance, ("jump(2)", "two()", "jump(0)"), 3)
    refused(instance, "never", trace, "no values", k=9)
    refused(instance, "never", trace, "no values")


@pytest.mark.parametrize("name", ["fine", "deadlock free", "no model error"])
def test_safety_is_not_violated_by_a_lasso(instance: Instance, name: str) -> None:
    refused(instance, name, run(instance, ("jump(0)",), 0), "run that ends")


def test_liveness_is_not_proved_by_runs_or_under_other_fairness(instance: Instance) -> None:
    fairness = demands(instance.system)
    good = Proved(Exhaustive(1, 1, 1, fairness=fairness))
    assert certify(instance, prop(instance, "again"), good) is good
    for wrong in (
        Proved(Witness((((), run(instance, (), None)),))),
        Proved(Exhaustive(1, 1, 1)),
        Proved(Exhaustive(1, 1, 1, fairness=fairness[:-1])),
    ):
        with pytest.raises(CertificationError):
            certify(instance, prop(instance, "again"), wrong)
    with pytest.raises(CertificationError, match="another fairness"):
        certify(instance, prop(instance, "fine"), good)


# --- units and loops -------------------------------------------------------------------------------------


def test_units(instance: Instance) -> None:
    """A fair process is one unit, without the steps that say their own."""
    assert [(u.label, u.strong, sorted(u.transitions)) for u in units(instance)] == [
        ("zero(P#0)", False, ["zero"]),
        ("zero(P#1)", False, ["zero"]),
        ("two()", True, ["two"]),
        ("walk()", False, ["walk.first", "walk.second"]),
        ("walk.third()", True, ["walk.third"]),
    ]
    assert demands(instance.system) == (
        "fair zero",
        "strong fair two",
        "fair process walk",
        "strong fair walk.third",
    )


def test_what_constants_forbid_is_no_demand() -> None:
    spec = mmcheck.loads(
        "const bool c = false; state { bool x; } fair transition t() { require c; x = true; }"
    )
    assert demands(instantiate(spec, spec.checks[0])[1].system) == ()


def test_loops(instance: Instance) -> None:
    def numbers(states: tuple[State, ...]) -> list[object]:
        return [state[0] for state in states]

    trace = run(instance, ("jump(3)", "jump(1)", "jump(3)"), 1)
    assert numbers(loop_states(trace)) == [3, 1]
    assert [repr(s.action) for s in loop_steps(trace)] == ["jump(1)", "jump(3)"]
    still = run(instance, ("jump(3)",), 1)
    assert numbers(loop_states(still)) == [3] and loop_steps(still) == ()
    with pytest.raises(ValueError, match="no lasso"):
        loop_states(run(instance, (), None))
