"""How permutations act on packed states: tables of numbers, for the kernel and for NumPy.

*Elements* are numbered through all sorts whose permutations are tried; a permutation is an array of images,
in which each element has its place within its sort. All tables hold `uint64`, as a number of another type in
between would make the kernel count with floats.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from zlib import crc32

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mmcheck.core.instance import Cell
from mmcheck.core.types import Elem, OptionalType, SetType, Value
from mmcheck.engines.explicit.arrangement import Arrangement, sort_of
from mmcheck.engines.explicit.layout import Slot

BATCH = 256
"""How many states the kernel takes at a time."""
LINES = 5
"""How many columns it needs beside those for what a state has."""

PLAIN, ELEMENT, SET = 0, 1, 2
"""What a linked cell has for a value: none of an element that moves, an element (or null), a set of them."""

Table = NDArray[np.uint64]


class Moves(Struct, frozen=True):
    """The tables of one arrangement. Places in words are shifts, masks are of what is shifted down."""

    starts: Table
    """For each sort its first element; then the number of elements."""
    still: Table
    """For each word the bits that stay where they are; those of records as if these stayed in order."""
    ends: Table
    """Element e moves to place b by the moves from `ends[e * most + b]` on, to the next entry; `most` is the
    size of the largest sort."""
    moves: Table
    """Rows of source word, target word, mask (not shifted), rotation to the left."""
    rows: Table
    """What tells elements apart outside of records: rows of element, word, shift, mask, seed."""
    records: Table
    """For each record its word and shift."""
    masks: Table
    """The mask of a record, of what stays in it; then for each word the bits of no record."""
    parts: Table
    """What tells elements apart inside of each record: rows of element, shift, mask, seed."""
    linked: Table
    """For each linked cell: word, shift, mask, kind, code of the first element that it can have for a value,
    that element, the end of its sort, first row in `indices` and their end, first row in `places`, record + 1
    or 0, seed."""
    indices: Table
    """Rows of element, stride in `places`, seed."""
    places: Table
    """Words and shifts of where linked cells go."""

    @property
    def arguments(self) -> tuple[Table, ...]:
        """In the order in which the kernel takes them."""
        outside = (self.starts, self.still, self.ends, self.moves, self.rows)
        return (*outside, self.records, self.masks, self.parts, self.linked, self.indices, self.places)


def tables(arrangement: Arrangement) -> Moves:
    """The tables of an arrangement."""
    return _Builder(arrangement).tables()


def _seed(*parts: object) -> int:
    return crc32(repr(parts).encode())


def _table(rows: list[tuple[int, ...]], columns: int) -> Table:
    return np.array(rows, np.uint64).reshape(-1, columns)


class _Builder(Struct, dict=True):
    arrangement: Arrangement

    def __post_init__(self) -> None:
        instance = self.arrangement.instance
        self.cells, self.slots = instance.cells, self.arrangement.layout.slots
        self.number = {(c.variable, c.indices, c.path): i for i, c in enumerate(self.cells)}
        self.sizes = {sort: instance.sizes[sort] for sort in self.arrangement.sorts}
        self.element = {element: i for i, element in enumerate(self.arrangement.elements)}
        self.parts = [self.arrangement.outside, *self.arrangement.records]

    def tables(self) -> Moves:
        moves, ends = self._moves()
        linked, indices, places = self._linked()
        starts = [self.element[Elem(sort, 0)] for sort in self.sizes]
        return Moves(
            np.array([*starts, len(self.element)], np.uint64),
            self._still(),
            np.array(ends, np.uint64),
            _table(moves, 4),
            _table(list(self._rows()), 5),
            _table([(slot.word, slot.shift) for slot in self._records()], 2),
            self._masks(),
            _table(list(self._parts()), 4),
            _table(linked, 12),
            _table(indices, 3),
            _table(places, 2),
        )

    # --- what moves --------------------------------------------------------------------------------------

    def _still(self) -> Table:
        words = [0] * self.arrangement.layout.words
        for parts in self.parts:
            for cell in parts.still:
                words[self.slots[cell].word] |= self.slots[cell].mask << self.slots[cell].shift
        return np.array(words, np.uint64)

    def _moves(self) -> tuple[list[tuple[int, ...]], list[int]]:
        most = max(self.sizes.values(), default=0)
        moves: list[tuple[int, ...]] = []
        ends = [0]
        for element in self.element:
            for place in range(most):
                if place < self.sizes[element.sort]:
                    moves += self._moves_to(element, place)
                ends.append(len(moves))
        return moves, ends

    def _moves_to(self, element: Elem, place: int) -> Iterator[tuple[int, ...]]:
        """What takes the rows of an element to where another has them, cells that go equally far in one."""
        masks: dict[tuple[int, int, int], int] = {}
        for cell in (cell for parts in self.parts for cell in parts.rows[element]):
            source, target = self.slots[cell], self.slots[self._moved(cell, element, place)]
            way = source.word, target.word, (target.shift - source.shift) % 64
            masks[way] = masks.get(way, 0) | source.mask << source.shift
        return ((*way[:2], mask, way[2]) for way, mask in masks.items())

    def _moved(self, number: int, element: Elem, place: int) -> int:
        cell = self.cells[number]
        indices = tuple(Elem(element.sort, place) if i == element else i for i in cell.indices)
        return self.number[cell.variable, indices, cell.path]

    # --- records -----------------------------------------------------------------------------------------

    def _records(self) -> list[Slot]:
        """The place of each record."""
        return [self._span(parts.all()) for parts in self.arrangement.records]

    def _span(self, cells: list[int]) -> Slot:
        """The place of cells that lie side by side."""
        first = self.slots[cells[0]]
        return Slot(first.word, first.shift, self._bits(cells), 0)

    def _bits(self, cells: list[int]) -> int:
        return (1 << sum(self.slots[cell].mask.bit_length() for cell in cells)) - 1

    def _masks(self) -> Table:
        words = [(1 << 64) - 1] * self.arrangement.layout.words
        for slot in self._records():
            words[slot.word] &= ~(slot.mask << slot.shift)
        if not self.arrangement.records:
            return np.array([0, 0, *words], np.uint64)
        record = self.arrangement.records[0]
        # What stays is at the low end of a record.
        return np.array([self._bits(record.all()), self._bits(list(record.still)), *words], np.uint64)

    # --- what tells elements apart -----------------------------------------------------------------------

    def _rows(self) -> Iterator[tuple[int, ...]]:
        for number, units in enumerate(self.arrangement.row_units):
            for element, cells in units.items():
                slot = self._span(cells)
                if slot.mask:
                    seed = _seed("row", number)
                    yield self.element[element], slot.word, slot.shift, slot.mask, seed

    def _parts(self) -> Iterator[tuple[int, ...]]:
        for place, record in zip(self._records()[:1], self.arrangement.records, strict=False):
            for element, cells in record.rows.items():
                slot = self._span(list(cells)) if cells else Slot(0, 0, 0, 0)
                if slot.mask:
                    seed = _seed("part", element.sort)
                    yield self.element[element], slot.shift - place.shift, slot.mask, seed

    # --- linked cells ------------------------------------------------------------------------------------

    def _linked(self) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]], list[tuple[int, ...]]]:
        linked: list[tuple[int, ...]] = []
        indices: list[tuple[int, ...]] = []
        places: list[tuple[int, ...]] = []
        families: dict[tuple[object, ...], int] = {}
        for record, parts in enumerate(self.parts):
            for number in parts.linked:
                cell, slot = self.cells[number], self.slots[number]
                family = self._family(cell)
                if family not in families:
                    families[family] = len(places)
                    places += self._places(cell)
                first = len(indices)
                indices += self._indices(cell)
                linked.append(
                    (
                        *(slot.word, slot.shift, slot.mask, *self._value(cell), first, len(indices)),
                        *(families[family], record, _seed("value", *self._name(cell))),
                    )
                )
        return linked, indices, places

    def _family(self, cell: Cell) -> tuple[object, ...]:
        """What a cell has in common with those that it can move to."""
        moving = {i: element.sort for i, element in self.arrangement.permuted(cell)}
        return cell.variable, cell.path, tuple(moving.get(i, index) for i, index in enumerate(cell.indices))

    def _name(self, cell: Cell) -> tuple[object, ...]:
        """What is the same for all cells that permutations take it to, those of records included."""
        tried = (*self.arrangement.sorts, self.arrangement.record)
        plain = (i.sort if isinstance(i, Elem) and i.sort in tried else i for i in cell.indices)
        return cell.variable, cell.path, tuple(plain)

    def _value(self, cell: Cell) -> tuple[int, int, int, int]:
        """The kind of a value, the code of the first element, its number, and where the numbers end."""
        sort = sort_of(cell.type)
        if sort is None or sort not in self.sizes:
            return PLAIN, 0, 0, 0
        first = self.element[Elem(sort, 0)]
        end = first + self.sizes[sort]
        if isinstance(cell.type, SetType):
            return SET, 0, first, end
        return ELEMENT, int(isinstance(cell.type, OptionalType)), first, end

    def _indices(self, cell: Cell) -> list[tuple[int, ...]]:
        """For each index that moves: the element, the stride, and a seed that says where it occurs."""
        moving = self.arrangement.permuted(cell)
        rows: list[tuple[int, ...]] = []
        stride = 1
        for at, element in reversed(moving):
            same = tuple(i for i, other in moving if other == element)
            rows.append((self.element[element], stride, _seed("index", *self._name(cell), at, same)))
            stride *= self.sizes[element.sort]
        return rows[::-1]

    def _places(self, cell: Cell) -> Iterator[tuple[int, ...]]:
        """Where a cell can move to, the last index that moves varying fastest."""
        moving = self.arrangement.permuted(cell)
        for images in product(*(range(self.sizes[element.sort]) for _, element in moving)):
            indices: list[Value] = list(cell.indices)
            for (at, element), image in zip(moving, images, strict=True):
                indices[at] = Elem(element.sort, image)
            slot = self.slots[self.number[cell.variable, tuple(indices), cell.path]]
            yield slot.word, slot.shift
