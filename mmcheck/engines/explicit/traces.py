"""Traces: from what a packed search found back to an initial state, told by the reference semantics.

The levels hold one state of each orbit. Backwards, a chain of such states is found by expanding one level
after the other; forwards, the reference semantics follows it with steps of real states, so that an element
keeps its name along the trace. What was found at its end is looked for again there.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from functools import cached_property
from typing import TypeAlias, assert_never

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from mmcheck.core.instance import State
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
from mmcheck.engines.explicit.levels import Level
from mmcheck.engines.explicit.looking import Found
from mmcheck.engines.explicit.program import Program, Rows

BLOCK = 4_096
MOST_KEPT = 1 << 18
"""How many successors are kept from one trace to the next."""

Ending: TypeAlias = tuple[Binding, tuple[Step, ...], FailedStep | Failure | None]
"""What is at the end of a trace: the instance of the property, a last step, a failure."""

_Successors: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp], Rows]
"""Where the steps of each action end, the states (of a block) that the steps are from, where they lead."""

_Link: TypeAlias = tuple[str, Rows]
"""A transition, and (one of the orbit of) the state that it leads to."""


class Tracer(Struct, dict=True):
    """Finds traces in the levels of a finished search."""

    program: Program
    levels: list[Level]
    _known: dict[tuple[int, int], _Successors] = field(default_factory=dict)
    _kept: int = 0

    @cached_property
    def dynamics(self) -> Dynamics:
        return Dynamics.of(self.program.instance)

    def trace(
        self, found: Found, prop: Property, among: Container[Binding] | None = None
    ) -> tuple[Binding, Trace]:
        """A shortest run that ends in what was found, and the instance of the property (one of those given)
        that is decided there."""
        initial, steps = self._run(*self._chain(found))
        last = steps[-1].target if steps else initial
        endings = self._endings(prop, last)
        possible = (e for e in endings if among is None or e[0] in among)
        # An error in the state itself comes before one in a step from it.
        ending = min(possible, key=lambda e: len(e[1]) + isinstance(e[2], FailedStep), default=None)
        if ending is None:
            raise RuntimeError(f"what the packed search found for `{prop.name}` is not there")
        binding, final, end = ending
        return binding, Trace(initial, (*steps, *final), end)

    # --- back, and forth again ---------------------------------------------------------------------------

    def _chain(self, found: Found) -> tuple[Rows, list[_Link]]:
        """An initial state, and the way from it to (one of the orbit of) what was found."""
        words = np.array([found.words], np.uint64)
        links: list[_Link] = []
        for level in range(found.level - 1, -1, -1):
            before, transition = self._before(words, level)
            links.append((transition, words))
            words = before
        return words, links[::-1]

    def _before(self, words: Rows, level: int) -> tuple[Rows, str]:
        """A state of a level with a step to (one of the orbit of) a state, and the transition of the step."""
        for number, rows in enumerate(self.levels[level].blocks(BLOCK)):
            ends, sources, targets = self._successors((level, number), rows)
            hits = (targets == words).all(axis=1)
            if hits.any():
                first = int(np.argmax(hits))
                action = self.program.actions[int(np.searchsorted(ends, first, "right"))]
                row = self.program.block(rows).row(int(sources[first]))
                return np.array([row], np.uint64), action.ground.action.transition.name
        raise RuntimeError("a state that was reached has no predecessor in the level before")

    def _successors(self, place: tuple[int, int], rows: Rows) -> _Successors:
        """Where the steps from a block of states lead; known from an earlier trace, if they were kept."""
        if (known := self._known.get(place)) is not None:
            return known
        block = self.program.block(rows)
        sources = [np.flatnonzero(block.truth(action.ground.guard)) for action in self.program.actions]
        # Together, as the canonical form of few states takes hardly less time than that of many.
        pairs = zip(self.program.actions, sources, strict=True)
        targets = np.concatenate([action.targets(block, chosen) for action, chosen in pairs])
        ends = np.cumsum([len(chosen) for chosen in sources])
        found = ends, np.concatenate(sources), self.program.canonical_rows(targets)
        if self._kept + len(targets) <= MOST_KEPT:
            self._kept += len(targets)
            self._known[place] = found
        return found

    def _run(self, first: Rows, links: list[_Link]) -> tuple[State, list[Step]]:
        """A run of real states through the orbits of the links."""
        initial = state = self.program.layout.unpack(first[0])
        steps: list[Step] = []
        for transition, words in links:
            possible = list(self._steps(state, transition))
            hits = (self._packed([step.target for step in possible]) == words).all(axis=1)
            step = possible[int(np.flatnonzero(hits)[0])]
            steps.append(step)
            state = step.target
        return initial, steps

    def _steps(self, state: State, transition: str | None = None) -> Iterator[Step]:
        """The steps from a state, of one transition or of all."""
        return (
            step
            for action in self.program.instance.actions
            if transition in (None, action.transition.name)
            for step in self.dynamics.steps(state, action)
            if isinstance(step, Step) and self._is_assumed(step.target)
        )

    def _packed(self, states: list[State]) -> Rows:
        return self.program.canonical_rows(self.program.layout.pack(states))

    def _is_assumed(self, state: State) -> bool:
        return all(
            self._truth(a.body, at(state, {})) is True for a in self.program.instance.system.assumptions
        )

    # --- what is at the end ------------------------------------------------------------------------------

    def _truth(self, term: Term, env: Env) -> bool | Failure:
        try:
            return bool(denote(term, self.program.instance)(env))
        except ModelError as error:
            return error.failure

    def _endings(self, prop: Property, state: State) -> Iterator[Ending]:
        """Every way in which the property is decided in a state or in a step from it."""
        match prop:
            case Invariant(_, _, body):
                yield from self._at_state(prop, body, state, wanted=False)
            case Reachable(_, _, body):
                yield from (e for e in self._at_state(prop, body, state, wanted=True) if e[2] is None)
            case StepInvariant(_, _, body):
                yield from self._at_steps(prop, body, state)
            case DeadlockFree():
                yield (), (), None
            case NoModelError():
                yield from self._failures(state)
            case Liveness():
                yield from self._without_value(prop, state)
            case Scenario():
                return
            case _:
                assert_never(prop)

    def _at_state(self, prop: Property, body: Term, state: State, wanted: bool) -> Iterator[Ending]:
        for claim in self.program.instance.claims(prop):
            truth = self._truth(body, at(state, claim))
            if isinstance(truth, Failure):
                yield _binding(claim), (), truth
            elif truth is wanted:
                yield _binding(claim), (), None

    def _without_value(self, prop: Liveness, state: State) -> Iterator[Ending]:
        """Where a part of a liveness property has no value. What it does not show, a lasso does."""
        for claim in self.program.instance.claims(prop):
            for part in (prop.goal,) if prop.trigger is None else (prop.trigger, prop.goal):
                truth = self._truth(part, at(state, claim))
                if isinstance(truth, Failure):
                    yield _binding(claim), (), truth

    def _at_steps(self, prop: Property, body: Term, state: State) -> Iterator[Ending]:
        for step in self._steps(state):
            for claim in self.program.instance.claims(prop) if step.target != state else ():
                truth = self._truth(body, at(state, claim, step.target, step.action.transition.name))
                if isinstance(truth, Failure):
                    yield _binding(claim), (step,), truth
                elif not truth:
                    yield _binding(claim), (step,), None

    def _failures(self, state: State) -> Iterator[Ending]:
        """Model errors: in an action, in a property, in an assumption."""
        for step in self.dynamics.successors(state):
            if isinstance(step, FailedStep):
                yield (), (), step
        for prop in self.program.instance.system.properties:
            match prop:
                case Invariant(_, _, body) | Reachable(_, _, body):
                    endings = self._at_state(prop, body, state, wanted=False)
                case StepInvariant(_, _, body):
                    endings = self._at_steps(prop, body, state)
                case Liveness():
                    endings = self._without_value(prop, state)
                case _:
                    continue
            yield from (ending for ending in endings if isinstance(ending[2], Failure))
        for assumption in self.program.instance.system.assumptions:
            truth = self._truth(assumption.body, at(state, {}))
            if isinstance(truth, Failure):
                yield (), (), truth
            for step in self.dynamics.successors(state):
                if isinstance(step, Step):
                    truth = self._truth(assumption.body, at(step.target, {}))
                    if isinstance(truth, Failure):
                        yield (), (step,), truth


def _binding(claim: Mapping[str, Value]) -> Binding:
    return tuple(claim.items())
