"""Induction, invariant by invariant and transition by transition: the way to an inductive invariant.

All invariants together are what is assumed before a step, so that they are inductive together when none is
broken; then they are proved for the instance, whatever its depth.
"""

from __future__ import annotations

from collections.abc import Iterator

import z3
from msgspec import Struct

from mmcheck.core.induction import Consecution, Cti, InductionOutcome
from mmcheck.core.instance import Instance
from mmcheck.core.system import Invariant, Property, StepInvariant
from mmcheck.engines.symbolic.decoding import Teller
from mmcheck.engines.symbolic.grounded import Goal, Grounded
from mmcheck.engines.symbolic.solver import Conduct, Formula, Result, Solver
from mmcheck.engines.symbolic.unroll import Unrolling


class Examiner(Struct, dict=True):
    """Examines the invariants of one instance."""

    instance: Instance
    conduct: Conduct

    def __post_init__(self) -> None:
        self.grounded = Grounded(self.instance, look=self.conduct.glance)
        self.teller = Teller(self.instance)
        properties = self.instance.system.properties
        self.goals = list(self.grounded.goals(properties))
        self.names = tuple(dict.fromkeys(a.action.transition.name for a in self.grounded.actions))

    def outcomes(self) -> Iterator[InductionOutcome]:
        """What induction says about each invariant and step invariant, in their order. Raises LimitError."""
        self.conduct.at("encoding", 0)
        self.begin = Unrolling(self.grounded, Solver(self.conduct))
        self.begin.begin()
        self.begin.assume(0)
        self.states, self.step = (Unrolling(self.grounded, Solver(self.conduct)) for _ in range(2))
        for frames in (self.states, self.step):
            frames.begin_anywhere()
            for goal in self.goals:
                if isinstance(goal.prop, Invariant):
                    frames.solver.add(z3.Not(frames.truth(goal.state, 0)))
        self.step.extend()
        self._selected = {name: self._step_of(name) for name in self.names}
        for goal in self.goals:
            match goal.prop:
                case Invariant():
                    yield self._invariant(goal, goal.prop)
                case StepInvariant():
                    yield self._step_invariant(goal.prop)
                case _:
                    pass

    def _step_of(self, name: str) -> Formula:
        """A literal for that the step is one of a transition."""
        pairs = zip(self.step.encoding.selectors, self.grounded.actions, strict=True)
        own = [selector for selector, action in pairs if action.action.transition.name == name]
        return self.step.solver.mark(self.step.at(z3.Or(*own), 0))

    def _invariant(self, goal: Goal, prop: Invariant) -> InductionOutcome:
        bad = self.step.solver.mark(self.step.truth(goal.state, 1))
        consecutions = tuple(self._consecution(name, prop, bad) for name in self.names)
        return InductionOutcome(prop, self._initiation(goal, prop), consecutions)

    def _initiation(self, goal: Goal, prop: Invariant) -> Cti | None:
        bad = self.begin.solver.mark(self.begin.truth(goal.state, 0))
        if self.begin.solver.ask(f"initiation of {prop.name}", [bad]) is not Result.POSSIBLE:
            return None
        return self._told(self.begin, prop, 0)

    def _consecution(self, name: str, prop: Invariant, bad: Formula) -> Consecution:
        question = f"consecution of {prop.name} by {name}"
        match self.step.solver.ask(question, [self._selected[name], bad]):
            case Result.POSSIBLE:
                return Consecution(name, self._told(self.step, prop, 1))
            case Result.IMPOSSIBLE:
                return Consecution(name)
            case Result.GAVE_UP:
                return Consecution(name, gave_up=True)

    def _step_invariant(self, prop: StepInvariant) -> InductionOutcome:
        """What every transition's steps are, from states in which all invariants are true."""
        return InductionOutcome(prop, None, tuple(self._judged(name, prop) for name in self.names))

    def _judged(self, name: str, prop: StepInvariant) -> Consecution:
        node = self.grounded.wrong_steps(prop, name)
        bad = self.states.solver.mark(self.states.truth(node, 0))
        match self.states.solver.ask(f"{prop.name} in steps of {name}", [bad]):
            case Result.POSSIBLE:
                return Consecution(name, self._told(self.states, prop, 0, name))
            case Result.IMPOSSIBLE:
                return Consecution(name)
            case Result.GAVE_UP:
                return Consecution(name, gave_up=True)

    def _told(self, frames: Unrolling, prop: Property, last: int, by: str | None = None) -> Cti:
        model = frames.solver.model()
        states, actions = frames.states(model, last), frames.actions(model, last)
        properties = self.instance.system.properties
        binding, trace = self.teller.trace(states, actions, prop, properties, by=by)
        return Cti(binding, trace)
