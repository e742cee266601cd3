"""Traces: from what a packed search found back to an initial state, told by the reference semantics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmcheck.core.instance import State
from mmcheck.core.semantics import Dynamics, ModelError, at, denote
from mmcheck.core.system import Invariant, Property, Reachable, StepInvariant
from mmcheck.core.terms import Term
from mmcheck.core.trace import FailedStep, Failure, Step, Trace
from mmcheck.engines.explicit.looking import Found
from mmcheck.engines.explicit.program import Program, Rows

BLOCK = 16_384


@dataclass
class Tracer:
    """Finds traces in the levels of a finished search."""

    program: Program
    levels: list[Rows]

    def __post_init__(self) -> None:
        self.dynamics = Dynamics.of(self.program.instance)

    def trace(self, found: Found, prop: Property) -> Trace:
        """A shortest run that ends in what was found."""
        words = np.array([found.words], np.uint64)
        steps: list[Step] = []
        for level in range(found.level, 0, -1):
            words, step = self._before(words, level)
            steps.append(step)
        initial = self._state(words)
        steps.reverse()
        last = steps[-1].target if steps else initial
        end = None
        if found.action is not None:
            final = self._step(last, found)
            if isinstance(final, FailedStep):
                return Trace(initial, tuple(steps), final)
            steps.append(final)
        if found.erred:
            end = self._failure(prop, found, [initial, *(s.target for s in steps)], steps)
        return Trace(initial, tuple(steps), end)

    def _state(self, words: Rows) -> State:
        return self.program.layout.unpack(words[0])

    def _before(self, words: Rows, level: int) -> tuple[Rows, Step]:
        """A state of the level before that has a step to the given one, and that step."""
        rows = self.levels[level - 1]
        for start in range(0, len(rows), BLOCK):
            block = self.program.block(rows[start : start + BLOCK])
            for action in self.program.actions:
                chosen = np.flatnonzero(block.truth(action.ground.guard))
                hits = (action.targets(block, chosen) == words).all(axis=1)
                if hits.any():
                    before = np.array([block.row(int(chosen[np.argmax(hits)]))], np.uint64)
                    target = self._state(words)
                    taken = self.dynamics.steps(self._state(before), action.ground.action)
                    step = next(s for s in taken if isinstance(s, Step) and s.target == target)
                    return before, step
        raise RuntimeError("a state that was reached has no predecessor in the level before")

    def _step(self, state: State, found: Found) -> Step | FailedStep:
        """The step in which something was found: one that fails where the action does, else one that leads
        where the packed action led."""
        if found.action is None:
            raise ValueError("nothing was found in a step")
        action = self.program.actions[found.action]
        block = self.program.block(np.array([found.words], np.uint64))
        taken = self.dynamics.steps(state, action.ground.action)
        if block.truth(action.ground.fails)[0]:
            return next(s for s in taken if isinstance(s, FailedStep))
        target = self._state(action.targets(block, np.arange(1)))
        return next(s for s in taken if isinstance(s, Step) and s.target == target)

    def _failure(self, prop: Property, found: Found, states: list[State], steps: list[Step]) -> Failure:
        """The model error met while a property, or an assumption, was evaluated at the end."""
        system = self.program.instance.system
        after = states[-1] if found.action is not None else ()
        before = states[-2] if found.action is not None else states[-1]
        by = steps[-1].action.transition.name if found.action is not None else ""
        bodies: list[tuple[Term, State, State]] = []
        for other in (prop, *system.properties):
            match other:
                case Invariant(_, _, body) | Reachable(_, _, body) if found.action is None:
                    bodies.append((body, before, ()))
                case StepInvariant(_, _, body) if found.action is not None:
                    bodies.append((body, before, after))
                case _:
                    pass
        bodies += [(a.body, states[-1], ()) for a in system.assumptions]
        for body, state, following in bodies:
            try:
                denote(body, self.program.instance)(at(state, found.binding, following, by))
            except ModelError as error:
                return error.failure
            except KeyError:
                continue  # another property, with parameters that this one does not have
        raise RuntimeError("the packed search met a model error that the reference semantics does not")
