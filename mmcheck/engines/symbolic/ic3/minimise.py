"""Small invariants: of the lemmas that prove a property, those that are needed.

First what the solver's own reasons name: the lemmas used for the property, those used for these, and so on.
Then one lemma after the other is left out for good, where the rest still stands without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmcheck.core.system import Invariant
from mmcheck.engines.symbolic.ic3.cubes import Cube
from mmcheck.engines.symbolic.ic3.problem import Problem, Target
from mmcheck.engines.symbolic.ic3.relation import MakeSat, clause, one_step

MOST_QUESTIONS = 4_000
"""After so many questions the lemmas are taken as they are."""


class Minimiser:
    """Looks for small inductive sets among the lemmas of one search."""

    def __init__(
        self, problem: Problem, cubes: Sequence[Cube], make: MakeSat, ask: Callable[[str], None]
    ) -> None:
        self.problem, self.cubes, self.ask = problem, cubes, ask
        self.relation = one_step(problem, make)
        self.sat = self.relation.sat
        self.guards: list[int] = []
        for cube in cubes:
            guard = self.sat.new()
            for image in problem.orbits.orbit(cube):
                self.sat.add((-guard, *clause(self.relation.now, image)))
            self.guards.append(guard)
        self.questions = 0

    def needed(self, target: Target) -> tuple[Cube, ...]:
        """Few lemmas that are inductive, for an invariant together with itself, and exclude the target."""
        kept = self._closed(target, range(len(self.cubes)))
        if kept is None:
            raise RuntimeError(f"the lemmas do not prove `{target.name}`")
        self.questions = 0
        for number in sorted(kept, key=lambda i: (-len(self.cubes[i]), i)):
            if number in kept and self.questions < MOST_QUESTIONS:
                without = self._closed(target, [i for i in kept if i != number])
                kept = kept if without is None else without
        return tuple(self.cubes[i] for i in sorted(kept))

    def _closed(self, target: Target, allowed: Sequence[int]) -> list[int] | None:
        """Those of the allowed lemmas that the proof needs, by the solver's reasons; None where they are not
        enough."""
        supposed, first = self._safety(target)
        found = self._reasons((*supposed, *first), allowed)
        if found is None:
            return None
        pending, needed = list(found), dict.fromkeys(found)
        while pending:
            cube = self.cubes[pending.pop()]
            primed = self.relation.after.literals(cube)
            reasons = self._reasons((self.relation.stepping, *supposed, *primed), allowed)
            if reasons is None:
                return None
            pending += [i for i in reasons if i not in needed]
            needed |= dict.fromkeys(reasons)
        return sorted(needed)

    def _safety(self, target: Target) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What may be supposed of the state before a step, and what must be impossible with it."""
        relation = self.relation
        if isinstance(target.goal.prop, Invariant):
            return (-relation.now.node(target.all),), (relation.stepping, relation.after.node(target.bad))
        return (), (relation.now.node(target.bad),)

    def _reasons(self, assumptions: Sequence[int], allowed: Sequence[int]) -> list[int] | None:
        self.ask("needed lemmas")
        self.questions += 1
        guards = [self.guards[i] for i in allowed]
        if self.sat.solve((*guards, *assumptions)):
            return None
        core = self.sat.core()
        return [i for i in allowed if self.guards[i] in core]
