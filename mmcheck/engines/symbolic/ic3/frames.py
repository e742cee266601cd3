"""Frames: over-approximations of the states reachable in so many steps, as lemmas in one solver.

A lemma says that no state of a cube's orbit is reached; its clauses are in the solver once, guarded by a
literal of its own, and a frame implies the guards of its lemmas. Frame 0 is the initial states; frame i
implies frame i + 1, and the last of all holds what is known to be inductive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct, field

from mmcheck.engines.symbolic.ic3.cubes import Cube, contains
from mmcheck.engines.symbolic.ic3.problem import Move, Problem
from mmcheck.engines.symbolic.ic3.relation import AnyInitial, MakeSat, begin, clause, one_step

INDUCTIVE = 1_000_000
"""The level of lemmas that hold in every reachable state."""

MOST_RETIRED = 3_000
"""How many hypotheses that are not needed any more a solver may hold before a new one takes its place."""

SMALL_ORBIT = 24


class Lemma(Struct):
    """No state of the cube's orbit is reached in `level` steps or fewer."""

    cube: Cube
    level: int
    guard: int = 0


class Predecessor(Struct, frozen=True):
    """A state (the values of its atoms) from which a move leads into a cube."""

    atoms: list[bool]
    move: Move


class Frames(Struct, dict=True):
    """The lemmas of all frames, and the questions about them. `ask` is called before every question."""

    problem: Problem
    initial: AnyInitial
    make: MakeSat
    ask: Callable[[str], None]
    lemmas: list[Lemma] = field(default_factory=list)
    top: int = 0
    """The highest frame that was begun."""

    def __post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.relation = one_step(self.problem, self.make)
        self.sat = self.relation.sat
        self.inductive = self.sat.new()
        self.acts = [begin(self.sat, self.relation.now, self.initial)]
        self.sat.add((-self.acts[0], self.inductive))
        self.retired = self.hypothesis = 0

    def _restart(self) -> None:
        """A new solver with what is still needed."""
        self._begin()
        for lemma in self.lemmas:
            self._assert(lemma)

    def act(self, level: int) -> int:
        """The literal that implies a frame."""
        if level >= INDUCTIVE:
            return self.inductive
        while len(self.acts) <= level:
            following = self.sat.new()
            self.sat.add((-self.acts[-1], following))
            self.sat.add((-following, self.inductive))
            self.acts.append(following)
        return self.acts[level]

    # --- lemmas ------------------------------------------------------------------------------------------

    def learn(self, cube: Cube, level: int) -> Lemma:
        """Add a lemma, and drop those that it makes superfluous."""
        images = self.problem.orbits.orbit(cube)
        signature = self.problem.orbits.signature(cube)
        kept: list[Lemma] = []
        for lemma in self.lemmas:
            covered = (
                lemma.level <= level
                and len(lemma.cube) >= len(cube)
                and signature <= self.problem.orbits.signature(lemma.cube)
                and any(contains(image, lemma.cube) for image in images)
            )
            if not covered:
                kept.append(lemma)
        self.lemmas[:] = kept
        lemma = Lemma(cube, level)
        self.lemmas.append(lemma)
        self._assert(lemma)
        return lemma

    def _assert(self, lemma: Lemma) -> None:
        lemma.guard = self.sat.new()
        for image in self.problem.orbits.orbit(lemma.cube):
            self.sat.add((-lemma.guard, *clause(self.relation.now, image)))
        self.sat.add((-self.act(lemma.level), lemma.guard))

    def lift(self, lemma: Lemma, level: int) -> None:
        """A lemma is found to hold in a higher frame."""
        lemma.level = level
        self.sat.add((-self.act(level), lemma.guard))

    def at(self, level: int) -> list[Lemma]:
        return [lemma for lemma in self.lemmas if lemma.level == level]

    def covers(self, cube: Cube, level: int) -> bool:
        """Whether a lemma of a frame says by itself that the cube is not reached."""
        signature = self.problem.orbits.signature(cube)
        return any(
            contains(image, cube)
            for lemma in self.lemmas
            if lemma.level >= level
            and len(lemma.cube) <= len(cube)
            and self.problem.orbits.signature(lemma.cube) <= signature
            for image in self.problem.orbits.orbit(lemma.cube)
        )

    # --- questions ---------------------------------------------------------------------------------------

    def state_in(self, level: int, node: int) -> list[bool] | None:
        """The atoms of a state of a frame in which a node of the circuit is true."""
        self.ask("bad state")
        if self.sat.solve((self.act(level), self.relation.now.node(node))):
            return self.sat.values(self.relation.now.atoms)
        return None

    def is_blocked(self, cube: Cube, level: int) -> bool:
        """Whether a frame has no state of a cube."""
        self.ask("cube in frame")
        return not self.sat.solve((self.act(level), *self.relation.now.literals(cube)))

    def predecessor(self, level: int, cube: Cube) -> Predecessor | Cube:
        """A state of a frame, outside of the cube's orbit, with a step into the cube; where there is none,
        the part of the cube that is needed for that."""
        part = self.unreached_part(level, cube)
        if part is not None:
            return part
        atoms = self.sat.values(self.relation.now.atoms)
        return Predecessor(atoms, self.problem.moves[self.relation.chosen()])

    def unreached_part(self, level: int, cube: Cube) -> Cube | None:
        """A part of a cube into which no step leads from the states of a frame outside of the cube's orbit;
        None where there is a step into the cube."""
        self.ask("consecution")
        self._make_room()
        sat, after = self.sat, self.relation.after
        hypothesis = sat.new()
        small = self.problem.orbits.orbit_size(cube) <= SMALL_ORBIT
        for image in self.problem.orbits.orbit(cube) if small else (cube,):
            sat.add((-hypothesis, *clause(self.relation.now, image)))
        primed = [after.literal(number, mask) for number, mask in cube]
        if self.hypothesis:
            # What was supposed for the question before is not needed any more.
            sat.add((-self.hypothesis,))
            self.retired += 1
        self.hypothesis = hypothesis
        if sat.solve((self.act(level), hypothesis, self.relation.stepping, *primed)):
            return None
        core = sat.core()
        return tuple(lit for lit, own in zip(cube, primed, strict=True) if own in core)

    def is_kept(self, level: int, lemma: Lemma) -> bool:
        """Whether no step from a frame that has the lemma leads into the lemma's cube."""
        self.ask("propagation")
        primed = self.relation.after.literals(lemma.cube)
        return not self.sat.solve((self.act(level), self.relation.stepping, *primed))

    def _make_room(self) -> None:
        if self.retired > MOST_RETIRED:
            self._restart()


def houdini(frames: Frames, candidates: Iterable[Lemma]) -> list[Lemma]:
    """The largest part of some lemmas that is inductive together with what is known to be."""
    kept = list(candidates)
    sat, relation = frames.sat, frames.relation
    while True:
        assumed = [frames.inductive, relation.stepping, *(lemma.guard for lemma in kept)]
        broken: list[Lemma] = []
        for lemma in kept:
            frames.ask("largest inductive part")
            if sat.solve((*assumed, *relation.after.literals(lemma.cube))):
                broken.append(lemma)
        if not broken:
            return kept
        kept = [lemma for lemma in kept if lemma not in broken]
