"""Certification of traces: nothing that an engine found is shown before it was found again here.

A trace is replayed through `core.semantics`, step by step, and must end in what it is said to show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from mmcheck.core.instance import Instance, State
from mmcheck.core.semantics import Dynamics, ModelError, at, denote, initial_states
from mmcheck.core.system import (
    DeadlockFree,
    Invariant,
    Liveness,
    NoModelError,
    Property,
    Reachable,
    Scenario,
    StepInvariant,
)
from mmcheck.core.terms import Term
from mmcheck.core.trace import FailedStep, Failure, Trace
from mmcheck.core.types import Value
from mmcheck.core.verdict import Proved, Unknown, Verdict, Violated, Witness


class CertificationError(Exception):
    """An engine's own evidence does not stand: a bug of mmcheck, never of the spec."""


def certify(instance: Instance, property: Property, verdict: Verdict) -> Verdict:
    """The verdict itself, if its evidence stands. Raises CertificationError otherwise.

    That a search was exhaustive cannot be replayed; the engines are compared with each other for that."""
    match verdict:
        case Proved(Witness(traces)):
            for binding, trace in traces:
                _certify_witness(instance, property, dict(binding), trace)
        case Violated(Trace() as trace, binding):
            _certify_violation(instance, property, dict(binding), trace)
        case Proved() | Violated() | Unknown():
            pass
        case _:
            assert_never(verdict)
    return verdict


def replay(instance: Instance, trace: Trace) -> None:
    """Take the steps of a trace again. Raises CertificationError where one is impossible."""
    if trace.initial not in set(initial_states(instance)):
        raise CertificationError("the trace begins in a state that is not initial")
    dynamics = Dynamics.of(instance)
    state = trace.initial
    for number, step in enumerate(trace.steps, start=1):
        _require_assumed(instance, state)
        if step not in dynamics.steps(state, step.action):
            raise CertificationError(f"step {number}, {step.action!r}, does not lead where the trace says")
        state = step.target
    _require_assumed(instance, state)
    if isinstance(trace.end, FailedStep) and trace.end not in dynamics.steps(state, trace.end.action):
        raise CertificationError(f"{trace.end.action!r} does not fail as the trace says")


def _require_assumed(instance: Instance, state: State) -> None:
    for assumption in instance.system.assumptions:
        if _holds(instance, assumption.body, state, {}) is False:
            raise CertificationError(f"the trace leaves the assumption `{assumption.name}`")


def _holds(
    instance: Instance, term: Term, state: State, binding: Mapping[str, Value], **step: object
) -> bool | None:
    """The truth of a predicate; None where it runs into a model error."""
    try:
        return bool(denote(term, instance)(at(state, binding, **step)))  # type: ignore[arg-type]
    except ModelError:
        return None


def _certify_witness(
    instance: Instance, property: Property, binding: Mapping[str, Value], trace: Trace
) -> None:
    replay(instance, trace)
    if isinstance(property, Reachable):
        if _holds(instance, property.body, trace.states[-1], binding) is not True:
            raise CertificationError(f"the trace for `{property.name}` does not end where it should")
    elif not isinstance(property, Scenario):
        raise CertificationError(f"`{property.name}` cannot be proved by one run")


def _certify_violation(
    instance: Instance, property: Property, binding: Mapping[str, Value], trace: Trace
) -> None:
    replay(instance, trace)
    if not _shows(instance, property, binding, trace):
        raise CertificationError(f"the trace does not violate `{property.name}`")


def _shows(instance: Instance, property: Property, binding: Mapping[str, Value], trace: Trace) -> bool:
    last = trace.states[-1]
    wrong = None if isinstance(trace.end, Failure) else False
    match property:
        case Invariant(_, _, body):
            return _holds(instance, body, last, binding) is wrong
        case StepInvariant(_, _, body):
            before, step = trace.states[-2], trace.steps[-1]
            by = step.action.transition.name
            return _holds(instance, body, before, binding, after=last, by=by) is wrong and before != last
        case DeadlockFree():
            return not Dynamics.of(instance).successors(last)
        case NoModelError():
            return isinstance(trace.end, FailedStep | Failure)
        case Scenario():
            return True
        case Reachable() | Liveness():
            return False
        case _:
            assert_never(property)
