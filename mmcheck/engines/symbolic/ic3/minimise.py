"""Small invariants: of the lemmas that prove a property, those that are needed.

First what the solver's own reasons name: the lemmas used for the property, those used for these, and so on.
Then one lemma after the other is left out for good, where the rest still stands without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmcheck.core.symmetry import elements_of, is_in_order
from mmcheck.core.system import Invariant
from mmcheck.engines.symbolic.grounded import parts_of
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
        self._broken: dict[int, tuple[int, ...]] = {}
        self._bad: dict[Target, int] = {}
        self._inductive: list[int] | None = None

    def needed(self, target: Target) -> tuple[Cube, ...]:
        """Few lemmas that are inductive, for an invariant together with itself, and exclude the target."""
        kept = self.closed(target, range(len(self.cubes)))
        if kept is None:
            raise RuntimeError(f"the lemmas do not prove `{target.name}`")
        self.questions = 0
        for number in sorted(kept, key=lambda i: (-len(self.cubes[i]), i)):
            if number in kept and self.questions < MOST_QUESTIONS:
                without = self.closed(target, [i for i in kept if i != number])
                kept = kept if without is None else without
        return tuple(self.cubes[i] for i in sorted(kept))

    def closed(self, target: Target, allowed: Sequence[int]) -> list[int] | None:
        """Those of the allowed lemmas that the proof needs, by the solver's reasons; None where they are not
        enough."""
        supposed, first = self._safety(target)
        found = self._reasons((*supposed, *first), allowed)
        if found is None:
            return None
        pending, needed = list(found), dict.fromkeys(found)
        while pending:
            broken = self._after(pending.pop())
            reasons = self._reasons((self.relation.stepping, *supposed, *broken), allowed)
            if reasons is None:
                return None
            pending += [i for i in reasons if i not in needed]
            needed |= dict.fromkeys(reasons)
        return sorted(needed)

    def inductive(self) -> list[int]:
        """The most lemmas that are inductive together."""
        if self._inductive is None:
            self._inductive = self._largest()
        return self._inductive

    def _largest(self) -> list[int]:
        kept = list(range(len(self.cubes)))
        while True:
            assumed = self.relation.stepping, *(self.guards[i] for i in kept)
            good = [i for i in kept if not self._is_possible((*assumed, *self._after(i)))]
            if len(good) == len(kept):
                return kept
            kept = good

    def _is_possible(self, assumptions: Sequence[int]) -> bool:
        self.ask("largest inductive part")
        return self.sat.solve(assumptions)

    def _after(self, number: int) -> tuple[int, ...]:
        """That a step leads into the cube of a lemma; into its orbit, where not every step is there."""
        if number not in self._broken:
            cube = self.cubes[number]
            if self.problem.representative:
                self._broken[number] = (self._after_some(cube),)
            else:
                self._broken[number] = tuple(self.relation.after.literals(cube))
        return self._broken[number]

    def _after_some(self, cube: Cube) -> int:
        """A literal that implies that a step leads into the orbit of a cube: for each move, into one at least
        of those cubes that differ by a permutation which leaves the move alone."""
        sat, some, known = self.sat, self.sat.new(), dict[Cube, int]()
        for move, selector in zip(self.problem.moves, self.relation.selectors, strict=True):
            ways: list[int] = []
            for image in self.problem.orbits.apart_from(cube, elements_of(parts_of(move.ground))):
                # What a move does not write is as it was, so that a cube of it alone is not entered.
                if any(number in move.writes for number, _ in image):
                    if image not in known:
                        known[image] = self._after_all(image)
                    ways.append(known[image])
            sat.add((-some, -selector, *ways))
        return some

    def _after_all(self, cube: Cube) -> int:
        """A literal that implies that a step leads into a cube."""
        way = self.sat.new()
        for literal in self.relation.after.literals(cube):
            self.sat.add((-way, literal))
        return way

    def _bad_after(self, target: Target) -> int:
        """A literal that implies that a step makes an instance of an invariant false: for each move, one at
        least of those that differ by a permutation which leaves the move alone."""
        if target not in self._bad:
            sat, some = self.sat, self.sat.new()
            claims = self.problem.broken_claims(target.goal.prop)
            for move, selector in zip(self.problem.moves, self.relation.selectors, strict=True):
                fixed = parts_of(move.ground)
                ways = (self.relation.after.node(node) for v, node in claims if is_in_order(v, fixed))
                sat.add((-some, -selector, *ways))
            self._bad[target] = some
        return self._bad[target]

    def _safety(self, target: Target) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What may be supposed of the state before a step, and what must be impossible with it."""
        relation = self.relation
        if isinstance(target.goal.prop, Invariant):
            bad = self._bad_after(target) if self.problem.representative else relation.after.node(target.bad)
            return (-relation.now.node(target.all),), (relation.stepping, bad)
        return (), (relation.now.node(target.bad),)

    def _reasons(self, assumptions: Sequence[int], allowed: Sequence[int]) -> list[int] | None:
        self.ask("needed lemmas")
        self.questions += 1
        guards = [self.guards[i] for i in allowed]
        if self.sat.solve((*guards, *assumptions)):
            return None
        core = self.sat.core()
        return [i for i in allowed if self.guards[i] in core]
