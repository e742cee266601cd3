"""Circuits: ground expressions as Boolean functions of which value each place has.

A Boolean is one node; a number is a table from each value that it may have to the condition under which it
has it; a set is a row of bits. The nodes are those of a second graph, whose cells are atoms: `place = value`.
A place of two values has one atom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias, assert_never

from msgspec import Struct, field

from mmcheck.core.dag import Dag, Op
from mmcheck.engines.symbolic.ic3.places import Place, Row

Table: TypeAlias = dict[int, int]
"""For each value the condition under which a number has it."""

MOST_ENTRIES = 200_000
"""How large one table times another may get."""


class TooWideError(Exception):
    """Some number has too many values for tables."""


class Ground(Protocol):
    """What the atoms of a circuit are about: places for the cells that occur in its source."""

    @property
    def all(self) -> tuple[Place, ...]: ...

    def of(self, cell: int) -> tuple[Place, ...]:
        """The places of a cell."""
        ...

    def holds_set(self, cell: int) -> bool:
        """Whether a cell is a set with a place for each element."""
        ...


class Circuit(Struct, dict=True):
    """The Boolean functions of one graph, each lowered once."""

    source: Dag
    places: Ground
    _truths: dict[int, int] = field(default_factory=dict)
    _tables: dict[int, Table] = field(default_factory=dict)
    _bits: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _sets: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        starts: list[int] = []
        atoms = 0
        for place in self.places.all:
            starts.append(atoms)
            atoms += place.count if place.count > 2 else 1
        self.starts = tuple(starts)
        self.atoms = atoms
        self.dag = Dag(((0, 1),) * atoms)
        self.place_of_atom = tuple(
            place for place in self.places.all for _ in range(place.count if place.count > 2 else 1)
        )

    # --- atoms -------------------------------------------------------------------------------------------

    def is_value(self, place: Place, number: int) -> int:
        """That a place has a value, given by its number."""
        start = self.starts[place.number]
        if place.count == 1:
            return self.dag.true
        if place.count == 2:
            atom = self.dag.cell(start)
            return atom if number else self.dag.invert(atom)
        return self.dag.cell(start + number)

    def mask_of_atom(self, atom: int) -> int:
        """The values of its place for which an atom is true."""
        place = self.place_of_atom[atom]
        return 2 if place.count <= 2 else 1 << (atom - self.starts[place.number])

    def values(self, row: Row) -> list[bool]:
        """The values of all atoms in a state."""
        found = [False] * self.atoms
        for place, number in zip(self.places.all, row, strict=True):
            if place.count > 2:
                found[self.starts[place.number] + number] = True
            elif number:
                found[self.starts[place.number]] = True
        return found

    def row(self, values: Sequence[bool]) -> Row:
        """The state in which the atoms have these values, which say of each place exactly one."""
        found: list[int] = []
        for place, start in zip(self.places.all, self.starts, strict=True):
            if place.count > 2:
                found.append(next(i for i in range(place.count) if values[start + i]))
            else:
                found.append(int(values[start]) if place.count == 2 else 0)
        return tuple(found)

    # --- lowering ----------------------------------------------------------------------------------------

    def truth(self, node: int) -> int:
        """A truth value of the source, as a node of the circuit."""
        known = self._truths.get(node)
        if known is None:
            known = self._truths[node] = self._truth(node)
        return known

    def _truth(self, node: int) -> int:
        op, args, value = self.source.nodes[node]
        dag = self.dag
        match op:
            case Op.CONST:
                return dag.true if value else dag.false
            case Op.NOT:
                return dag.invert(self.truth(args[0]))
            case Op.AND:
                return dag.conj(*map(self.truth, args))
            case Op.OR:
                return dag.disj(*map(self.truth, args))
            case Op.EQ:
                return self._equal(args[0], args[1])
            case Op.LT:
                return self._less(args[0], args[1])
            case _:
                return self.bits(node)[0] if self.is_set(node) else self.table(node).get(1, dag.false)

    def _equal(self, left: int, right: int) -> int:
        dag = self.dag
        if self.is_set(left) or self.is_set(right):
            return dag.conj(
                *(self._same(a, b) for a, b in _padded(self.bits(left), self.bits(right), dag.false))
            )
        a, b = self.table(left), self.table(right)
        return dag.disj(*(dag.conj(a[v], b[v]) for v in a if v in b))

    def _same(self, left: int, right: int) -> int:
        dag = self.dag
        return dag.disj(dag.conj(left, right), dag.conj(dag.invert(left), dag.invert(right)))

    def _less(self, left: int, right: int) -> int:
        dag = self.dag
        a, b = self.table(left), self.table(right)
        _check(len(a) * len(b))
        return dag.disj(*(dag.conj(a[v], dag.disj(*(b[w] for w in b if v < w))) for v in a))

    def table(self, node: int) -> Table:
        """A number of the source."""
        known = self._tables.get(node)
        if known is None:
            known = self._tables[node] = self._table(node)
        return known

    def _table(self, node: int) -> Table:
        op, args, value = self.source.nodes[node]
        dag = self.dag
        match op:
            case Op.CONST:
                return {value: dag.true}
            case Op.CELL if not self.is_set(node):
                place = self.places.of(value)[0]
                _check(place.count)
                return {place.low + i: self.is_value(place, i) for i in range(place.count)}
            case Op.ADD:
                return self._combined(args[0], args[1], 1)
            case Op.SUB:
                return self._combined(args[0], args[1], -1)
            case Op.ITE:
                test = self.truth(args[0])
                then, orelse = self.table(args[1]), self.table(args[2])
                return {
                    v: dag.disj(
                        dag.conj(test, then.get(v, dag.false)),
                        dag.conj(dag.invert(test), orelse.get(v, dag.false)),
                    )
                    for v in sorted(then.keys() | orelse.keys())
                }
            case Op.POPCOUNT:
                return self._counted(self.bits(args[0]))
            case _:
                condition = self.truth(node)
                return {0: dag.invert(condition), 1: condition}

    def _combined(self, left: int, right: int, sign: int) -> Table:
        a, b = self.table(left), self.table(right)
        _check(len(a) * len(b))
        ways: dict[int, list[int]] = {}
        for v, first in a.items():
            for w, second in b.items():
                ways.setdefault(v + sign * w, []).append(self.dag.conj(first, second))
        return {v: self.dag.disj(*ways[v]) for v in sorted(ways)}

    def _counted(self, bits: Sequence[int]) -> Table:
        dag = self.dag
        counts: Table = {0: dag.true}
        for bit in bits:
            counts = {
                n: dag.disj(
                    dag.conj(counts.get(n, dag.false), dag.invert(bit)),
                    dag.conj(counts.get(n - 1, dag.false), bit),
                )
                for n in range(len(counts) + 1)
            }
        return counts

    def is_set(self, node: int) -> bool:
        """Whether a node is known to be a set; a constant is what it is compared with."""
        known = self._sets.get(node)
        if known is None:
            known = self._sets[node] = self._is_set(node)
        return known

    def _is_set(self, node: int) -> bool:
        op, args, value = self.source.nodes[node]
        match op:
            case Op.CELL:
                return self.places.holds_set(value)
            case Op.UNION | Op.INTERSECTION | Op.DIFFERENCE | Op.BIT:
                return True
            case Op.ITE:
                return self.is_set(args[1]) or self.is_set(args[2])
            case _:
                return False

    def bits(self, node: int) -> tuple[int, ...]:
        """A set of the source: for each code whether it is in."""
        known = self._bits.get(node)
        if known is None:
            known = self._bits[node] = self._bits_of(node)
        return known

    def _bits_of(self, node: int) -> tuple[int, ...]:
        op, args, value = self.source.nodes[node]
        dag = self.dag
        match op:
            case Op.CONST:
                return tuple(dag.true if value >> i & 1 else dag.false for i in range(value.bit_length()))
            case Op.CELL if self.places.holds_set(value):
                return tuple(self.is_value(place, 1) for place in self.places.of(value))
            case Op.CELL:
                # An input that stands for a set: the bits of its number.
                numbers = self.table(node)
                return tuple(
                    dag.disj(*(numbers[v] for v in numbers if v >> i & 1))
                    for i in range(max(numbers).bit_length())
                )
            case Op.BIT:
                # A number below 0 is null, which counts as 0 (and is an error anyway).
                table = self.table(args[0])
                first = dag.disj(*(table[v] for v in table if v <= 0))
                return (first, *(table.get(v, dag.false) for v in range(1, max(table) + 1)))
            case Op.UNION:
                return tuple(dag.disj(a, b) for a, b in self._pairs(args))
            case Op.INTERSECTION:
                return tuple(dag.conj(a, b) for a, b in self._pairs(args))
            case Op.DIFFERENCE:
                return tuple(dag.conj(a, dag.invert(b)) for a, b in self._pairs(args))
            case Op.ITE:
                test = self.truth(args[0])
                return tuple(
                    dag.disj(dag.conj(test, a), dag.conj(dag.invert(test), b))
                    for a, b in self._pairs(args[1:])
                )
            case Op.NOT | Op.AND | Op.OR | Op.EQ | Op.LT | Op.ADD | Op.SUB | Op.POPCOUNT:
                # A set of one element that the graph simplified to the condition under which it is there.
                return (self.truth(node),)
            case _:
                assert_never(op)

    def _pairs(self, args: Sequence[int]) -> list[tuple[int, int]]:
        return _padded(self.bits(args[0]), self.bits(args[1]), self.dag.false)

    def becomes(self, place: Place, node: int, mask: int) -> int:
        """That the new value of a place, its cell's being the value of a node, is one of a set."""
        dag = self.dag
        if mask == place.full:
            return dag.true
        if place.in_set:
            bits = self.bits(node)
            position = place.position
            inside = bits[position] if position < len(bits) else dag.false
            return inside if mask == 2 else dag.invert(inside)
        if place.count == 2 and place.low == 0:
            return self.truth(node) if mask == 2 else dag.invert(self.truth(node))
        table = self.table(node)
        return dag.disj(*(c for v, c in table.items() if v >= place.low and mask >> (v - place.low) & 1))


def _padded(left: Sequence[int], right: Sequence[int], filler: int) -> list[tuple[int, int]]:
    longest = max(len(left), len(right))
    return [
        (left[i] if i < len(left) else filler, right[i] if i < len(right) else filler) for i in range(longest)
    ]


def _check(entries: int) -> None:
    if entries > MOST_ENTRIES:
        raise TooWideError
