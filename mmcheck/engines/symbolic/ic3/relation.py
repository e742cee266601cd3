"""The step relation in a solver: states now and after a step, moves with selectors, and the frames' lemmas.

Every move has a selector, of which a binary code lets at most one be true; a selector implies that its move
is enabled and the values that it writes; a place keeps its value unless the selector of a writer is true. A
step is only asked for under the assumption `stepping`, so that the same solver speaks of states that have no
successors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct, field

from mmcheck.core.dag import Op
from mmcheck.engines.symbolic.ic3.circuit import Circuit
from mmcheck.engines.symbolic.ic3.cubes import Cube
from mmcheck.engines.symbolic.ic3.initial import Initial
from mmcheck.engines.symbolic.ic3.places import Place, Row
from mmcheck.engines.symbolic.ic3.problem import Problem
from mmcheck.engines.symbolic.ic3.sat import Sat

Variables: TypeAlias = list[int]
"""The variables of the atoms at one time."""


class Encoder(Struct, dict=True):
    """Nodes of the circuit and literals of cubes as literals of the solver, at one time."""

    circuit: Circuit
    sat: Sat
    atoms: Variables = field(default_factory=list)
    _nodes: dict[int, int] = field(default_factory=dict)
    _masks: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        circuit = self.circuit
        self.atoms = [self.sat.new() for _ in range(circuit.atoms)]
        self.true = self.sat.new()
        self.sat.add((self.true,))
        self._nodes = {circuit.dag.true: self.true, circuit.dag.false: -self.true}
        for place, start in zip(circuit.places.all, circuit.starts, strict=True):
            if place.count > 2:
                own = self.atoms[start : start + place.count]
                self.sat.add(own)
                for i, one in enumerate(own):
                    for other in own[:i]:
                        self.sat.add((-one, -other))

    def node(self, node: int) -> int:
        """The literal of a node, defined when it is first asked for."""
        known = self._nodes.get(node)
        if known is None:
            op, args, number = self.circuit.dag.nodes[node]
            if op is Op.CELL:
                known = self.atoms[number]
            elif op is Op.NOT:
                known = -self.node(args[0])
            else:
                known = self._junction([self.node(arg) for arg in args], 1 if op is Op.AND else -1)
            self._nodes[node] = known
        return known

    def _junction(self, parts: list[int], sign: int) -> int:
        """A conjunction (sign 1) or a disjunction (sign -1)."""
        joined = self.sat.new()
        for part in parts:
            self.sat.add((-sign * joined, sign * part))
        self.sat.add([sign * joined, *(-sign * part for part in parts)])
        return joined

    def literal(self, number: int, mask: int) -> int:
        """The literal that says that a place has one of some values."""
        known = self._masks.get((number, mask))
        if known is None:
            known = self._masks[number, mask] = self._literal(self.circuit.places.all[number], mask)
        return known

    def _literal(self, place: Place, mask: int) -> int:
        if mask == place.full:
            return self.true
        if not mask:
            return -self.true
        start = self.circuit.starts[place.number]
        if place.count == 2:
            return self.atoms[start] if mask == 2 else -self.atoms[start]
        inside = [self.atoms[start + i] for i in range(place.count) if mask >> i & 1]
        outside = [self.atoms[start + i] for i in range(place.count) if not mask >> i & 1]
        if len(inside) == 1:
            return inside[0]
        if len(outside) == 1:
            return -outside[0]
        return self._junction(inside, -1)

    def literals(self, cube: Cube) -> list[int]:
        return [self.literal(number, mask) for number, mask in cube]


class Relation(Struct, dict=True):
    """One step, from `now` to `after`."""

    problem: Problem
    sat: Sat
    now: Encoder
    after: Encoder

    def __post_init__(self) -> None:
        sat, problem = self.sat, self.problem
        sat.add((self.now.node(problem.assumed),))
        sat.add((self.after.node(problem.assumed),))
        self.stepping = sat.new()
        self.selectors = [sat.new() for _ in problem.moves]
        self.code = [sat.new() for _ in range(len(problem.moves).bit_length())]
        sat.add((-self.stepping, *self.selectors))
        writers: dict[int, list[int]] = {}
        for number, (move, selector) in enumerate(zip(problem.moves, self.selectors, strict=True)):
            for i, bit in enumerate(self.code):
                sat.add((-selector, bit if number >> i & 1 else -bit))
            self._require(selector, move.enabled)
            for written, node in move.writes.items():
                writers.setdefault(written, []).append(selector)
                self._write(selector, problem.places.all[written], node)
        for place in problem.places.all:
            self._keep(place, writers.get(place.number, []))

    def _require(self, selector: int, node: int) -> None:
        op, args, _ = self.problem.circuit.dag.nodes[node]
        for part in args if op is Op.AND else (node,):
            self.sat.add((-selector, self.now.node(part)))

    def _write(self, selector: int, place: Place, node: int) -> None:
        circuit = self.problem.circuit
        if place.count == 2:
            value, new = self.now.node(circuit.becomes(place, node, 2)), self.after.literal(place.number, 2)
            if abs(value) == self.now.true:
                self.sat.add((-selector, new if value > 0 else -new))
            else:
                self.sat.add((-selector, -value, new))
                self.sat.add((-selector, value, -new))
            return
        for number in range(place.count):
            condition = circuit.becomes(place, node, 1 << number)
            if condition != circuit.dag.false:
                value = self.now.node(condition)
                self.sat.add((-selector, -value, self.after.literal(place.number, 1 << number)))

    def _keep(self, place: Place, writers: list[int]) -> None:
        if place.count == 1:
            return
        for number in range(place.count):
            old, new = (e.literal(place.number, 1 << number) for e in (self.now, self.after))
            self.sat.add((-old, new, *writers))

    def chosen(self) -> int:
        """The number of the move that was chosen, after a `solve` that said yes to a step."""
        return sum(1 << i for i, bit in enumerate(self.sat.values(self.code)) if bit)


class InitialStates(Protocol):
    """What is asked of the initial states: `Initial` looks at each, `Beginning` at none."""

    def meets(self, cube: Cube) -> bool:
        """Whether an initial state is in a cube."""
        ...

    def some(self, cube: Cube) -> Row | None:
        """An initial state in a cube."""
        ...

    def shut_out(self, cube: Cube, whole: Cube) -> Cube:
        """The cube with few more literals of the whole one that keep every initial state out, which the whole
        does."""
        ...

    def begin(self, encoder: Encoder) -> int:
        """A literal that implies that the state is initial."""
        ...


AnyInitial: TypeAlias = "InitialStates | Initial"


def begin(sat: Sat, encoder: Encoder, initial: AnyInitial) -> int:
    """A literal that implies that the state is initial."""
    if not isinstance(initial, Initial):
        return initial.begin(encoder)
    guard = sat.new()
    for number, mask in enumerate(initial.masks):
        if number not in initial.tied and mask != encoder.circuit.places.all[number].full:
            sat.add((-guard, encoder.literal(number, mask)))
    rows: list[int] = []
    for row in initial.together if initial.tied else ():
        chosen = sat.new()
        rows.append(chosen)
        for number, value in zip(initial.tied, row, strict=True):
            sat.add((-chosen, encoder.literal(number, 1 << value)))
    if rows:
        sat.add((-guard, *rows))
    return guard


MakeSat: TypeAlias = Callable[[], Sat]


def one_step(problem: Problem, make: MakeSat) -> Relation:
    """The step relation in a solver of its own."""
    sat = make()
    return Relation(problem, sat, Encoder(problem.circuit, sat), Encoder(problem.circuit, sat))


def unrolled(problem: Problem, sat: Sat, encoders: list[Encoder]) -> Relation:
    """One more step behind those that there are."""
    encoders.append(Encoder(problem.circuit, sat))
    return Relation(problem, sat, encoders[-2], encoders[-1])


def clause(encoder: Encoder, cube: Cube) -> Sequence[int]:
    """That the state is not in a cube."""
    return [-literal for literal in encoder.literals(cube)]
