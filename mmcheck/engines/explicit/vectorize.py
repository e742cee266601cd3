"""Vectorised evaluation: the nodes of a ground graph, over a block of packed states at once.

A node is evaluated at most once for a block, for all transition instances that share it; its column has the
narrowest type that holds the values of the node. The database world calls this vectorised interpretation.

References: P. Boncz, M. Zukowski, N. Nes, MonetDB/X100: hyper-pipelining query execution, CIDR 2005.
"""

from __future__ import annotations

from typing import Any, TypeAlias, assert_never

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from mmcheck.core.dag import Dag, Op
from mmcheck.engines.explicit.layout import Layout

Column: TypeAlias = NDArray[Any]
"""One value for each state of a block; of shape () for a constant."""


def dtype_for(low: int, high: int) -> np.dtype[Any]:
    """The narrowest type that holds the numbers from low to high."""
    if low >= 0 and high <= 1:
        return np.dtype(np.bool_)
    for candidate in (np.int8, np.int16, np.int32):
        info = np.iinfo(candidate)
        if info.min <= low and high <= info.max:
            return np.dtype(candidate)
    return np.dtype(np.int64)


class Block(Struct):
    """A block of states, `words[w]` being their w-th words; how they were found, if that is known (see
    `independence`); and the columns computed from it so far."""

    layout: Layout
    dag: Dag
    words: NDArray[np.uint64]
    tags: NDArray[np.intp] | None = None
    columns: dict[int, Column] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return int(self.words.shape[1])

    def row(self, number: int) -> tuple[int, ...]:
        """The words of one state."""
        return tuple(int(word) for word in self.words[:, number])

    def truth(self, node: int) -> Column:
        """The column of a truth value, of full length."""
        column = self.column(node)
        return column if column.shape else np.full(self.size, bool(column))

    def column(self, node: int) -> Column:
        """The column of a node."""
        known = self.columns.get(node)
        if known is None:
            known = self.columns[node] = self._compute(node)
        return known

    def _compute(self, node: int) -> Column:
        op, args, value = self.dag.nodes[node]
        dtype = dtype_for(*self.dag.bounds[node])
        match op:
            case Op.CONST:
                return np.asarray(value, dtype)
            case Op.CELL:
                return self._cell(value, dtype)
            case Op.NOT:
                return np.logical_not(self.column(args[0]))
            case Op.AND:
                return self._junction(np.logical_and, args)
            case Op.OR:
                return self._junction(np.logical_or, args)
            case Op.EQ:
                return np.equal(self.column(args[0]), self.column(args[1]))
            case Op.LT:
                return np.less(self.column(args[0]), self.column(args[1]))
            case Op.ITE:
                then, orelse = self.column(args[1]).astype(dtype), self.column(args[2]).astype(dtype)
                return np.where(self.column(args[0]), then, orelse)
            case Op.ADD:
                return np.add(self.column(args[0]), self.column(args[1]), dtype=_wide(dtype)).astype(dtype)
            case Op.SUB:
                return np.subtract(self.column(args[0]), self.column(args[1]), dtype=_wide(dtype)).astype(
                    dtype
                )
            case Op.UNION:
                return np.bitwise_or(*self._masks(args)).astype(dtype)
            case Op.INTERSECTION:
                return np.bitwise_and(*self._masks(args)).astype(dtype)
            case Op.DIFFERENCE:
                left, right = self._masks(args)
                return np.bitwise_and(left, np.invert(right)).astype(dtype)
            case Op.BIT:
                return np.left_shift(1, np.maximum(self.column(args[0]).astype(np.int64), 0)).astype(dtype)
            case Op.POPCOUNT:
                return np.bitwise_count(self.column(args[0]).astype(np.int64)).astype(dtype)
            case _:
                assert_never(op)

    def _cell(self, number: int, dtype: np.dtype[Any]) -> Column:
        slot = self.layout.slots[number]
        word = self.words[slot.word]
        if slot.mask == 1 and slot.least == 0:
            return np.asarray(np.bitwise_and(word, np.uint64(1 << slot.shift)) != 0)
        code: Column = np.bitwise_and(np.right_shift(word, np.uint64(slot.shift)), np.uint64(slot.mask))
        if slot.least == 0:
            return code.astype(dtype)
        return (code.astype(np.int64) + slot.least).astype(dtype)

    def _junction(self, join: np.ufunc, args: tuple[int, ...]) -> Column:
        column: Column = join(self.column(args[0]), self.column(args[1]))
        for arg in args[2:]:
            column = join(column, self.column(arg), out=column if column.shape else None)
        return column

    def _masks(self, args: tuple[int, ...]) -> tuple[Column, Column]:
        return self.column(args[0]).astype(np.int64), self.column(args[1]).astype(np.int64)


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """A type in which two columns can be added before the result is narrowed."""
    return np.dtype(np.int64)
