"""Certification refuses forged evidence, in each way in which evidence can be forged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

import mmcheck
from mmcheck.core.certify import CertificationError, certify, replay
from mmcheck.core.instance import Action, Instance
from mmcheck.core.system import Property
from mmcheck.core.trace import FailedStep, Failure, Step, Trace
from mmcheck.core.types import Elem
from mmcheck.core.verdict import Exhaustive, Proved, Unknown, Verdict, Violated, Witness
from mmcheck.engines.engine import Limits
from mmcheck.engines.registry import ENGINES
from mmcheck.session import ignore, instantiate

SPEC = """
sort P = 2;
state { bool a[P]; 0..3 n; P? last; bool low[0..2]; }
transition take(P p) { require !a[p]; a[p] = true; n = n + 1; last = p; }
transition pick() { choose P p where a[p]; last = p; }
transition fail() { require n == 1; assert n == 0; }
transition stay() { n = n; }
transition loose(P p) { require a[p] && n < 3; n = 3; }
transition stop() { require n == 2; forall P p { a[p] = false; } n = 0; }
assume tame: n != 0 || last == null;
invariant few: n < 2;
invariant each(P p): !a[p];
invariant reads: !low[n];
step invariant kept(P p): a[p] => a'[p];
step invariant grows: n' != n + 1;
reachable taken(P p): a[p];
reachable never: n == 3 && last == null;
deadlock free;
scenario both(P p, P q) { take(p); take(q); assert a[p] && a[q]; blocked take(p); }
"""


@pytest.fixture(scope="module")
def instance() -> Instance:
    spec = mmcheck.loads(SPEC)
    return instantiate(spec, spec.checks[0])[1]


@pytest.fixture(scope="module")
def verdicts(instance: Instance) -> dict[str, Verdict]:
    names = tuple(p.name for p in instance.system.properties)
    return dict(ENGINES["reference"]().check(instance, names, Limits(), ignore).verdicts)


def prop(instance: Instance, name: str) -> Property:
    return next(p for p in instance.system.properties if p.name == name)


def violation(verdicts: dict[str, Verdict], name: str) -> tuple[Violated, Trace]:
    verdict = verdicts[name]
    assert isinstance(verdict, Violated) and verdict.trace is not None
    return verdict, verdict.trace


def refused(instance: Instance, name: str, verdict: Verdict, match: str = ".") -> None:
    with pytest.raises(CertificationError, match=match):
        certify(instance, prop(instance, name), verdict)


def test_what_the_engine_says_is_certified(instance: Instance, verdicts: dict[str, Verdict]) -> None:
    kinds = {name: type(verdict) for name, verdict in verdicts.items()}
    assert kinds == {
        "no model error": Violated,
        "few": Violated,
        "each": Violated,
        "reads": Violated,
        "kept": Proved,
        "grows": Violated,
        "taken": Proved,
        "never": Violated,
        "deadlock free": Proved,
        "both": Proved,
    }
    for name, verdict in verdicts.items():
        assert certify(instance, prop(instance, name), verdict) is verdict


def forge_initial(trace: Trace) -> Trace:
    return replace(trace, initial=trace.steps[-1].target, steps=())


def forge_no_state(trace: Trace) -> Trace:
    return replace(trace, initial=())


def forge_target(trace: Trace) -> Trace:
    last = trace.steps[-1]
    target = (*last.target[:2], 3, *last.target[3:])
    return replace(trace, steps=(*trace.steps[:-1], replace(last, target=target)))


def forge_a_step_left_out(trace: Trace) -> Trace:
    return replace(trace, steps=trace.steps[1:])


def forge_a_step_twice(trace: Trace) -> Trace:
    return replace(trace, steps=(*trace.steps, trace.steps[-1]))


def forge_choices(trace: Trace) -> Trace:
    last = trace.steps[-1]
    return replace(trace, steps=(*trace.steps[:-1], replace(last, choices=(("p", Elem("P", 0)),))))


def forge_arguments(trace: Trace) -> Trace:
    last = trace.steps[-1]
    action = replace(last.action, args=(Elem("P", 9),))
    return replace(trace, steps=(*trace.steps[:-1], replace(last, action=action)))


def forge_bindings(trace: Trace) -> Trace:
    """The action says one thing and does another: bindings take no part in its equality."""
    last = trace.steps[-1]
    other = Elem("P", 1 - last.action.bindings["p"].ordinal)  # type: ignore[union-attr]  # an element
    action = Action(last.action.transition, (other,), last.action.bindings)
    return replace(trace, steps=(*trace.steps[:-1], replace(last, action=action)))


def forge_transition(trace: Trace) -> Trace:
    last = trace.steps[-1]
    transition = replace(last.action.transition, body=())
    action = Action.of(transition, last.action.args)
    return replace(trace, steps=(*trace.steps[:-1], Step(action, (), trace.states[-2])))


def forge_a_failing_step(trace: Trace) -> Trace:
    failure = Failure("failed assert", "forged", None)
    return replace(trace, end=FailedStep(trace.steps[-1].action, (), failure))


def forge_a_failure(trace: Trace) -> Trace:
    return replace(trace, end=Failure("null dereference", "forged", None))


FORGERIES = [
    forge_initial,
    forge_no_state,
    forge_target,
    forge_a_step_left_out,
    forge_a_step_twice,
    forge_choices,
    forge_arguments,
    forge_bindings,
    forge_transition,
    forge_a_failing_step,
    forge_a_failure,
]


@pytest.mark.parametrize("forge", FORGERIES)
@pytest.mark.parametrize("name", ["few", "grows"])
def test_forged_traces(
    instance: Instance, verdicts: dict[str, Verdict], name: str, forge: Callable[[Trace], Trace]
) -> None:
    verdict, trace = violation(verdicts, name)
    refused(instance, name, replace(verdict, trace=forge(trace)))


@pytest.mark.parametrize("forge", FORGERIES)
def test_forged_witnesses(
    instance: Instance, verdicts: dict[str, Verdict], forge: Callable[[Trace], Trace]
) -> None:
    for name in ("taken", "both"):
        verdict = verdicts[name]
        assert isinstance(verdict, Proved) and isinstance(verdict.evidence, Witness)
        (binding, trace), *others = verdict.evidence.traces
        refused(instance, name, Proved(Witness(((binding, forge(trace)), *others))))


def test_a_trace_that_ends_too_early(instance: Instance, verdicts: dict[str, Verdict]) -> None:
    verdict, trace = violation(verdicts, "few")
    refused(
        instance, "few", replace(verdict, trace=replace(trace, steps=trace.steps[:-1])), "does not violate"
    )
    refused(instance, "grows", Violated(Trace(trace.initial, ())), "does not violate")
    refused(instance, "deadlock free", Violated(trace), "does not violate")


def test_a_trace_of_another_property(instance: Instance, verdicts: dict[str, Verdict]) -> None:
    trace = Trace(violation(verdicts, "few")[1].initial, ())
    for name in ("few", "reads", "grows", "deadlock free", "no model error", "never"):
        refused(instance, name, Violated(trace), "does not violate")


@pytest.mark.parametrize("binding", [(), (("p", Elem("P", 7)),), (("q", Elem("P", 0)),), (("p", None),)])
def test_a_binding_that_is_none(
    instance: Instance, verdicts: dict[str, Verdict], binding: tuple[tuple[str, Elem], ...]
) -> None:
    _, trace = violation(verdicts, "each")
    refused(instance, "each", Violated(trace, binding), "no values")


def test_the_binding_of_another_instance(instance: Instance, verdicts: dict[str, Verdict]) -> None:
    verdict, trace = violation(verdicts, "each")
    assert verdict.binding == (("p", Elem("P", 0)),)
    refused(instance, "each", Violated(trace, (("p", Elem("P", 1)),)), "does not violate")


def test_an_invented_model_error(instance: Instance, verdicts: dict[str, Verdict]) -> None:
    _, trace = violation(verdicts, "few")
    for failure in (Failure("null dereference", "`x` is null", None), None):
        refused(instance, "no model error", Violated(replace(trace, end=failure)), "does not violate")


def test_a_model_error_told_wrongly(instance: Instance, verdicts: dict[str, Verdict]) -> None:
    verdict, trace = violation(verdicts, "reads")
    assert isinstance(trace.end, Failure) and trace.end.kind == "index out of range"
    told = replace(trace.end, message="something else")
    refused(instance, "reads", replace(verdict, trace=replace(trace, end=told)), "does not violate")
    refused(instance, "reads", replace(verdict, trace=replace(trace, end=None)), "does not violate")


def test_a_failing_step_does_not_violate_an_invariant(
    instance: Instance, verdicts: dict[str, Verdict]
) -> None:
    _, trace = violation(verdicts, "no model error")
    assert isinstance(trace.end, FailedStep)
    refused(instance, "few", Violated(trace), "does not violate")
    refused(instance, "deadlock free", Violated(trace), "does not violate")


def test_a_trace_that_leaves_the_assumption(instance: Instance, verdicts: dict[str, Verdict]) -> None:
    _, trace = violation(verdicts, "few")
    stop = next(a for a in instance.actions if a.transition.name == "stop")
    target = (False, False, 0, *trace.states[-1][3:])
    with pytest.raises(CertificationError, match="leaves the assumption `tame`"):
        replay(instance, replace(trace, steps=(*trace.steps, Step(stop, (), target))))


def test_a_violation_without_a_trace(instance: Instance) -> None:
    for name in ("few", "each", "grows", "deadlock free", "no model error", "never"):
        refused(instance, name, Violated(None), "has no trace")
    nothing = Violated(None, evidence=Exhaustive(1, 1, 1))
    assert certify(instance, prop(instance, "never"), nothing) is nothing


def test_an_invariant_proved_by_a_run(instance: Instance, verdicts: dict[str, Verdict]) -> None:
    _, trace = violation(verdicts, "few")
    for name in ("few", "grows", "deadlock free", "no model error"):
        refused(instance, name, Proved(Witness((((), trace),))), "cannot be proved by runs")


def test_something_possible_proved_by_exhaustion(instance: Instance) -> None:
    for name in ("taken", "both"):
        refused(instance, name, Proved(Exhaustive(5, 5, 5)), "by a run")


def test_a_reachable_with_an_instance_left_out(instance: Instance, verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts["taken"]
    assert isinstance(verdict, Proved) and isinstance(verdict.evidence, Witness)
    first, second = verdict.evidence.traces
    for runs in ((), (first,), (second,), (first, first)):
        refused(instance, "taken", Proved(Witness(runs)), "not every instance")


def test_a_scenario_that_is_not_played(instance: Instance, verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts["both"]
    assert isinstance(verdict, Proved) and isinstance(verdict.evidence, Witness)
    ((binding, trace),) = verdict.evidence.traces
    same = tuple((name, Elem("P", 0)) for name, _ in binding)
    swapped = tuple(zip(("p", "q"), (value for _, value in reversed(binding)), strict=True))
    stay = next(a for a in instance.actions if a.transition.name == "stay")
    longer = replace(trace, steps=(*trace.steps, Step(stay, (), trace.states[-1])))
    for runs, match in (
        ((), "one run"),
        (((binding, trace), (binding, trace)), "one run"),
        (((same, trace),), "no values"),
        (((swapped, trace),), "does not play"),
        (((binding, replace(trace, steps=trace.steps[:1])),), "does not play"),
        (((binding, longer),), "goes on"),
    ):
        refused(instance, "both", Proved(Witness(runs)), match)


def test_unknown_claims_nothing(instance: Instance) -> None:
    verdict = Unknown("the time limit of 1 s was reached")
    assert certify(instance, prop(instance, "few"), verdict) is verdict
