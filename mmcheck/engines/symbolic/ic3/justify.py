"""Justification: which literals of a state suffice for the values that some conditions have in it.

A solver is not needed to generalise a state: going down from the conditions, all parts of a conjunction that
is true must be true, and one part of one that is false suffices. Of several parts that would do, one that is
justified already is taken, else one that needs fewest literals.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from mmcheck.core.dag import Op
from mmcheck.engines.symbolic.ic3.circuit import Circuit
from mmcheck.engines.symbolic.ic3.cubes import Cube
from mmcheck.engines.symbolic.ic3.problem import Evaluation


class Justification(Struct, dict=True):
    """The literals of one state that were collected so far."""

    circuit: Circuit
    atoms: Sequence[bool]
    masks: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.evaluation = Evaluation(self.circuit, self.atoms)
        self.done: set[int] = {self.circuit.dag.false, self.circuit.dag.true}
        self.costs: dict[int, int] = {}

    def require(self, place: int, mask: int) -> None:
        """A literal that is wanted in any case."""
        self.masks[place] = self.masks.get(place, self.circuit.places.all[place].full) & mask

    def cube(self) -> Cube:
        places = self.circuit.places.all
        return tuple(sorted((p, mask) for p, mask in self.masks.items() if mask != places[p].full))

    def justify(self, *nodes: int) -> None:
        """Collect literals that suffice for the nodes to have the values which they have."""
        pending, choices = list(nodes), list[int]()
        while pending or choices:
            if not pending:
                # A choice is made when all that is needed in any case is there, so that it can be used.
                pending.append(self._chosen(choices.pop()))
            node = pending.pop()
            if node in self.done:
                continue
            self.done.add(node)
            op, args, number = self.circuit.dag.nodes[node]
            if op is Op.CELL:
                self._atom(number)
            elif op is Op.NOT or self.evaluation.value(node) == (op is Op.AND):
                pending += args
            elif not any(arg in self.done for arg in self._deciding(node)):
                choices.append(node)

    def _atom(self, atom: int) -> None:
        place, mask = self.circuit.place_of_atom[atom], self.circuit.mask_of_atom(atom)
        self.require(place.number, mask if self.atoms[atom] else place.full & ~mask)

    def _deciding(self, node: int) -> list[int]:
        """The parts of a true disjunction, or a false conjunction, each of which decides it."""
        op, args, _ = self.circuit.dag.nodes[node]
        return [arg for arg in args if self.evaluation.value(arg) == (op is Op.OR)]

    def _chosen(self, node: int) -> int:
        return min(self._deciding(node), key=lambda arg: (0 if arg in self.done else self._cost(arg), arg))

    def _cost(self, node: int) -> int:
        """About how many literals are needed for the value of a node."""
        known = self.costs.get(node)
        if known is None:
            op, args, _ = self.circuit.dag.nodes[node]
            if op is Op.CELL:
                known = 1
            elif op is Op.CONST:
                known = 0
            elif op is Op.NOT or self.evaluation.value(node) == (op is Op.AND):
                known = sum(map(self._cost, args))
            else:
                known = min(map(self._cost, self._deciding(node)))
            self.costs[node] = known
        return known
