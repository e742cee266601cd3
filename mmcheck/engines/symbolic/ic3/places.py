"""Places: a state as a row of small choices, which literals and permutations speak of.

A cell that holds a scalar is one place, with a value for each code. A cell that holds a set is a place of
two values for each element that may be in it, so that a literal may say of one element that it is in.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

from mmcheck.core.codes import code_bounds, decode, encode, least
from mmcheck.core.instance import Cell, Instance, State
from mmcheck.core.symmetry import permute
from mmcheck.core.types import Elem, OptionalType, SetType, SortType, Value

Row: TypeAlias = tuple[int, ...]
"""A state: for each place the number of its value."""

Renaming: TypeAlias = dict[Elem, Elem]
"""Which element becomes which; those that are not named stay."""


class Place(Struct, frozen=True):
    """A part of a state that has one of `count` values, the first of them for the code `low`.

    `member` is the element of the set that the place is about, where its cell holds a set."""

    number: int
    cell_number: int
    cell: Cell
    count: int
    low: int
    member: Value = None
    in_set: bool = False
    position: int = 0
    """Which of the elements that may be in its set it is about."""

    @property
    def full(self) -> int:
        """The mask of all values."""
        return (1 << self.count) - 1

    @property
    def sort(self) -> str | None:
        """The sort that the values of the place are elements of."""
        base = self.cell.type.base if isinstance(self.cell.type, OptionalType) else self.cell.type
        return base.name if isinstance(base, SortType) and not self.in_set else None

    @property
    def first_element(self) -> int:
        """The number of the value that is the first element of the sort: 1 where 0 is null."""
        return 1 if isinstance(self.cell.type, OptionalType) else 0

    def value(self, number: int) -> Value:
        """A value as the language has it; whether the member is in, for a place of a set."""
        return bool(number) if self.in_set else decode(self.low + number, self.cell.type)


class Places(Struct, frozen=True, dict=True):
    """All places of an instance, in the order of its cells."""

    instance: Instance

    @cached_property
    def all(self) -> tuple[Place, ...]:
        found: list[Place] = []
        for number, cell in enumerate(self.instance.cells):
            if isinstance(cell.type, SetType):
                element = cell.type.element
                low, high = code_bounds(element, self.instance.sizes)
                for code in range(low, high + 1):
                    member = decode(code, element)
                    found.append(Place(len(found), number, cell, 2, 0, member, True, code - low))
            else:
                low, high = code_bounds(cell.type, self.instance.sizes)
                found.append(Place(len(found), number, cell, high - low + 1, low))
        return tuple(found)

    @cached_property
    def of_cell(self) -> tuple[tuple[Place, ...], ...]:
        """For each cell its places."""
        found: list[list[Place]] = [[] for _ in self.instance.cells]
        for place in self.all:
            found[place.cell_number].append(place)
        return tuple(map(tuple, found))

    def of(self, cell: int) -> tuple[Place, ...]:
        """The places of a cell, by its number."""
        return self.of_cell[cell]

    def holds_set(self, cell: int) -> bool:
        """Whether a cell holds a set, so that it has a place for each element."""
        return isinstance(self.instance.cells[cell].type, SetType)

    # --- states ------------------------------------------------------------------------------------------

    def row(self, state: State) -> Row:
        """The row of a state."""
        return tuple(
            number
            for cell, places, value in zip(self.instance.cells, self.of_cell, state, strict=True)
            for number in self._numbers(cell, places, value)
        )

    def _numbers(self, cell: Cell, places: Sequence[Place], value: Value) -> list[int]:
        if isinstance(value, frozenset):
            return [int(place.member in value) for place in places]
        return [encode(value, cell.type) - places[0].low]

    def state(self, row: Row) -> State:
        """The state of a row."""
        return tuple(
            frozenset(p.member for p in places if row[p.number])
            if isinstance(cell.type, SetType)
            else places[0].value(row[places[0].number])
            for cell, places in zip(self.instance.cells, self.of_cell, strict=True)
        )

    def codes(self, row: Row) -> tuple[int, ...]:
        """The codes of all cells."""
        return tuple(
            sum(
                1 << (encode(p.member, cell.type.element) - least(cell.type.element))
                for p in places
                if row[p.number]
            )
            if isinstance(cell.type, SetType)
            else places[0].low + row[places[0].number]
            for cell, places in zip(self.instance.cells, self.of_cell, strict=True)
        )

    # --- permutations ------------------------------------------------------------------------------------

    @cached_property
    def _by_name(self) -> dict[tuple[object, ...], int]:
        return {_name(p, p.cell.indices, p.member): p.number for p in self.all}

    @cached_property
    def elements(self) -> tuple[tuple[Elem, ...], ...]:
        """For each place the elements in its name: of its indices, and its member."""
        return tuple(tuple(e for e in (*p.cell.indices, p.member) if isinstance(e, Elem)) for p in self.all)

    def numbered(self, place: Place) -> int:
        """The number here of a place of another instance of the system."""
        return self._by_name[_name(place, place.cell.indices, place.member)]

    @cached_property
    def _moved(self) -> dict[tuple[int, tuple[Elem, ...]], int]:
        return {}

    def moved(self, number: int, renaming: Renaming) -> int:
        """The place that a place becomes."""
        own = self.elements[number]
        if not own:
            return number
        images = tuple(renaming.get(e, e) for e in own)
        if images == own:
            return number
        known = self._moved.get((number, images))
        if known is None:
            known = self._moved[number, images] = self._move(
                self.all[number], dict(zip(own, images, strict=True))
            )
        return known

    def _move(self, place: Place, renaming: Renaming) -> int:
        def image(value: Value) -> Value:
            return renaming.get(value, value) if isinstance(value, Elem) else permute(value, {})

        return self._by_name[_name(place, tuple(map(image, place.cell.indices)), image(place.member))]


def _name(place: Place, indices: tuple[Value, ...], member: Value) -> tuple[object, ...]:
    return place.cell.variable, indices, place.cell.path, member
