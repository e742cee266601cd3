"""The initial states as a condition: for instances that have too many of them to look at each.

The values of all cells are expressions over inputs, each of which is any number within its bounds. A circuit
over the inputs says which values the places have; a solver answers what is asked of the initial states.
"""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from mmcheck.core.dag import Dag
from mmcheck.core.instance import Cell
from mmcheck.core.types import RangeType
from mmcheck.engines.symbolic.ic3.circuit import Circuit, TooWideError
from mmcheck.engines.symbolic.ic3.cubes import Cube
from mmcheck.engines.symbolic.ic3.places import Place, Row
from mmcheck.engines.symbolic.ic3.problem import Problem
from mmcheck.engines.symbolic.ic3.relation import Encoder, MakeSat

WIDEST = 64
"""An input of more values than this is too wide."""


class Inputs(Struct, frozen=True, dict=True):
    """The inputs as places of a circuit."""

    dag: Dag
    first: int
    """The cells from this number on are inputs."""

    @cached_property
    def all(self) -> tuple[Place, ...]:
        found: list[Place] = []
        for number, (low, high) in enumerate(self.dag.cell_bounds[self.first :]):
            if high - low >= WIDEST:
                raise TooWideError
            cell = Cell("input", (number,), (), RangeType(low, high))
            found.append(Place(number, self.first + number, cell, high - low + 1, low))
        return tuple(found)

    def of(self, cell: int) -> tuple[Place, ...]:
        """The one place of an input."""
        return (self.all[cell - self.first],)

    def holds_set(self, cell: int) -> bool:
        """An input that stands for a set is its number."""
        return False


class Beginning:
    """The initial states that break no assumption, asked of a solver; as `Initial` is for few of them."""

    def __init__(self, problem: Problem, make: MakeSat) -> None:
        self.problem = problem
        grounded = problem.grounded
        self.circuit = Circuit(problem.source, Inputs(problem.source, 2 * grounded.count))
        self.sat = make()
        self.state = Encoder(problem.circuit, self.sat)
        self.inputs = Encoder(self.circuit, self.sat)
        self.guard = self.implied(self.state, self.inputs)
        self.assumed = self.state.node(problem.assumed)

    def implied(self, state: Encoder, inputs: Encoder) -> int:
        """A literal that implies that a state comes about from the inputs."""
        sat, beginning = state.sat, self.problem.grounded.beginning
        guard = sat.new()
        sat.add((-guard, inputs.node(self.circuit.truth(beginning.guard))))
        for place in self.problem.places.all:
            node = beginning.values[place.cell_number]
            for value in range(place.count) if place.count > 1 else ():
                has = inputs.node(self.circuit.becomes(place, node, 1 << value))
                sat.add((-guard, -has, state.literal(place.number, 1 << value)))
        return guard

    def begin(self, encoder: Encoder) -> int:
        """A literal that implies that the state of another solver is initial."""
        return self.implied(encoder, Encoder(self.circuit, encoder.sat))

    # --- as `Initial` ------------------------------------------------------------------------------------

    def meets(self, cube: Cube) -> bool:
        """Whether an initial state is in a cube."""
        return self.sat.solve((self.guard, self.assumed, *self.state.literals(cube)))

    def some(self, cube: Cube) -> Row | None:
        """An initial state in a cube."""
        return self._row() if self.meets(cube) else None

    def _row(self) -> Row:
        return self.problem.circuit.row(self.sat.values(self.state.atoms))

    def shut_out(self, cube: Cube, whole: Cube) -> Cube:
        """The cube with few more literals of the whole one that keep every initial state out, which the whole
        does."""
        if not self.meets(cube):
            return cube
        literals = self.state.literals(whole)
        if self.sat.solve((self.guard, self.assumed, *literals)):
            return whole
        core = self.sat.core()
        needed = (lit for lit, own in zip(whole, literals, strict=True) if own in core)
        return tuple(sorted({**dict(cube), **dict(needed)}.items()))

    # --- what is wrong at once ---------------------------------------------------------------------------

    def satisfying(self, node: int) -> Row | None:
        """An initial state, assumed or not, in which a node of the problem's circuit is true."""
        return self._row() if self.sat.solve((self.guard, self.state.node(node))) else None

    def may_fail(self) -> bool:
        """Whether there is a model error on the way to the initial states."""
        fails = self.circuit.truth(self.problem.grounded.beginning.fails)
        return self.sat.solve((self.inputs.node(fails),))
