"""What IC3 works on: moves over a circuit, the initial states, and the states that must not be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from msgspec import Struct

from mmcheck.core.dag import Op
from mmcheck.core.ground import GroundAction, nowhere
from mmcheck.core.instance import Instance
from mmcheck.core.semantics import initial_states
from mmcheck.core.system import Invariant, Property
from mmcheck.core.trace import Failure
from mmcheck.core.types import Elem, Value
from mmcheck.engines.symbolic.grounded import Goal, Grounded
from mmcheck.engines.symbolic.ic3.circuit import Circuit
from mmcheck.engines.symbolic.ic3.cubes import Cube, Orbits
from mmcheck.engines.symbolic.ic3.initial import Initial
from mmcheck.engines.symbolic.ic3.places import Places, Renaming, Row


class Move(Struct, frozen=True):
    """An action with its choices made: where it is enabled and leads to states that break no assumption, and
    the new values of the cells that it writes, as nodes of the graph."""

    ground: GroundAction
    enabled: int
    writes: dict[int, int]
    """By the number of the place: the node of the new value of its cell."""


class Target(Struct, frozen=True):
    """States that are looked for on behalf of a property, as nodes of the circuit.

    In `all` are those that show it themselves, and those from which a step does; each of these is a
    permutation of one in `bad`. In `state` are those of `bad` that need no step."""

    goal: Goal
    state: int
    all: int
    bad: int

    @property
    def name(self) -> str:
        return self.goal.name


class Problem(Struct, dict=True):
    """One instance with what is asked about it."""

    instance: Instance
    representative: bool = False
    """Whether only one at least of the moves that differ by a permutation is there (see
    NOTE(representatives)); then `bad` of a target is all that is bad."""
    look: Callable[[], None] = nowhere
    """Called before each part of the work; what it raises comes through."""

    def __post_init__(self) -> None:
        self.grounded = Grounded(self.instance, self.representative, self.look)
        self.source = self.grounded.dag
        self.places = Places(self.instance)
        self.orbits = Orbits(self.places)
        self.circuit = Circuit(self.source, self.places)
        self.assumed = self.circuit.truth(self.grounded.assumed)
        moves = (self._move(number, action) for number, action in enumerate(self.grounded.actions))
        self.moves = [move for move in moves if move.enabled != self.circuit.dag.false]

    def _move(self, number: int, action: GroundAction) -> Move:
        allowed = self.grounded.after(number, self.grounded.assumed)
        writes = {
            place.number: node
            for cell, node in action.updates.items()
            for place in self.places.of_cell[cell]
            if place.count > 1
        }
        return Move(action, self.circuit.truth(self.source.conj(action.guard, allowed)), writes)

    @cached_property
    def _beginnings(self) -> list[Row | Failure]:
        return [
            state if isinstance(state, Failure) else self.places.row(state)
            for state in initial_states(self.instance)
        ]

    @property
    def rows(self) -> list[Row]:
        """All initial states, whether they are assumed or not."""
        return [row for row in self._beginnings if not isinstance(row, Failure)]

    @property
    def initial_failure(self) -> Failure | None:
        """The first model error on the way to the initial states."""
        return next((failure for failure in self._beginnings if isinstance(failure, Failure)), None)

    def targets(self, properties: tuple[Property, ...]) -> list[Target]:
        """What is to be decided about properties."""
        return [self._target(goal) for goal in self.grounded.goals(properties)]

    def _target(self, goal: Goal) -> Target:
        state = self.circuit.truth(goal.state)
        both = self.circuit.truth(self.source.disj(goal.state, goal.step))
        if self.representative:
            return Target(goal, state, both, both)
        return Target(goal, self.representatives(state), both, self.representatives(both))

    def broken_claims(self, prop: Property) -> list[tuple[tuple[Value, ...], int]]:
        """For each instance of an invariant, given by its values, where it is not true."""
        if not isinstance(prop, Invariant):
            raise TypeError(f"`{prop.name}` is no invariant")
        return [
            (tuple(claim.values()), self.circuit.truth(self.source.invert(self.grounded.true(predicate))))
            for claim, predicate in self.grounded.claims(prop)
        ]

    # --- symmetry ----------------------------------------------------------------------------------------

    def representatives(self, node: int) -> int:
        """A disjunction without those parts that are permutations of others: sets of states that are closed
        under permutations meet the one if they meet the other."""
        dag = self.circuit.dag
        parts = list(dict.fromkeys(self._parts(node)))
        first = {part: part for part in parts}

        def find(part: int) -> int:
            while first[part] != part:
                part = first[part]
            return part

        for leaves, memo in self._generators:
            for part in parts:
                self.look()
                image = dag.substitute(part, leaves, memo)
                if image in first:
                    low, high = sorted((find(part), find(image)))
                    first[high] = low
        return dag.disj(*(part for part in parts if first[part] == part))

    def _parts(self, node: int) -> Iterator[int]:
        """The parts of a disjunction, or of a conjunction that is negated."""
        dag = self.circuit.dag
        op, args, _ = dag.nodes[node]
        if op is Op.OR:
            for arg in args:
                yield from self._parts(arg)
        elif op is Op.NOT and dag.nodes[args[0]].op is Op.AND:
            for arg in dag.nodes[args[0]].args:
                yield from self._parts(dag.invert(arg))
        else:
            yield node

    @cached_property
    def _generators(self) -> list[tuple[dict[int, int], dict[int, int]]]:
        """What atoms become under permutations that generate all others, each with room for what is worked
        out: of each sort, an exchange of two elements and a cycle of all."""
        found: list[tuple[dict[int, int], dict[int, int]]] = []
        for sort, size in self.instance.sizes.items():
            cycle = {Elem(sort, i): Elem(sort, (i + 1) % size) for i in range(size)}
            exchange = {Elem(sort, 0): Elem(sort, 1), Elem(sort, 1): Elem(sort, 0)}
            for renaming in [exchange] * (size > 1) + [cycle] * (size > 2):
                found.append((self._renamed_atoms(renaming), {}))
        return found

    def _renamed_atoms(self, renaming: Renaming) -> dict[int, int]:
        circuit, places = self.circuit, self.places
        leaves: dict[int, int] = {}
        for atom, place in enumerate(circuit.place_of_atom):
            value = circuit.mask_of_atom(atom).bit_length() - 1
            offset = place.first_element
            if place.sort is not None and value >= offset:
                value = renaming.get(e := Elem(place.sort, value - offset), e).ordinal + offset
            moved = places.all[places.moved(place.number, renaming)]
            leaves[atom] = circuit.is_value(moved, value)
        return leaves

    def is_true(self, node: int, row: Row) -> bool:
        """The value of a truth value of the circuit in a state."""
        return Evaluation(self.circuit, self.circuit.values(row)).value(node)

    def initial(self) -> Initial | None:
        """The initial states that break no assumption; None where there is none."""
        rows = [row for row in self.rows if self.is_true(self.assumed, row)]
        return Initial.of(rows) if rows else None

    def senseless_at_once(self) -> Row | None:
        """An initial state in which an assumption runs into a model error."""
        senseless = self.circuit.truth(self.grounded.senseless)
        if senseless == self.circuit.dag.false:
            return None
        return next((row for row in self.rows if self.is_true(senseless, row)), None)

    # --- taking steps ------------------------------------------------------------------------------------

    def becomes(self, move: Move, cube: Cube) -> int:
        """Where a move leads into a cube, as far as it writes the cube's places: and that it is enabled."""
        places = self.places.all
        parts = [
            self.circuit.becomes(places[number], move.writes[number], mask)
            for number, mask in cube
            if number in move.writes
        ]
        return self.circuit.dag.conj(move.enabled, *parts)

    def step(self, move: Move, row: Row) -> Row:
        """The state that a move leads to, from one where it is enabled."""
        evaluation = Evaluation(self.circuit, self.circuit.values(row))
        after = list(row)
        for number, node in move.writes.items():
            place = self.places.all[number]
            after[number] = next(
                v for v in range(place.count) if evaluation.value(self.circuit.becomes(place, node, 1 << v))
            )
        return tuple(after)


class Evaluation(Struct, dict=True):
    """The values of nodes of a circuit in one state."""

    circuit: Circuit
    atoms: Sequence[bool]

    def __post_init__(self) -> None:
        self.known: dict[int, bool] = {0: False, 1: True}

    def value(self, node: int) -> bool:
        known = self.known.get(node)
        if known is None:
            op, args, number = self.circuit.dag.nodes[node]
            match op.value:
                case "cell":
                    known = self.atoms[number]
                case "not":
                    known = not self.value(args[0])
                case "and":
                    known = all(map(self.value, args))
                case _:
                    known = any(map(self.value, args))
            self.known[node] = known
        return known
