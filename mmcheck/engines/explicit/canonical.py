"""The canonical form of a state under permutations of its sorts: the least of its orbit, exactly.

One sort, the largest that no cell is indexed by twice and that no cell has for a value, needs no enumeration:
its elements are *records* (all cells with that index), and sorting the records is canonical. For the other
sorts the permutations are tried; of these only such that sort the elements by a key, which is the same for
all states of an orbit, so that mostly one or two are left.

References: findings for two sorts that index one array; for keys, the partition refinement of graph
canonisation (B. D. McKay, Practical graph isomorphism, 1981), a single round of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, permutations, product
from math import factorial, prod
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mmcheck.core.codes import encode
from mmcheck.core.instance import Cell, Instance
from mmcheck.core.symmetry import permute
from mmcheck.core.types import Elem, OptionalType, Scalar, SetType, SortType, domain
from mmcheck.engines.explicit import small_orbits
from mmcheck.engines.explicit.layout import WORD, Layout

MOST_PERMUTATIONS = 5_040
MOST_CODES = 4_096
LOAD_KERNEL = 20_000_000
"""From how many positions looked at on the compiled kernel pays for the time that it takes to load."""

SET = 1_000
"""Marks, in the tables, a bit of a set rather than a code."""

Ints = NDArray[np.int64]
Rows = NDArray[np.uint64]


def sort_of(type: Scalar) -> str | None:
    """The sort whose elements the values of a type mention."""
    base = (
        type.base if isinstance(type, OptionalType) else type.element if isinstance(type, SetType) else type
    )
    return base.name if isinstance(base, SortType) else None


@dataclass(frozen=True)
class Tables:
    """What the kernel needs; arrays of numbers of cells, positions and codes."""

    slots: Ints
    """For each cell: word, shift, mask."""
    sources: Ints
    """[permutation, position]: the cell that is read for a position of the permuted state. Positions are
    first the cells of no record, then record by record."""
    maps: Ints
    """[position]: which value map applies, or -1."""
    values: Ints
    """[permutation, map, code]: the permuted code."""
    packed: Ints
    """[position]: word and shift in the compared vector."""
    targets: Ints
    """[position]: the cell that it becomes."""
    orders: Ints
    """[permutation, i]: pairs of elements (numbers of keys) whose keys must not decrease, flattened."""
    keys: Ints
    """What adds to keys: rows of cell, key, seed, and -1 or the code bit that must be there."""
    layout: Ints
    """Words of the compared vector outside of records, number of records, positions outside, positions a
    record, number of keys."""


@dataclass
class Canonical:
    """The canonical form for one instance. `sorts` are those whose symmetry is used."""

    tables: Tables
    sorts: tuple[str, ...]
    work: int = 0
    """How many positions were looked at so far."""

    def rows(self, rows: Rows) -> Rows:
        """The canonical forms of states."""
        if not len(rows):
            return rows
        self.work += len(rows) * self.tables.sources.size
        return (
            self._compiled(rows) if self.work > LOAD_KERNEL else small_orbits.canonicalise(rows, self.tables)
        )

    def _compiled(self, rows: Rows) -> Rows:
        # Numba is loaded where it pays: most specs are small and never need it.
        from mmcheck.engines.explicit.orbits import canonicalise

        t = self.tables
        result = np.zeros_like(rows)
        canonicalise(
            np.ascontiguousarray(rows),
            result,
            t.slots,
            t.sources,
            t.maps,
            t.values,
            t.packed,
            t.targets,
            t.orders,
            t.keys,
            t.layout,
        )
        return result


def canonical_form(instance: Instance, layout: Layout) -> tuple[Canonical | None, tuple[str, ...]]:
    """The canonical form that uses every sort it can, None where there is nothing to permute; and the sorts
    that it cannot use, as their permutations are too many."""
    mentioned = {index.sort for c in instance.cells for index in c.indices if isinstance(index, Elem)}
    mentioned |= {sort for c in instance.cells if (sort := sort_of(c.type)) is not None}
    sizes = {sort: size for sort, size in instance.sizes.items() if size > 1 and sort in mentioned}
    record = _record_sort(instance, layout, sizes)
    others = [sort for sort in sorted(sizes, key=lambda s: sizes[s]) if sort != record]
    used: list[str] = []
    for sort in others:
        if prod(factorial(sizes[s]) for s in [*used, sort]) <= MOST_PERMUTATIONS and _maps_fit(
            instance, sort
        ):
            used.append(sort)
    dropped = tuple(sort for sort in others if sort not in used)
    if record is None and not used:
        return None, dropped
    tables = _Builder(instance, layout, record, tuple(used)).tables()
    return Canonical(tables, tuple(s for s in instance.sizes if s == record or s in used)), dropped


def _record_sort(instance: Instance, layout: Layout, sizes: dict[str, int]) -> str | None:
    """The largest sort whose elements are records that fit into a word each."""
    fitting = []
    for sort, size in sizes.items():
        cells = instance.cells
        once = all(_count(cell, sort) <= 1 and sort_of(cell.type) != sort for cell in cells)
        bits = sum(
            slot.mask.bit_length()
            for cell, slot in zip(cells, layout.slots, strict=True)
            if _count(cell, sort)
        )
        if once and bits <= WORD * size:
            fitting.append(sort)
    return max(fitting, key=lambda s: sizes[s], default=None)


def _count(cell: Cell, sort: str) -> int:
    return sum(isinstance(index, Elem) and index.sort == sort for index in cell.indices)


def _maps_fit(instance: Instance, sort: str) -> bool:
    """Whether the values that mention a sort have few enough codes to be mapped by a table."""
    size = instance.sizes[sort]
    sets = any(isinstance(c.type, SetType) and sort_of(c.type) == sort for c in instance.cells)
    return not sets or 1 << size <= MOST_CODES


@dataclass
class _Builder:
    instance: Instance
    layout: Layout
    record: str | None
    sorts: tuple[str, ...]

    def tables(self) -> Tables:
        cells = self.instance.cells
        self.number = {(c.variable, c.indices, c.path): i for i, c in enumerate(cells)}
        outside = [i for i, c in enumerate(cells) if self.record is None or not _count(c, self.record)]
        records = self._records()
        positions = outside + [cell for record in records for cell in record]
        perms = self._permutations()
        types = [cells[cell].type for cell in positions]
        mapped = sorted({t for t in types if sort_of(t) in self.sorts}, key=repr)
        packed, words = self._packing(outside, records)
        keys, names = self._keys()
        slots = self.layout.slots
        return Tables(
            slots=np.array([[s.word, s.shift, s.mask] for s in slots], np.int64),
            sources=np.array([[self._source(cell, p) for cell in positions] for p in perms], np.int64),
            maps=np.array([mapped.index(t) if t in mapped else -1 for t in types], np.int64),
            values=self._values(mapped, perms),
            packed=np.array(packed, np.int64).reshape(-1, 2),
            targets=np.array(positions, np.int64),
            orders=self._orders(perms, names),
            keys=np.array(keys, np.int64).reshape(-1, 4),
            layout=np.array(
                [words, len(records), len(outside), len(records[0]) if records else 0, len(names)], np.int64
            ),
        )

    def _records(self) -> list[list[int]]:
        """For each element of the record sort its cells, in one order for all."""
        if self.record is None:
            return []
        found: list[list[int]] = []
        for ordinal in range(self.instance.sizes[self.record]):
            element = Elem(self.record, ordinal)
            found.append([i for i, cell in enumerate(self.instance.cells) if element in cell.indices])
        return found

    def _permutations(self) -> list[dict[str, tuple[int, ...]]]:
        each = [list(permutations(range(self.instance.sizes[sort]))) for sort in self.sorts]
        return [dict(zip(self.sorts, choice, strict=True)) for choice in product(*each)]

    def _source(self, cell: int, perm: dict[str, tuple[int, ...]]) -> int:
        """The cell whose (mapped) value a cell has after the inverse of the permutation was applied."""
        target = self.instance.cells[cell]
        indices = tuple(permute(index, perm) for index in target.indices)
        return self.number[target.variable, indices, target.path]

    def _values(self, mapped: list[Scalar], perms: list[dict[str, tuple[int, ...]]]) -> Ints:
        """For each permutation and type, where each stored code goes (by the inverse permutation)."""
        sizes = self.instance.sizes
        codes = max((len(list(domain(t, sizes))) for t in mapped), default=0)
        table = np.zeros((len(perms), len(mapped), max(codes, 1)), np.int64)
        for p, perm in enumerate(perms):
            inverse = {sort: tuple(int(i) for i in np.argsort(images)) for sort, images in perm.items()}
            for m, type in enumerate(mapped):
                values = list(domain(type, sizes))
                low = min(encode(value, type) for value in values)
                for value in values:
                    table[p, m, encode(value, type) - low] = encode(permute(value, inverse), type) - low
        return table

    def _packing(self, outside: list[int], records: list[list[int]]) -> tuple[list[tuple[int, int]], int]:
        """Where each position lies in the vector that is compared: words outside of records, then a word a
        record."""
        packed: list[tuple[int, int]] = []
        word, shift = 0, 0
        for cell in outside:
            bits = self.layout.slots[cell].mask.bit_length()
            if shift + bits > WORD:
                word, shift = word + 1, 0
            packed.append((word, shift))
            shift += bits
        words = word + 1 if outside else 0
        for number, record in enumerate(records):
            shift = 0
            for cell in record:
                packed.append((words + number, shift))
                shift += self.layout.slots[cell].mask.bit_length()
        return packed, words

    def _keys(self) -> tuple[list[tuple[int, int, int, int]], list[tuple[str, int]]]:
        """The contributions to the keys of the elements of the enumerated sorts."""
        names = [(sort, i) for sort in self.sorts for i in range(self.instance.sizes[sort])]
        rows: list[tuple[int, int, int, int]] = []
        for number, cell in enumerate(self.instance.cells):
            plain = tuple(i for i in cell.indices if not isinstance(i, Elem))
            own = sort_of(cell.type)
            if own is None or own not in self.instance.sizes:
                for element in cell.indices:
                    if (
                        isinstance(element, Elem)
                        and element.sort in self.sorts
                        and _count(cell, element.sort) == 1
                    ):
                        seed = crc32(repr((cell.variable, cell.path, plain, element.sort)).encode())
                        rows.append((number, names.index((element.sort, element.ordinal)), seed, -1))
            elif own in self.sorts:
                seed = crc32(repr((cell.variable, cell.path, plain, own, "value")).encode())
                for ordinal in range(self.instance.sizes[own]):
                    mark = self._mark(cell.type, ordinal)
                    rows.append((number, names.index((own, ordinal)), seed, mark))
        return rows, names

    def _mark(self, type: Scalar, ordinal: int) -> int:
        """How the kernel sees that a value mentions an element: its code, or SET + its bit in a set."""
        match type:
            case OptionalType():
                return ordinal + 1
            case SetType():
                return SET + ordinal
            case _:
                return ordinal

    def _orders(self, perms: list[dict[str, tuple[int, ...]]], names: list[tuple[str, int]]) -> Ints:
        """For each permutation, the pairs of keys that must not decrease."""
        rows = []
        for perm in perms:
            pairs: list[int] = []
            for sort in self.sorts:
                images = perm[sort]
                for a, b in pairwise(images):
                    pairs += [names.index((sort, a)), names.index((sort, b))]
            rows.append(pairs)
        return np.array(rows, np.int64).reshape(len(perms), -1)
