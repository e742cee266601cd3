"""How cells are arranged for permutations: which sorts are permuted, and what lies together.

One sort may be that of the *records*: a record is all cells with one of its elements as an index. Records lie
side by side, their cells in one order, so that they are sorted as numbers. Of the other sorts, whose
permutations are tried, the cells that speak of nothing but one element lie side by side as well, as its
*row*, in a record or outside of all: they move together. What is left are cells that stay as they are, and
*linked* ones, which have several elements for indices or elements for a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from math import factorial, prod

from msgspec import Struct

from mmcheck.core.codes import code_bounds
from mmcheck.core.instance import Cell, Instance
from mmcheck.core.types import Elem, OptionalType, Scalar, SetType, SortType
from mmcheck.engines.explicit.layout import WORD, Layout

MOST_PERMUTATIONS = 50_000
"""If the sorts that are no records have more permutations than this, some of them are not permuted."""


def sort_of(type: Scalar) -> str | None:
    """The sort whose elements the values of a type mention."""
    base = (
        type.base if isinstance(type, OptionalType) else type.element if isinstance(type, SetType) else type
    )
    return base.name if isinstance(base, SortType) else None


class Parts(Struct, frozen=True):
    """The cells of one record, or of none: those that stay, the row of each element, the linked ones."""

    still: tuple[int, ...]
    rows: dict[Elem, tuple[int, ...]]
    linked: tuple[int, ...]

    def all(self) -> list[int]:
        """All cells, the same in the same order for each record."""
        return [*self.still, *(cell for row in self.rows.values() for cell in row), *self.linked]


class Arrangement(Struct, frozen=True, dict=True):
    """The sort of the records, if there is one, those whose permutations are tried, the cells in parts."""

    instance: Instance
    record: str | None
    sorts: tuple[str, ...]

    @cached_property
    def elements(self) -> list[Elem]:
        """The elements of the sorts whose permutations are tried."""
        return [Elem(sort, i) for sort in self.sorts for i in range(self.instance.sizes[sort])]

    @cached_property
    def outside(self) -> Parts:
        """The cells of no record."""
        return self._parts(lambda cell: not _count(cell, self.record))

    @cached_property
    def records(self) -> list[Parts]:
        """The cells of each record."""
        if self.record is None:
            return []
        elements = [Elem(self.record, i) for i in range(self.instance.sizes[self.record])]
        return [self._parts(partial(_is_at, element)) for element in elements]

    def permuted(self, cell: Cell) -> list[tuple[int, Elem]]:
        """The indices of a cell that are tried elements, with their positions."""
        found = enumerate(cell.indices)
        return [(i, index) for i, index in found if isinstance(index, Elem) and index.sort in self.sorts]

    def _parts(self, chosen: Callable[[Cell], bool]) -> Parts:
        still: list[int] = []
        linked: list[int] = []
        rows: dict[Elem, list[int]] = {element: [] for element in self.elements}
        for number, cell in enumerate(self.instance.cells):
            if chosen(cell):
                elements = self.permuted(cell)
                if sort_of(cell.type) in self.sorts or len(elements) > 1:
                    linked.append(number)
                elif elements:
                    rows[elements[0][1]].append(number)
                else:
                    still.append(number)
        return Parts(tuple(still), {e: tuple(row) for e, row in rows.items()}, tuple(linked))

    # --- the layout --------------------------------------------------------------------------------------

    @cached_property
    def row_units(self) -> list[dict[Elem, list[int]]]:
        """The rows outside of records, cut into units that lie side by side, the same for all elements of a
        sort: one unit each, unless they are too large, or the state takes more words for it."""
        return self._chosen[0]

    @cached_property
    def layout(self) -> Layout:
        return self._chosen[1]

    @cached_property
    def _chosen(self) -> tuple[list[dict[Elem, list[int]]], Layout]:
        whole, cut = (self._with_units(self._row_units(most)) for most in (WORD, 1))
        return whole if whole[1].words <= cut[1].words else cut

    def _with_units(self, rows: list[dict[Elem, list[int]]]) -> tuple[list[dict[Elem, list[int]]], Layout]:
        units = [record.all() for record in self.records]
        units += [unit for unit_of in rows for unit in unit_of.values()]
        units += [[cell] for cell in (*self.outside.still, *self.outside.linked)]
        return rows, Layout.arranged(self.instance, units)

    def _row_units(self, most: int) -> list[dict[Elem, list[int]]]:
        """The rows cut into units of no more than so many bits, or of one cell."""
        found: list[dict[Elem, list[int]]] = []
        for sort in self.sorts:
            rows = {element: row for element, row in self.outside.rows.items() if element.sort == sort}
            first = next(iter(rows.values()))
            for start, end in self._cuts(first, most):
                found.append({element: list(row[start:end]) for element, row in rows.items()})
        return found

    def _cuts(self, row: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
        start = bits = 0
        for at, cell in enumerate(row):
            width = _width(self.instance, cell)
            if at > start and bits + width > most:
                yield start, at
                start, bits = at, 0
            bits += width
        if start < len(row):
            yield start, len(row)


def arrange(instance: Instance) -> tuple[Arrangement | None, tuple[str, ...]]:
    """The arrangement that permutes every sort it can, None where there is nothing to permute; and the sorts
    that it cannot, as their permutations are too many."""
    mentioned = {index.sort for c in instance.cells for index in c.indices if isinstance(index, Elem)}
    mentioned |= {sort for c in instance.cells if (sort := sort_of(c.type)) is not None}
    sizes = {sort: size for sort, size in instance.sizes.items() if size > 1 and sort in mentioned}
    record = _record_sort(instance, sizes)
    others = [sort for sort in sorted(sizes, key=lambda s: sizes[s]) if sort != record]
    used: list[str] = []
    for sort in others:
        if prod(factorial(sizes[s]) for s in [*used, sort]) <= MOST_PERMUTATIONS:
            used.append(sort)
    dropped = tuple(sort for sort in others if sort not in used)
    return (Arrangement(instance, record, tuple(used)) if record or used else None), dropped


def _record_sort(instance: Instance, sizes: dict[str, int]) -> str | None:
    """The largest sort whose elements are records that fit into a word each."""
    fitting = []
    for sort, size in sizes.items():
        cells = instance.cells
        once = all(_count(cell, sort) <= 1 and sort_of(cell.type) != sort for cell in cells)
        bits = sum(_width(instance, number) for number, cell in enumerate(cells) if _count(cell, sort))
        if once and bits <= WORD * size:
            fitting.append(sort)
    return max(fitting, key=lambda s: sizes[s], default=None)


def _is_at(element: Elem, cell: Cell) -> bool:
    return element in cell.indices


def _count(cell: Cell, sort: str | None) -> int:
    return sum(isinstance(index, Elem) and index.sort == sort for index in cell.indices)


def _width(instance: Instance, number: int) -> int:
    low, high = code_bounds(instance.cells[number].type, instance.sizes)
    return (high - low).bit_length()
