"""Lassos: runs that never end, told by their beginning and a loop, and what they show.

Every run that violates a liveness property of a finite system can be replaced by a lasso that does: a fair
run visits some states again and again, and a loop through these, with all the steps that it takes again and
again, is as fair. What a lasso shows is decided here from its states alone, whoever found it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import assert_never

from msgspec import Struct

from mmcheck.core.fairness import Unit, units
from mmcheck.core.instance import State
from mmcheck.core.semantics import Dynamics
from mmcheck.core.system import Liveness, LivenessKind
from mmcheck.core.trace import Step, Trace


class Served(Enum):
    """Why a unit of fairness has nothing to complain of in a loop, or that it has."""

    TAKEN = "taken"
    DISABLED = "disabled"
    """In some state of the loop, which is enough for weak fairness."""
    NEVER_ENABLED = "never enabled"
    WRONGED = "wronged"


class Service(Struct, frozen=True):
    """How a loop treats a unit, and the number of the step that takes it, or of the state without it."""

    unit: Unit
    served: Served
    at: int | None = None


class Account(Struct, frozen=True):
    """Why a lasso counts as fair: how its loop treats each unit. `deadlock` is true where nothing at all can
    happen in the loop, so that the run stutters for ever."""

    services: tuple[Service, ...]
    deadlock: bool

    @property
    def is_fair(self) -> bool:
        return all(service.served is not Served.WRONGED for service in self.services)


def loop_states(trace: Trace) -> tuple[State, ...]:
    """The states that are visited again and again, each once where no state is met twice on the way round."""
    if trace.loop is None:
        raise ValueError("the trace is no lasso")
    return trace.states[trace.loop : -1] if trace.loop < len(trace.steps) else trace.states[-1:]


def loop_steps(trace: Trace) -> tuple[Step, ...]:
    """The steps that are taken again and again; none where the run stutters for ever."""
    if trace.loop is None:
        raise ValueError("the trace is no lasso")
    return trace.steps[trace.loop :]


def account(trace: Trace, dynamics: Dynamics) -> Account:
    """How the loop of a lasso treats every unit of fairness."""
    states = loop_states(trace)
    stuck = not loop_steps(trace) and not dynamics.successors(states[0])
    return Account(tuple(_service(unit, trace, dynamics) for unit in units(dynamics.instance)), stuck)


def _service(unit: Unit, trace: Trace, dynamics: Dynamics) -> Service:
    first = trace.loop or 0
    for number, step in enumerate(loop_steps(trace), first + 1):
        if unit.owns(step.action):
            return Service(unit, Served.TAKEN, number)
    disabled = [n for n, s in enumerate(loop_states(trace), first) if not unit.is_enabled(s, dynamics)]
    if len(disabled) == len(loop_states(trace)):
        return Service(unit, Served.NEVER_ENABLED)
    if disabled and not unit.strong:
        return Service(unit, Served.DISABLED, disabled[0])
    return Service(unit, Served.WRONGED)


def violates(prop: Liveness, trace: Trace, truth: Callable[[bool, State], bool]) -> bool:
    """Whether a lasso, fair or not, is a run on which the property is false.

    `truth(True, s)` is the goal in a state, `truth(False, s)` the left side of `~>`."""
    missed = [not truth(True, state) for state in trace.states]
    again_and_again = [not truth(True, state) for state in loop_states(trace)]
    match prop.kind:
        case LivenessKind.EVENTUALLY:
            return all(missed)
        case LivenessKind.ALWAYS_EVENTUALLY:
            return all(again_and_again)
        case LivenessKind.EVENTUALLY_ALWAYS:
            return any(again_and_again)
        case LivenessKind.LEADS_TO:
            since = _last_met(missed) + 1
            return all(again_and_again) and any(truth(False, state) for state in trace.states[since:])
        case _:
            assert_never(prop.kind)


def _last_met(missed: Sequence[bool]) -> int:
    """The number of the last state in which the goal is met; -1 where there is none."""
    return max((number for number, miss in enumerate(missed) if not miss), default=-1)
