"""From models of z3 back to states, and from states and actions to runs, told by the reference semantics.

What a solver found is followed step by step; where the reference semantics takes no such step the encoding is
wrong, and that is an error of ours.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from functools import cached_property
from typing import TypeAlias, assert_never

from msgspec import Struct

from mmcheck.core.codes import decode
from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.semantics import Dynamics, Env, ModelError, at, denote
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
from mmcheck.core.trace import FailedStep, Failure, Step, Trace
from mmcheck.core.types import Value
from mmcheck.core.verdict import Binding
from mmcheck.engines.symbolic.encoding import Flags, Variables, Wide
from mmcheck.engines.symbolic.solver import Model

Ending: TypeAlias = tuple[Binding, tuple[Step, ...], FailedStep | Failure | None]
"""What is at the end of a run: the instance of the property, a last step, a failure."""


class DecodingError(Exception):
    """A solver's run is none by the reference semantics: a bug of mmcheck, never of the spec."""


def state_of(model: Model, variables: tuple[Variables, ...], instance: Instance) -> State:
    """The state that a model gives to the variables of all cells."""
    pairs = zip(variables, instance.cells, strict=True)
    return tuple(decode(code_of(model, cell_variables), cell.type) for cell_variables, cell in pairs)


def code_of(model: Model, variables: Variables) -> int:
    """The code of a cell in a model."""
    match variables:
        case Wide(vector):
            return model.number(vector)
        case Flags(flags, _, _, True):
            return sum(1 << i for i in model.chosen(flags))
        case Flags(flags, low, count):
            chosen = model.chosen(flags)
            if count <= 2:
                return low + len(chosen)
            if len(chosen) != 1:
                raise DecodingError("a cell has not exactly one value")
            return low + chosen[0]
        case _:
            assert_never(variables)


class Teller(Struct, dict=True):
    """Tells runs in the words of the reference semantics."""

    instance: Instance

    @cached_property
    def dynamics(self) -> Dynamics:
        return Dynamics.of(self.instance)

    def step(self, state: State, action: Action, target: State) -> Step:
        """The step by which an action leads from one state to another."""
        for step in self.dynamics.steps(state, action):
            if isinstance(step, Step) and step.target == target:
                return step
        raise DecodingError(f"{action!r} does not lead from one state of the solver to the next")

    def trace(
        self,
        states: list[State],
        actions: list[Action],
        prop: Property,
        properties: tuple[Property, ...],
        among: Container[Binding] | None = None,
        by: str | None = None,
    ) -> tuple[Binding, Trace]:
        """The run through the states by the actions, with what shows the property (one of its instances
        given) in the last state, or in a step from it (by one transition)."""
        pairs = zip(states, actions, states[1:], strict=False)
        steps = tuple(self.step(state, action, target) for state, action, target in pairs)
        endings = self._endings(prop, properties, states[-1])
        possible = (e for e in endings if among is None or e[0] in among)
        if by is not None:
            possible = (e for e in possible if e[1] and e[1][-1].action.transition.name == by)
        # What the state itself shows comes before what a step from it does.
        ending = min(possible, key=lambda e: len(e[1]) + isinstance(e[2], FailedStep), default=None)
        if ending is None:
            raise DecodingError(f"what the solver found for `{prop.name}` is not there")
        binding, final, end = ending
        return binding, Trace(states[0], (*steps, *final), end)

    # --- what is at the end ------------------------------------------------------------------------------

    def _truth(self, term: Term, env: Env) -> bool | Failure:
        try:
            return bool(denote(term, self.instance)(env))
        except ModelError as error:
            return error.failure

    def _is_assumed(self, state: State) -> bool:
        return all(self._truth(a.body, at(state, {})) is True for a in self.instance.system.assumptions)

    def _endings(self, prop: Property, properties: tuple[Property, ...], state: State) -> Iterator[Ending]:
        """Every way in which the property is decided in a state or by a step from it."""
        match prop:
            case Invariant(_, _, body):
                yield from self._at_state(prop, body, state, wanted=False)
            case Reachable(_, _, body):
                yield from (e for e in self._at_state(prop, body, state, wanted=True) if e[2] is None)
            case StepInvariant(_, _, body):
                yield from self._at_steps(prop, body, state)
            case DeadlockFree():
                if not self.dynamics.successors(state):
                    yield (), (), None
            case NoModelError():
                yield from self._failures(state, properties)
            case Liveness() | Scenario():
                return
            case _:
                assert_never(prop)

    def _at_state(self, prop: Property, body: Term, state: State, wanted: bool) -> Iterator[Ending]:
        for claim in self.instance.claims(prop):
            truth = self._truth(body, at(state, claim))
            if isinstance(truth, Failure):
                yield _binding(claim), (), truth
            elif truth is wanted:
                yield _binding(claim), (), None

    def _at_steps(self, prop: Property, body: Term, state: State) -> Iterator[Ending]:
        for step in self._steps(state):
            for claim in self.instance.claims(prop):
                truth = self._truth(body, at(state, claim, step.target, step.action.transition.name))
                if isinstance(truth, Failure):
                    yield _binding(claim), (step,), truth
                elif not truth:
                    yield _binding(claim), (step,), None

    def _steps(self, state: State) -> Iterator[Step]:
        """The steps that are judged: those that change something and break no assumption."""
        for step in self.dynamics.successors(state):
            if isinstance(step, Step) and step.target != state and self._is_assumed(step.target):
                yield step

    def _failures(self, state: State, properties: tuple[Property, ...]) -> Iterator[Ending]:
        """Model errors: in an action, in a property, in an assumption."""
        for prop in properties:
            match prop:
                case Invariant(_, _, body) | Reachable(_, _, body):
                    endings = list(self._at_state(prop, body, state, wanted=False))
                case StepInvariant(_, _, body):
                    endings = list(self._at_steps(prop, body, state))
                case Liveness():
                    endings = list(self._without_value(prop, state))
                case _:
                    continue
            yield from (ending for ending in endings if isinstance(ending[2], Failure))
        yield from (((), (), failure) for failure in self._senseless(state))
        for step in self.dynamics.successors(state):
            if isinstance(step, FailedStep):
                yield (), (), step
            else:
                yield from (((), (step,), failure) for failure in self._senseless(step.target))

    def _without_value(self, prop: Liveness, state: State) -> Iterator[Ending]:
        for claim in self.instance.claims(prop):
            for part in (prop.goal,) if prop.trigger is None else (prop.trigger, prop.goal):
                truth = self._truth(part, at(state, claim))
                if isinstance(truth, Failure):
                    yield _binding(claim), (), truth

    def _senseless(self, state: State) -> Iterator[Failure]:
        """The model error of an assumption, those before it being true."""
        for assumption in self.instance.system.assumptions:
            truth = self._truth(assumption.body, at(state, {}))
            if isinstance(truth, Failure):
                yield truth
            if truth is not True:
                return


def _binding(claim: Mapping[str, Value]) -> Binding:
    return tuple(claim.items())
