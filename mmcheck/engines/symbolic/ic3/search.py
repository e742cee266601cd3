"""IC3: frames of lemmas are refined until one of them is inductive, or a run to a bad state is found.

References: A. Bradley, SAT-based model checking without unrolling, VMCAI 2011; N. Eén, A. Mishchenko and
R. Brayton, Efficient implementation of property directed reachability, FMCAD 2011 (obligations, pushing). We
deviate in that a cube is blocked with its orbit, that a literal may allow several values, that predecessors
are generalised by justification, and that several properties share the frames: what is learnt for one is true
for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import TypeVar

from msgspec import Struct, field

from mmcheck.engines.symbolic.ic3.cubes import Cube
from mmcheck.engines.symbolic.ic3.frames import INDUCTIVE, Frames, Predecessor
from mmcheck.engines.symbolic.ic3.justify import Justification
from mmcheck.engines.symbolic.ic3.places import Row
from mmcheck.engines.symbolic.ic3.problem import Move, Problem, Target

Item = TypeVar("Item")


class Obligation(Struct, frozen=True, eq=False):
    """A cube that is to be kept out of a frame, since from all of its states a run leads to a bad state: by
    `move` into the cube of `then`."""

    level: int
    depth: int
    number: int
    cube: Cube
    move: Move | None = None
    then: Obligation | None = None

    def __lt__(self, other: Obligation) -> bool:
        return (self.level, self.depth, self.number) < (other.level, other.depth, other.number)


class Run(Struct, frozen=True):
    """A run to a bad state: the rows and the moves between them. No run of fewer than `least` steps leads to
    one."""

    target: Target
    rows: tuple[Row, ...]
    moves: tuple[Move, ...]
    least: int


class Ic3(Struct):
    """One search. `open` holds the targets that are not decided."""

    problem: Problem
    frames: Frames
    open: list[Target]
    runs: list[Run] = field(default_factory=list)
    most_frames: int | None = None
    backwards: bool = False
    """Whether literals are dropped in the opposite order: on a hard problem another order may do."""
    obligations: int = 0
    waiting: int = 0

    def search(self) -> bool:
        """Decide all targets: those left in `open` are unreachable, as the inductive lemmas show; `runs`
        holds runs to the others. False when there may be no more frames."""
        self._look_at_initial_states()
        while self.open and self.frames.top != self.most_frames:
            self.frames.top += 1
            for target in list(self.open):
                self._keep_out(target, self.frames.top)
            if self.open and self._propagate():
                return True
        return not self.open

    def _look_at_initial_states(self) -> None:
        for target in list(self.open):
            atoms = self.frames.state_in(0, target.bad)
            if atoms is not None:
                self._found(Run(target, (self.problem.circuit.row(atoms),), (), 0))

    def _found(self, run: Run) -> None:
        self.runs.append(run)
        self.open.remove(run.target)

    # --- blocking ----------------------------------------------------------------------------------------

    def _keep_out(self, target: Target, top: int) -> None:
        """Learn lemmas until the top frame has no bad state, or find a run to one."""
        while (atoms := self.frames.state_in(top, target.bad)) is not None:
            justification = Justification(self.problem.circuit, atoms)
            justification.justify(target.bad)
            end = self._block(Obligation(top, 0, self.obligations, justification.cube()))
            if end is not None:
                self._found(self._run(target, end, top))
                return

    def _block(self, first: Obligation) -> Obligation | None:
        """Keep a cube out of its frame; an obligation with an initial state in it, if that is impossible."""
        if self.frames.initial.meets(first.cube):
            return first
        queue = [first]
        while queue:
            self.waiting = len(queue)
            current = heappop(queue)
            following = self._treat(current)
            if following is not None:
                if self.frames.initial.meets(following.cube):
                    return following
                heappush(queue, following)
                heappush(queue, current)
            elif current.level < self.frames.top:
                heappush(queue, self._again(current))
        return None

    def _again(self, done: Obligation) -> Obligation:
        """What was kept out of a frame is to be kept out of the next: so a long run is found early."""
        self.obligations += 1
        return Obligation(done.level + 1, done.depth, self.obligations, done.cube, done.move, done.then)

    def _treat(self, current: Obligation) -> Obligation | None:
        """Keep a cube out of its frame by a lemma, or say what has to be kept out of the frame before."""
        frames = self.frames
        if frames.is_blocked(current.cube, current.level):
            return None
        answer = frames.predecessor(current.level - 1, current.cube)
        if isinstance(answer, Predecessor):
            return self._before(current, answer)
        cube = self._generalised(current.cube, answer, current.level)
        level = current.level
        while level < frames.top and frames.unreached_part(level, cube) is not None:
            level += 1
        frames.learn(cube, level)
        return None

    def _before(self, current: Obligation, found: Predecessor) -> Obligation:
        """The states like the one found: all from which the same move leads into the cube."""
        justification = Justification(self.problem.circuit, found.atoms)
        for number, mask in current.cube:
            if number not in found.move.writes:
                justification.require(number, mask)
        justification.justify(self.problem.becomes(found.move, current.cube))
        self.obligations += 1
        cube = justification.cube()
        return Obligation(current.level - 1, current.depth + 1, self.obligations, cube, found.move, current)

    def _run(self, target: Target, end: Obligation, top: int) -> Run:
        """The run from an initial state through the cubes of obligations."""
        row = self.frames.initial.some(end.cube)
        if row is None:
            raise RuntimeError("a run of obligations does not begin in an initial state")
        rows, moves = [row], []
        while end.move is not None and end.then is not None:
            moves.append(end.move)
            rows.append(self.problem.step(end.move, rows[-1]))
            end = end.then
        return Run(target, tuple(rows), tuple(moves), top)

    # --- generalising ------------------------------------------------------------------------------------

    def _generalised(self, whole: Cube, core: Cube, level: int) -> Cube:
        """A larger cube that can be kept out of the frame as well."""
        cube = self.frames.initial.shut_out(core, whole)
        orbits = self.problem.orbits
        for element in self._ordered(orbits.occurring(cube)):
            without = tuple(literal for literal in cube if element not in orbits.elements(literal))
            if len(without) < len(cube):
                cube = self._tried(without, cube, level)
        for literal in self._ordered(cube):
            if literal in cube:
                cube = self._tried(tuple(lit for lit in cube if lit != literal), cube, level)
        return self._widened(cube, level)

    def _ordered(self, items: Sequence[Item]) -> Sequence[Item]:
        return items[::-1] if self.backwards else items

    def _tried(self, smaller: Cube, cube: Cube, level: int) -> Cube:
        """The smaller row of literals, or what of it suffices, if it can be kept out; else the cube."""
        if not smaller or self.frames.initial.meets(smaller):
            return cube
        part = self.frames.unreached_part(level - 1, smaller)
        return cube if part is None else self.frames.initial.shut_out(part, smaller)

    def _widened(self, cube: Cube, level: int) -> Cube:
        """The cube with more values in its literals."""
        for position, (number, mask) in enumerate(cube):
            place = self.problem.places.all[number]
            for value in range(place.count) if place.count > 2 else ():
                wider = mask | 1 << value
                if wider in (mask, place.full):
                    continue
                candidate = (*cube[:position], (number, wider), *cube[position + 1 :])
                if self.frames.initial.meets(candidate):
                    continue
                if self.frames.unreached_part(level - 1, candidate) is not None:
                    cube, mask = candidate, wider
        return cube

    # --- pushing -----------------------------------------------------------------------------------------

    def _propagate(self) -> bool:
        """Push lemmas to the highest frames they hold in; whether a frame became inductive."""
        frames = self.frames
        for level in range(1, frames.top + 1):
            for lemma in frames.at(level):
                if frames.is_kept(level, lemma):
                    frames.lift(lemma, level + 1)
            if not frames.at(level):
                for lemma in frames.lemmas:
                    if level < lemma.level < INDUCTIVE:
                        frames.lift(lemma, INDUCTIVE)
                return True
        return False
