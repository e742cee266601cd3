"""Certification: nothing that an engine found is shown before it was found again here.

A trace is replayed through `core.semantics`, step by step, and must end in what it is said to show; runs that
prove something possible must show it for every instance of the property, or play every line of a scenario.
That a search was exhaustive cannot be replayed; the engines are compared with each other for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TypeAlias, assert_never

from msgspec import Struct

from mmcheck.core.fairness import demands
from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.lasso import Served, account, violates
from mmcheck.core.semantics import Dynamics, Meaning, ModelError, at, denote, initial_states
from mmcheck.core.size import MOST, begins_too_widely
from mmcheck.core.system import (
    Assert,
    Blocked,
    DeadlockFree,
    Fire,
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
from mmcheck.core.verdict import (
    Binding,
    EverySize,
    Exhaustive,
    Inductive,
    Proved,
    Unknown,
    Verdict,
    Violated,
    Witness,
)


class UnsettledError(Exception):
    """Evidence could not be checked in the time that there is, so that nobody knows whether it stands."""


class CertificationError(Exception):
    """An engine's own evidence does not stand: a bug of mmcheck, never of the spec."""


Reprove: TypeAlias = Callable[[Property, Binding, Inductive | EverySize], None]
"""Proves by induction again, with a solver of its own. Raises CertificationError where the proof fails."""


def _nobody(property: Property, binding: Binding, evidence: Inductive | EverySize) -> None:
    raise CertificationError(f"nobody is here to prove `{property.name}` again")


def certify(instance: Instance, property: Property, verdict: Verdict) -> Verdict:
    """The verdict itself, if its evidence stands. Raises CertificationError otherwise."""
    return Certifier(instance).certify(property, verdict)


def replay(instance: Instance, trace: Trace) -> None:
    """Take the steps of a trace again. Raises CertificationError where one is impossible."""
    Certifier(instance).replay(trace)


