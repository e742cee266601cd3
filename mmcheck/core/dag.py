"""Ground expressions as a hash-consed graph: every expression over cells exists once, and is simplified.

A node is an operator over earlier nodes; its id is its position, so the graph is in topological order by
construction. All values are integers (`core.codes` says how): truth values are 0 and 1, sets are bit masks.
Each node knows an interval that its value lies in, which decides comparisons early and column widths later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import NamedTuple, TypeAlias, assert_never

from msgspec import Struct, field

Combine: TypeAlias = Callable[[int, int], int]


class Op(Enum):
    CONST = "const"
    CELL = "cell"
    NOT = "not"
    AND = "and"
    OR = "or"
    EQ = "="
    LT = "<"
    ADD = "+"
    SUB = "-"
    ITE = "ite"
    UNION = "union"
    INTERSECTION = "intersection"
    DIFFERENCE = "difference"
    BIT = "bit"
    """The set of one element: 1 << arg."""
    POPCOUNT = "popcount"


class Node(NamedTuple):
    """An operator with its arguments; `value` is the constant, or the number of the cell."""

    op: Op
    args: tuple[int, ...] = ()
    value: int = 0


class Dag(Struct, dict=True):
    """The graph, with its smart constructors. Nodes 0 and 1 are false and true."""

    cell_bounds: tuple[tuple[int, int], ...]
    """For each cell, the least and the greatest code it can hold."""
    nodes: list[Node] = field(default_factory=list)
    bounds: list[tuple[int, int]] = field(default_factory=list)
    ids: dict[Node, int] = field(default_factory=dict)
    _inverses: dict[int, int] = field(default_factory=dict)
    """Of every node that has one, both ways: a node and its inverse decide a junction."""
    _supports: dict[int, frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.false = self.const(0)
        self.true = self.const(1)

    # --- leaves ------------------------------------------------------------------------------------------

    def const(self, value: int) -> int:
        return self._node(Node(Op.CONST, (), value), value, value)

    def cell(self, number: int) -> int:
        return self._node(Node(Op.CELL, (), number), *self.cell_bounds[number])

    def constant(self, node: int) -> int | None:
        """The value of a node that is a constant."""
        return self.nodes[node].value if self.nodes[node].op is Op.CONST else None

    # --- truth values ------------------------------------------------------------------------------------

    def invert(self, arg: int) -> int:
        if arg in (self.false, self.true):
            return self.true if arg == self.false else self.false
        known = self._inverses.get(arg)
        if known is None:
            known = self._node(Node(Op.NOT, (arg,)), 0, 1)
            self._inverses[arg], self._inverses[known] = known, arg
        return known

    def conj(self, *args: int) -> int:
        return self._junction(Op.AND, args, self.true, self.false)

    def disj(self, *args: int) -> int:
        return self._junction(Op.OR, args, self.false, self.true)

    def _junction(self, op: Op, args: Iterable[int], neutral: int, decisive: int) -> int:
        kept: dict[int, None] = {}
        for arg in args:
            for inner in self.nodes[arg].args if self.nodes[arg].op is op else (arg,):
                if inner == decisive or self._inverses.get(inner) in kept:
                    return decisive
                if inner != neutral:
                    kept[inner] = None
        if len(kept) <= 1:
            return next(iter(kept), neutral)
        return self._node(Node(op, tuple(sorted(kept))), 0, 1)

    # --- numbers -----------------------------------------------------------------------------------------

    def eq(self, left: int, right: int) -> int:
        if left == right:
            return self.true
        (a, b), (c, d) = self.bounds[left], self.bounds[right]
        if b < c or d < a:
            return self.false
        left, right = sorted((left, right), key=lambda n: (self.constant(n) is None, n))
        value = self.constant(left)
        if value is not None and self.bounds[right] == (0, 1):
            return right if value else self.invert(right)
        if value is not None and self.nodes[right].op is Op.ITE:
            condition, then, orelse = self.nodes[right].args
            if self.constant(then) is not None or self.constant(orelse) is not None:
                return self.ite(condition, self.eq(left, then), self.eq(left, orelse))
        return self._node(Node(Op.EQ, (left, right)), 0, 1)

    def lt(self, left: int, right: int) -> int:
        (a, b), (c, d) = self.bounds[left], self.bounds[right]
        if b < c:
            return self.true
        return self.false if a >= d else self._node(Node(Op.LT, (left, right)), 0, 1)

    def le(self, left: int, right: int) -> int:
        return self.invert(self.lt(right, left))

    def add(self, left: int, right: int) -> int:
        (a, b), (c, d) = self.bounds[left], self.bounds[right]
        if a == b and c == d:
            return self.const(a + c)
        if (c, d) == (0, 0) or (a, b) == (0, 0):
            return left if (c, d) == (0, 0) else right
        return self._node(Node(Op.ADD, tuple(sorted((left, right)))), a + c, b + d)

    def sub(self, left: int, right: int) -> int:
        (a, b), (c, d) = self.bounds[left], self.bounds[right]
        if a == b and c == d:
            return self.const(a - c)
        if (c, d) == (0, 0):
            return left
        return self._node(Node(Op.SUB, (left, right)), a - d, b - c)

    def ite(self, condition: int, then: int, orelse: int) -> int:
        if condition == self.true or then == orelse:
            return then
        if condition == self.false:
            return orelse
        if self.nodes[condition].op is Op.NOT:
            condition, then, orelse = self.nodes[condition].args[0], orelse, then
        (a, b), (c, d) = self.bounds[then], self.bounds[orelse]
        if a >= 0 and b <= 1 and c >= 0 and d <= 1:
            # A choice between truth values is a formula, which simplifies further.
            return self.disj(self.conj(condition, then), self.conj(self.invert(condition), orelse))
        return self._node(Node(Op.ITE, (condition, then, orelse)), min(a, c), max(b, d))

    # --- sets --------------------------------------------------------------------------------------------

    def bit(self, element: int) -> int:
        """The set of one element. A number below 0 is none (it is null, where that is an error anyway), and
        counts as 0."""
        low, high = (max(bound, 0) for bound in self.bounds[element])
        if low == high:
            return self.const(1 << low)
        return self._node(Node(Op.BIT, (element,)), 1 << low, 1 << high)

    def union(self, left: int, right: int) -> int:
        return self._sets(Op.UNION, left, right, lambda a, b: a | b)

    def intersection(self, left: int, right: int) -> int:
        return self._sets(Op.INTERSECTION, left, right, lambda a, b: a & b)

    def difference(self, left: int, right: int) -> int:
        return self._sets(Op.DIFFERENCE, left, right, lambda a, b: a & ~b)

    def _sets(self, op: Op, left: int, right: int, combine: Combine) -> int:
        a, b = self.constant(left), self.constant(right)
        if a is not None and b is not None:
            return self.const(combine(a, b))
        if b == 0:
            return self.const(0) if op is Op.INTERSECTION else left
        if a == 0:
            return right if op is Op.UNION else self.const(0)
        greatest = self.bounds[left][1] | (self.bounds[right][1] if op is Op.UNION else 0)
        return self._node(Node(op, (left, right)), 0, (1 << greatest.bit_length()) - 1)

    def popcount(self, arg: int) -> int:
        value = self.constant(arg)
        if value is not None:
            return self.const(value.bit_count())
        return self._node(Node(Op.POPCOUNT, (arg,)), 0, self.bounds[arg][1].bit_length())

    # --- substitution ------------------------------------------------------------------------------------

    def support(self, node: int) -> frozenset[int]:
        """The cells that a node depends on."""
        known = self._supports.get(node)
        if known is None:
            op, args, value = self.nodes[node]
            own = frozenset((value,)) if op is Op.CELL else frozenset()
            known = self._supports[node] = own.union(*map(self.support, args))
        return known

    def substitute(self, node: int, leaves: Mapping[int, int], memo: dict[int, int]) -> int:
        """The node with some cells replaced by other nodes. `memo` belongs to one choice of `leaves`."""
        if self.support(node).isdisjoint(leaves):
            return node
        if node not in memo:
            memo[node] = self._substituted(node, leaves, memo)
        return memo[node]

    def _substituted(self, node: int, leaves: Mapping[int, int], memo: dict[int, int]) -> int:
        op, children, value = self.nodes[node]
        args = [self.substitute(child, leaves, memo) for child in children]
        match op:
            case Op.CONST:
                return node
            case Op.CELL:
                return leaves.get(value, node)
            case Op.NOT:
                return self.invert(args[0])
            case Op.AND:
                return self.conj(*args)
            case Op.OR:
                return self.disj(*args)
            case Op.EQ:
                return self.eq(args[0], args[1])
            case Op.LT:
                return self.lt(args[0], args[1])
            case Op.ADD:
                return self.add(args[0], args[1])
            case Op.SUB:
                return self.sub(args[0], args[1])
            case Op.ITE:
                return self.ite(args[0], args[1], args[2])
            case Op.UNION:
                return self.union(args[0], args[1])
            case Op.INTERSECTION:
                return self.intersection(args[0], args[1])
            case Op.DIFFERENCE:
                return self.difference(args[0], args[1])
            case Op.BIT:
                return self.bit(args[0])
            case Op.POPCOUNT:
                return self.popcount(args[0])
            case _:
                assert_never(op)

    def _node(self, node: Node, low: int, high: int) -> int:
        known = self.ids.get(node)
        if known is None:
            known = self.ids[node] = len(self.nodes)
            self.nodes.append(node)
            self.bounds.append((low, high))
        return known

    def show(self, node: int) -> str:
        """A node in the golden form."""
        op, args, value = self.nodes[node]
        match op:
            case Op.CONST:
                return str(value)
            case Op.CELL:
                return f"c{value}"
            case _:
                return f"({' '.join([op.value, *map(self.show, args)])})"
