"""From ground expressions to z3: truth values as formulas, numbers one-hot, wide numbers as bit vectors.

A number is a table from each value that it may have to the condition under which it has it; a set is a row of
conditions, one an element. A number of more than `WIDEST` values is a bit vector instead. Where a table meets
a bit vector it is turned into one, and so is a set that is computed like a number.

`Encoding` speaks of one state (and of one after it, and of the inputs of the beginning), whose variables have
plain names; `symbolic.unroll` puts the variables of many states in their place.

References: A. Biere, A. Cimatti, E. Clarke, Y. Zhu, Symbolic model checking without BDDs, TACAS 1999. Our
step relation has a selector for every action; a binary code keeps two of them from being true.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, TypeAlias, assert_never

import z3
from msgspec import Struct, field

from mmcheck.core.dag import Dag, Op
from mmcheck.core.types import SetType
from mmcheck.engines.symbolic.grounded import Grounded
from mmcheck.engines.symbolic.solver import Formula

WIDEST = 64
"""A number with more values than this is a bit vector."""

PAIRWISE = 6
"""Up to so many variables, that no two are true is said pair by pair."""

Table: TypeAlias = dict[int, Formula]
"""For each value that a number may have, the condition under which it has it; no two at a time."""

Vector: TypeAlias = Any
"""A bit vector of z3, read as a number with a sign."""


class Flags(Struct, frozen=True):
    """A number or a set as Booleans.

    For a number of more than two values, one for each, exactly one of which is true; for one of two values,
    whether it is the greater; for a set, one for each element."""

    variables: tuple[Formula, ...]
    low: int
    count: int
    """How many values there are; of a set, how many elements."""
    is_set: bool


class Wide(Struct, frozen=True):
    """A number as a bit vector, within bounds."""

    variable: Vector
    low: int
    high: int

    @property
    def variables(self) -> tuple[Formula, ...]:
        return (self.variable,)


Variables: TypeAlias = Flags | Wide
"""The variables that hold a cell."""


class Encoding(Struct, dict=True):
    """The formulas of one ground instance, each expression encoded once."""

    grounded: Grounded
    context: z3.Context
    _cells: dict[int, Variables] = field(default_factory=dict)
    _truths: dict[int, Formula] = field(default_factory=dict)
    _tables: dict[int, Table] = field(default_factory=dict)
    _vectors: dict[int, Vector] = field(default_factory=dict)
    _sets: dict[int, tuple[Formula, ...]] = field(default_factory=dict)
    _kinds: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.true = z3.BoolVal(True, self.context)
        self.false = z3.BoolVal(False, self.context)

    @property
    def dag(self) -> Dag:
        return self.grounded.dag

    # --- variables ---------------------------------------------------------------------------------------

    def cell(self, number: int) -> Variables:
        """The variables of a cell: of the state below `grounded.count`, then of the state after a step, then
        inputs."""
        known = self._cells.get(number)
        if known is None:
            known = self._cells[number] = self._make(number)
        return known

    def _make(self, number: int) -> Variables:
        low, high = self.dag.cell_bounds[number]
        if self._is_set_cell(number):
            return Flags(self._booleans(number, high.bit_length()), 0, high.bit_length(), True)
        count = high - low + 1
        if count > WIDEST:
            return Wide(z3.BitVec(f"c{number}", _width(low, high), self.context), low, high)
        return Flags(self._booleans(number, count if count > 2 else count - 1), low, count, False)

    def _booleans(self, number: int, count: int) -> tuple[Formula, ...]:
        return tuple(z3.Bool(f"c{number}.{i}", self.context) for i in range(count))

    def _is_set_cell(self, number: int) -> bool:
        """Inputs that stand for a set are numbers like others: nothing is computed from them but a value."""
        count, cells = self.grounded.count, self.grounded.instance.cells
        return number < 2 * count and isinstance(cells[number % count].type, SetType)

    @property
    def state(self) -> tuple[Variables, ...]:
        """The variables of the state."""
        return tuple(map(self.cell, range(self.grounded.count)))

    @property
    def primed(self) -> tuple[Variables, ...]:
        """The variables of the state after a step."""
        count = self.grounded.count
        return tuple(map(self.cell, range(count, 2 * count)))

    @property
    def inputs(self) -> tuple[Variables, ...]:
        """The variables of the inputs of the beginning."""
        return tuple(map(self.cell, range(2 * self.grounded.count, len(self.dag.cell_bounds))))

    @property
    def selectors(self) -> tuple[Formula, ...]:
        """One Boolean for each action, true where the step is its."""
        return tuple(z3.Bool(f"s{i}", self.context) for i in range(len(self.grounded.actions)))

    @property
    def code(self) -> tuple[Formula, ...]:
        """The binary code that keeps the selectors apart."""
        bits = max(len(self.grounded.actions) - 1, 0).bit_length()
        return tuple(z3.Bool(f"b{i}", self.context) for i in range(bits))

    # --- formulas about states and steps -----------------------------------------------------------------

    def proper(self, variables: tuple[Variables, ...]) -> Formula:
        """That every cell has exactly one value."""
        return self._and(*(f for cell in variables for f in self._proper(cell)))

    def _proper(self, cell: Variables) -> Iterator[Formula]:
        match cell:
            case Flags(flags, _, _, is_set):
                if len(flags) > 1 and not is_set:
                    yield z3.Or(*flags)
                    yield self._at_most_one(flags)
            case Wide(vector, low, high):
                yield z3.And(vector >= low, vector <= high)
            case _:
                assert_never(cell)

    def _at_most_one(self, flags: tuple[Formula, ...]) -> Formula:
        if len(flags) > PAIRWISE:
            return z3.AtMost(*flags, 1)
        return z3.And(*(z3.Not(z3.And(a, b)) for a, b in combinations(flags, 2)))

    def beginning(self) -> Formula:
        """That the state is initial; that it satisfies the assumptions is not said here."""
        made = (
            self.has_value(self.cell(number), node)
            for number, node in enumerate(self.grounded.beginning.values)
        )
        parts = (self.proper(self.inputs), self.truth(self.grounded.beginning.guard), *made)
        return self._and(self.proper(self.state), *parts)

    def step(self) -> Formula:
        """That one action leads from the state to the one after."""
        return self._and(*self._choice(), *self._effects(), self.proper(self.primed))

    def _choice(self) -> Iterator[Formula]:
        """Exactly one action is selected, and it is enabled."""
        code = self.code
        yield self._or(*self.selectors)
        for number, (selector, action) in enumerate(zip(self.selectors, self.grounded.actions, strict=True)):
            own = (b if number >> i & 1 else z3.Not(b) for i, b in enumerate(code))
            yield z3.Implies(selector, self._and(*own, self.truth(action.guard)))

    def _effects(self) -> Iterator[Formula]:
        """What each cell becomes: what the selected action says of it, or what it was."""
        writers: list[dict[int, list[Formula]]] = [{} for _ in range(self.grounded.count)]
        for selector, action in zip(self.selectors, self.grounded.actions, strict=True):
            for number, node in action.updates.items():
                writers[number].setdefault(node, []).append(selector)
        for number, written in enumerate(writers):
            after = self.cell(number + self.grounded.count)
            for node, selected in written.items():
                yield z3.Implies(self._or(*selected), self.has_value(after, node))
            wrote = (selector for selected in written.values() for selector in selected)
            yield self._or(self.same(self.cell(number), after), *wrote)

    def same(self, left: Variables, right: Variables) -> Formula:
        """That two cells of one type have the same value."""
        return self._and(*(a == b for a, b in zip(left.variables, right.variables, strict=True)))

    def has_value(self, cell: Variables, node: int) -> Formula:
        """That a cell has the value of an expression. (Together with `proper`: of a value that does not fit,
        only that it does not.)"""
        match cell:
            case Wide(vector):
                wanted = self.vector(node)
                return _equal(vector, wanted)
            case Flags(flags, _, _, True):
                members = _row(self.members(node), len(flags), self.false)
                return self._and(*(a == b for a, b in zip(flags, members, strict=True)))
            case Flags(flags, low, count):
                if count == 1:
                    return self.true
                if self._is_wide(node):
                    return _equal(self._cell_vector(cell), self.vector(node))
                table = self.table(node)
                if count == 2:
                    return flags[0] == table.get(low + 1, self.false)
                return self._and(*(f == table.get(low + i, self.false) for i, f in enumerate(flags)))
            case _:
                assert_never(cell)

    # --- expressions -------------------------------------------------------------------------------------

    def truth(self, node: int) -> Formula:
        """An expression that is a truth value."""
        known = self._truths.get(node)
        if known is None:
            known = self._truths[node] = self._truth(node)
        return known

    def _truth(self, node: int) -> Formula:
        op, args, value = self.dag.nodes[node]
        match op:
            case Op.CONST:
                return self.true if value else self.false
            case Op.NOT:
                return self._not(self.truth(args[0]))
            case Op.AND:
                return self._and(*map(self.truth, args))
            case Op.OR:
                return self._or(*map(self.truth, args))
            case Op.EQ:
                return self._equality(*args)
            case Op.LT:
                return self._less(*args)
            case _:
                if self.dag.bounds[node][1] > 1:
                    raise ValueError("a number or a set is no truth value")
                return self.members(node)[0] if self.is_set(node) else self.table(node).get(1, self.false)

    def _equality(self, left: int, right: int) -> Formula:
        if self.is_set(left) or self.is_set(right):
            a, b = self._aligned(left, right)
            return self._and(*(x == y for x, y in zip(a, b, strict=True)))
        if self._is_wide(left) or self._is_wide(right):
            return _equal(self.vector(left), self.vector(right))
        first, second = self.table(left), self.table(right)
        return self._or(*(self._and(first[v], second[v]) for v in first if v in second))

    def _less(self, left: int, right: int) -> Formula:
        if self._is_wide(left) or self._is_wide(right):
            a, b = _extended(self.vector(left), self.vector(right))
            return a < b
        first, second = self.table(left), self.table(right)
        return self._or(
            *(self._and(first[v], self._or(*(second[w] for w in second if v < w))) for v in first)
        )

    # --- numbers -----------------------------------------------------------------------------------------

    def _is_wide(self, node: int) -> bool:
        low, high = self.dag.bounds[node]
        return high - low + 1 > WIDEST

    def table(self, node: int) -> Table:
        """An expression that is a number of few values."""
        known = self._tables.get(node)
        if known is None:
            known = self._tables[node] = self._table(node)
        return known

    def _table(self, node: int) -> Table:
        op, args, value = self.dag.nodes[node]
        match op:
            case Op.CONST:
                return {value: self.true}
            case Op.CELL if not self.is_set(node):
                return self._cell_table(self.cell(value))
            case Op.ADD:
                return self._combined(args[0], args[1], 1)
            case Op.SUB:
                return self._combined(args[0], args[1], -1)
            case Op.ITE:
                return self._chosen(*args)
            case Op.POPCOUNT:
                return self._counted(self.members(args[0]))
            case _:
                # A truth value, or a set of at most one element that is used as one.
                condition = self.truth(node)
                return {0: self._not(condition), 1: condition}

    def _cell_table(self, cell: Variables) -> Table:
        match cell:
            case Wide(vector, low, high):
                return {v: vector == v for v in range(low, high + 1)}
            case Flags(flags, low, count):
                if count == 1:
                    return {low: self.true}
                if count == 2:
                    return {low: self._not(flags[0]), low + 1: flags[0]}
                return {low + i: flag for i, flag in enumerate(flags)}
            case _:
                assert_never(cell)

    def _combined(self, left: int, right: int, sign: int) -> Table:
        ways: dict[int, list[Formula]] = {}
        for v, first in self.table(left).items():
            for w, second in self.table(right).items():
                ways.setdefault(v + sign * w, []).append(self._and(first, second))
        return {v: self._or(*ways[v]) for v in sorted(ways)}

    def _chosen(self, condition: int, then: int, orelse: int) -> Table:
        test, first, second = self.truth(condition), self.table(then), self.table(orelse)
        otherwise = self._not(test)
        return {
            v: self._or(
                self._and(test, first.get(v, self.false)), self._and(otherwise, second.get(v, self.false))
            )
            for v in sorted(first.keys() | second.keys())
        }

    def _counted(self, members: tuple[Formula, ...]) -> Table:
        """How many are true, added up one after the other."""
        counts: Table = {0: self.true}
        for member in members:
            counts = {
                n: self._or(
                    self._and(counts.get(n, self.false), self._not(member)),
                    self._and(counts.get(n - 1, self.false), member),
                )
                for n in range(len(counts) + 1)
            }
        return counts

    def vector(self, node: int) -> Vector:
        """An expression that is a number, as a bit vector."""
        known = self._vectors.get(node)
        if known is None:
            known = self._vectors[node] = self._vector(node)
        return known

    def _vector(self, node: int) -> Vector:
        op, args, value = self.dag.nodes[node]
        low, high = self.dag.bounds[node]
        match op:
            case Op.CONST:
                return z3.BitVecVal(value, _width(value, value), self.context)
            case Op.CELL if self._is_wide(node):
                return self._cell_vector(self.cell(value))
            case Op.ITE if self._is_wide(node):
                then, orelse = _extended(self.vector(args[1]), self.vector(args[2]))
                return z3.If(self.truth(args[0]), then, orelse)
            case Op.ADD | Op.SUB:
                a, b = self.vector(args[0]), self.vector(args[1])
                width = max(a.size(), b.size(), _width(low, high)) + 1
                a, b = _resized(a, width), _resized(b, width)
                return a + b if op is Op.ADD else a - b
            case _:
                return self._of_table(self.table(node))

    def _cell_vector(self, cell: Variables) -> Vector:
        return cell.variable if isinstance(cell, Wide) else self._of_table(self._cell_table(cell))

    def _of_table(self, table: Table) -> Vector:
        """A number of few values as a bit vector."""
        width = _width(min(table), max(table))
        vector = z3.BitVecVal(next(iter(table)), width, self.context)
        for value, condition in list(table.items())[1:]:
            vector = z3.If(condition, z3.BitVecVal(value, width, self.context), vector)
        return vector

    # --- sets --------------------------------------------------------------------------------------------

    def is_set(self, node: int) -> bool:
        """Whether an expression is a set. A constant is taken for what it is used with, and so is a set of at
        most one element that has become a truth value."""
        known = self._kinds.get(node)
        if known is None:
            known = self._kinds[node] = self._is_set(node)
        return known

    def _is_set(self, node: int) -> bool:
        op, args, value = self.dag.nodes[node]
        match op:
            case Op.CELL:
                return self._is_set_cell(value)
            case Op.UNION | Op.INTERSECTION | Op.DIFFERENCE | Op.BIT:
                return True
            case Op.ITE:
                return self.is_set(args[1]) or self.is_set(args[2])
            case _:
                return False

    def members(self, node: int) -> tuple[Formula, ...]:
        """An expression that is a set: for each element whether it is in."""
        known = self._sets.get(node)
        if known is None:
            known = self._sets[node] = self._members(node)
        return known

    def _members(self, node: int) -> tuple[Formula, ...]:
        op, args, value = self.dag.nodes[node]
        match op:
            case Op.CONST:
                return tuple(self.true if value >> i & 1 else self.false for i in range(value.bit_length()))
            case Op.CELL:
                return self._cell_members(self.cell(value))
            case Op.BIT:
                return self._singleton(args[0])
            case Op.UNION:
                return tuple(self._or(a, b) for a, b in zip(*self._aligned(*args), strict=True))
            case Op.INTERSECTION:
                return tuple(self._and(a, b) for a, b in zip(*self._aligned(*args), strict=True))
            case Op.DIFFERENCE:
                return tuple(self._and(a, self._not(b)) for a, b in zip(*self._aligned(*args), strict=True))
            case Op.ITE:
                test = self.truth(args[0])
                both = zip(*self._aligned(args[1], args[2]), strict=True)
                return tuple(self._or(self._and(test, a), self._and(self._not(test), b)) for a, b in both)
            case Op.NOT | Op.AND | Op.OR | Op.EQ | Op.LT:
                # A set of at most one element has become the condition under which the element is in it.
                return (self.truth(node),)
            case Op.ADD | Op.SUB | Op.POPCOUNT:
                raise ValueError("a number is no set")
            case _:
                assert_never(op)

    def _cell_members(self, cell: Variables) -> tuple[Formula, ...]:
        """The elements of a set; an input that stands for a set is a number, whose bits they are."""
        match cell:
            case Wide(vector, _, high):
                one = z3.BitVecVal(1, 1, self.context)
                return tuple(z3.Extract(i, i, vector) == one for i in range(high.bit_length()))
            case Flags(flags, _, _, True):
                return flags
            case Flags(_, low, count):
                table = self._cell_table(cell)
                bits = (low + count - 1).bit_length()
                return tuple(self._or(*(c for v, c in table.items() if v >> i & 1)) for i in range(bits))
            case _:
                assert_never(cell)

    def _singleton(self, element: int) -> tuple[Formula, ...]:
        """The set of one element. A number below 0 counts as 0."""
        high = max(self.dag.bounds[element][1], 0)
        if self._is_wide(element):
            vector = self.vector(element)
            rest = tuple(
                _equal(vector, z3.BitVecVal(v, _width(v, v), self.context)) for v in range(1, high + 1)
            )
            return (self._not(self._or(*rest)), *rest)
        table = self.table(element)
        first = self._or(*(condition for value, condition in table.items() if value <= 0))
        return (first, *(table.get(value, self.false) for value in range(1, high + 1)))

    def _aligned(self, left: int, right: int) -> tuple[tuple[Formula, ...], tuple[Formula, ...]]:
        a, b = self.members(left), self.members(right)
        length = max(len(a), len(b))
        return _row(a, length, self.false), _row(b, length, self.false)

    # --- junctions ---------------------------------------------------------------------------------------
    # z3's own simplifier would do these as well, but each formula that is never made is time saved.

    def _not(self, formula: Formula) -> Formula:
        if formula is self.true:
            return self.false
        return self.true if formula is self.false else z3.Not(formula)

    def _and(self, *formulas: Formula) -> Formula:
        kept = [formula for formula in formulas if formula is not self.true]
        if any(formula is self.false for formula in kept):
            return self.false
        if len(kept) <= 1:
            return kept[0] if kept else self.true
        return z3.And(kept)

    def _or(self, *formulas: Formula) -> Formula:
        kept = [formula for formula in formulas if formula is not self.false]
        if any(formula is self.true for formula in kept):
            return self.true
        if len(kept) <= 1:
            return kept[0] if kept else self.false
        return z3.Or(kept)


def _row(members: tuple[Formula, ...], length: int, filler: Formula) -> tuple[Formula, ...]:
    """A row brought to a length; what is cut off is false where the value fits."""
    return (*members, *(filler for _ in range(length - len(members))))[:length]


def _width(low: int, high: int) -> int:
    """How many bits hold all numbers from `low` to `high` with their sign."""
    return max(low.bit_length(), high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + 1


def _resized(vector: Vector, width: int) -> Vector:
    extra = width - vector.size()
    if extra >= 0:
        return z3.SignExt(extra, vector) if extra else vector
    raise ValueError("a bit vector cannot lose bits")


def _extended(left: Vector, right: Vector) -> tuple[Vector, Vector]:
    width = max(left.size(), right.size())
    return _resized(left, width), _resized(right, width)


def _equal(left: Vector, right: Vector) -> Formula:
    a, b = _extended(left, right)
    return a == b