class Certifier(Struct, frozen=True, dict=True):
    """Certifies the verdicts about one instance, whose meaning is worked out once.

    Replaying takes nothing but the reference semantics; a proof by induction needs a solver, which is no part
    of the core, so `reprove` is handed in."""

    instance: Instance
    reprove: Reprove = _nobody

    @cached_property
    def dynamics(self) -> Dynamics:
        return Dynamics.of(self.instance)

    @cached_property
    def _beginnings(self) -> tuple[set[State], Iterator[State | Failure]]:
        return set(), initial_states(self.instance)

    @cached_property
    def assumptions(self) -> list[tuple[str, Meaning]]:
        return [(a.name, denote(a.body, self.instance)) for a in self.instance.system.assumptions]

    def certify(self, property: Property, verdict: Verdict) -> Verdict:
        """The verdict itself, if its evidence stands. Raises CertificationError otherwise."""
        match verdict:
            case Proved(evidence):
                match evidence:
                    case Witness(runs):
                        self._certify_runs(property, [(dict(binding), trace) for binding, trace in runs])
                    case Exhaustive(fairness=fairness):
                        if isinstance(property, Reachable | Scenario):
                            raise CertificationError(f"`{property.name}` is proved by a run only")
                        demanded = demands(self.instance.system) if isinstance(property, Liveness) else ()
                        if fairness != demanded:
                            raise CertificationError(f"`{property.name}` is proved under another fairness")
                    case Inductive() | EverySize():
                        self.reprove(property, (), evidence)
                    case _:
                        assert_never(evidence)
            case Violated(trace, binding):
                if trace is None:
                    self._certify_absence(property, verdict)
                else:
                    self._certify_violation(property, dict(binding), trace)
            case Unknown():
                pass
            case _:
                assert_never(verdict)
        return verdict

    # --- traces ------------------------------------------------------------------------------------------

    def replay(self, trace: Trace) -> None:
        """Take the steps of a trace again. Raises CertificationError where one is impossible."""
        if begins_too_widely(self.instance):
            raise UnsettledError(f"its first state was not looked for among more than {MOST:,} initial ones")
        if not self._is_initial(trace.initial):
            raise CertificationError("the trace begins in a state that is not initial")
        state = trace.initial
        for number, step in enumerate(trace.steps, start=1):
            self._require_assumed(state)
            self._require_action(step.action)
            if step not in self.dynamics.steps(state, step.action):
                raise CertificationError(
                    f"step {number}, {step.action!r}, does not lead where the trace says"
                )
            state = step.target
        self._require_assumed(state)
        if isinstance(trace.end, FailedStep):
            self._require_action(trace.end.action)
            if trace.end not in self.dynamics.steps(state, trace.end.action):
                raise CertificationError(f"{trace.end.action!r} does not fail as the trace says")
        if trace.loop is not None:
            self._require_loop(trace, trace.loop)

    def _is_initial(self, state: State) -> bool:
        """Whether a state is an initial one. These may be many, and an engine that stops early found one of
        the first: they are looked at as far as is needed, and remembered for the next trace."""
        known, others = self._beginnings
        if state in known:
            return True
        for other in others:
            if not isinstance(other, Failure):
                known.add(other)
            if other == state:
                return True
        return False

    def _require_loop(self, trace: Trace, first: int) -> None:
        """That a run which is said to go on for ever comes back to where its loop begins."""
        if trace.end is not None or not 0 <= first <= len(trace.steps):
            raise CertificationError("a run that ends has no loop")
        if trace.states[first] != trace.states[-1]:
            raise CertificationError("the loop does not come back to the state in which it begins")

    def _require_action(self, action: Action) -> None:
        """That the action is one of the instance: its bindings, which take no part in equality, included."""
        same = next((a for a in self.instance.actions if a == action), None)
        if same is None or dict(same.bindings) != dict(action.bindings):
            raise CertificationError(f"there is no action {action!r}")

    def _require_assumed(self, state: State) -> None:
        for name, meaning in self.assumptions:
            if _value(meaning, state, {}) is False:
                raise CertificationError(f"the trace leaves the assumption `{name}`")

    def _is(
        self, term: Term, state: State, binding: Mapping[str, Value], after: State = (), by: str = ""
    ) -> bool | Failure:
        """The truth of a predicate, or the model error that it runs into."""
        return _value(denote(term, self.instance), state, binding, after, by)

    # --- what is possible --------------------------------------------------------------------------------

    def _certify_runs(self, property: Property, runs: list[tuple[dict[str, Value], Trace]]) -> None:
        """That the runs show what is possible: every instance of a `reachable`, a scenario once."""
        match property:
            case Reachable(name, _, body):
                for binding, trace in runs:
                    self.replay(trace)
                    plain = trace.end is None and trace.loop is None
                    if not plain or self._is(body, trace.states[-1], binding) is not True:
                        raise CertificationError(f"the trace for `{name}` does not end where it should")
                shown = [binding for binding, _ in runs]
                if any(claim not in shown for claim in self.instance.claims(property)):
                    raise CertificationError(f"not every instance of `{name}` has a run that reaches it")
            case Scenario(name):
                if len(runs) != 1:
                    raise CertificationError(f"`{name}` needs one run")
                self._certify_scenario(property, *runs[0])
            case _:
                raise CertificationError(f"`{property.name}` cannot be proved by runs")

    def _certify_scenario(self, scenario: Scenario, binding: Mapping[str, Value], trace: Trace) -> None:
        """That a run plays the lines of a scenario, for distinct values of its parameters."""
        self.replay(trace)
        if binding not in list(self.instance.claims(scenario)) or not _are_distinct(scenario, binding):
            raise CertificationError(f"these are no values for the parameters of `{scenario.name}`")
        state, steps = trace.initial, list(trace.steps)
        for line in scenario.lines:
            match line:
                case Assert(condition):
                    played = self._is(condition, state, binding) is True
                case Blocked():
                    action = self._action_of(line, state, binding)
                    played = action is not None and not self.dynamics.steps(state, action)
                case Fire():
                    played = bool(steps) and steps[0].action == self._action_of(line, state, binding)
                    state = steps.pop(0).target if played else state
                case _:
                    assert_never(line)
            if not played:
                raise CertificationError(f"the run for `{scenario.name}` does not play `{line!r}`")
        if steps or trace.end is not None or trace.loop is not None:
            raise CertificationError(f"the run for `{scenario.name}` goes on behind its last line")

    def _action_of(self, line: Fire | Blocked, state: State, binding: Mapping[str, Value]) -> Action | None:
        """The action that a line speaks of; None where an argument has no value."""
        try:
            args = tuple(denote(arg, self.instance)(at(state, binding)) for arg in line.args)
        except ModelError:
            return None
        return Action.of(self.instance.system.transition(line.transition), args)

    # --- what is violated --------------------------------------------------------------------------------

    def _certify_violation(self, property: Property, binding: Mapping[str, Value], trace: Trace) -> None:
        self.replay(trace)
        # The binding of a model error is that of the property in which it was met.
        if not isinstance(property, NoModelError) and binding not in list(self.instance.claims(property)):
            raise CertificationError(f"these are no values for the parameters of `{property.name}`")
        if trace.loop is not None and not isinstance(property, Liveness):
            raise CertificationError(f"a run that ends is enough to violate `{property.name}`")
        if not self._shows(property, binding, trace):
            raise CertificationError(f"the trace does not violate `{property.name}`")

    def _shows(self, property: Property, binding: Mapping[str, Value], trace: Trace) -> bool:
        last, failed = trace.states[-1], isinstance(trace.end, FailedStep)
        wrong = trace.end if isinstance(trace.end, Failure) else False
        match property:
            case Invariant(_, _, body):
                return not failed and self._is(body, last, binding) == wrong
            case StepInvariant(_, _, body):
                if not trace.steps or failed or trace.states[-2] == last:
                    return False
                by = trace.steps[-1].action.transition.name
                return self._is(body, trace.states[-2], binding, last, by) == wrong
            case DeadlockFree():
                return trace.end is None and not self.dynamics.successors(last)
            case NoModelError():
                return failed or any(value == trace.end for value in self._values_at_the_end(trace))
            case Scenario():
                return trace.end is None
            case Liveness():
                return self._shows_liveness(property, binding, trace)
            case Reachable():
                return False
            case _:
                assert_never(property)

    def _shows_liveness(self, property: Liveness, binding: Mapping[str, Value], trace: Trace) -> bool:
        """Whether a lasso is a fair run on which the property is false; or a part of the property has no
        value in the last state."""
        parts = [property.goal, *([] if property.trigger is None else [property.trigger])]
        if trace.loop is None:
            values = [self._is(part, trace.states[-1], binding) for part in parts]
            return isinstance(trace.end, Failure) and trace.end in values

        def truth(of_goal: bool, state: State) -> bool:
            value = self._is(parts[not of_goal], state, binding)
            if isinstance(value, Failure):
                raise CertificationError(f"`{property.name}` has no value in a state of the trace")
            return value

        if not violates(property, trace, truth):
            return False
        for service in account(trace, self.dynamics).services:
            if service.served is Served.WRONGED:
                raise CertificationError(f"the run is not fair to `{service.unit.label}`")
        return True

    def _values_at_the_end(self, trace: Trace) -> Iterator[bool | Failure]:
        """What the assumptions and properties evaluate to at the end of a trace."""
        last = trace.states[-1]
        for _, meaning in self.assumptions:
            yield _value(meaning, last, {})
        for property in self.instance.system.properties:
            for claim in self.instance.claims(property):
                match property:
                    case Invariant(_, _, body) | Reachable(_, _, body):
                        yield self._is(body, last, claim)
                    case Liveness(_, _, _, trigger, goal):
                        yield self._is(goal, last, claim)
                        if trigger is not None:
                            yield self._is(trigger, last, claim)
                    case StepInvariant(_, _, body) if trace.steps:
                        by = trace.steps[-1].action.transition.name
                        yield self._is(body, trace.states[-2], claim, last, by)
                    case _:
                        pass

    def _certify_absence(self, property: Property, verdict: Violated) -> None:
        """A violation without a trace says that nothing was found, or that an initial state has no value."""
        match property:
            case Reachable() if isinstance(verdict.evidence, Inductive):
                self.reprove(property, verdict.binding, verdict.evidence)
            case Reachable() if verdict.evidence is not None:
                return
            case Scenario():
                return
            case NoModelError() if any(isinstance(s, Failure) for s in initial_states(self.instance)):
                return
            case _:
                raise CertificationError(f"the violation of `{property.name}` has no trace")


def _value(
    meaning: Meaning, state: State, binding: Mapping[str, Value], after: State = (), by: str = ""
) -> bool | Failure:
    """The truth of a predicate, or the model error that it runs into."""
    try:
        return bool(meaning(at(state, binding, after, by)))
    except ModelError as error:
        return error.failure


def _are_distinct(scenario: Scenario, binding: Mapping[str, Value]) -> bool:
    """Whether no two parameters of one type have one value."""
    return len({(p.type, binding[p.name]) for p in scenario.params}) == len(scenario.params)
