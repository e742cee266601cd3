"""Who holds what: the state of an instance told as relations between the elements of its sorts.

An element is held when a cell has it as its value (`cache[Offset#0] = Page#1`), or when a cell that stands
for it and for somebody else is not at its default (`pinned[Task#0][Page#1] = true`): then the last index of a
sort is what is held, and those before it hold it. What else is said of one element, such as
`data[Page#1] = new`, is an attribute of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from mmcheck.core.instance import Cell, Instance, State
from mmcheck.core.system import PROGRAM_COUNTER
from mmcheck.core.types import Elem, OptionalType, SetType, SortType, Value, default, domain, show_value


class Holding(Struct, frozen=True):
    """`holder` holds `held` in the way that `how` says, such as `pinned`, or `refs = 2`."""

    holder: str
    held: Elem
    how: str


class Ownership(Struct, frozen=True):
    """All that a state says about who holds what, and the attributes of every element."""

    holdings: tuple[Holding, ...]
    attributes: tuple[tuple[Elem, str, Value], ...]


def ownership(instance: Instance, state: State) -> Ownership:
    """The relations and the attributes that hold in a state, in the order of declaration."""
    holdings: list[Holding] = []
    attributes: list[tuple[Elem, str, Value]] = []
    for cell, value in zip(instance.cells, state, strict=True):
        elements = [index for index in cell.indices if isinstance(index, Elem)]
        if _points(cell):
            holdings += _pointed(cell, value)
        elif len(elements) >= 2:
            holdings += _related(cell, value)
        elif len(elements) == 1:
            attributes.append((elements[0], _name(cell, elements[0]), value))
    return Ownership(tuple(holdings), tuple(attributes))


def held_sorts(instance: Instance) -> tuple[str, ...]:
    """The sorts whose elements can be held, in the order of declaration."""
    found = {sort for cell in instance.cells for sort in _held_by(cell)}
    return tuple(sort for sort in instance.sizes if sort in found)


def elements(instance: Instance, sort: str) -> tuple[Elem, ...]:
    """All elements of a sort."""
    return tuple(e for e in domain(SortType(sort), instance.sizes) if isinstance(e, Elem))


def _held_by(cell: Cell) -> Iterator[str]:
    """The sorts whose elements a cell can say to be held."""
    if (sort := _target(cell)) is not None:
        yield sort
        return
    indices = [index.sort for index in cell.indices if isinstance(index, Elem)]
    if len(indices) >= 2:
        yield indices[-1]


def _target(cell: Cell) -> str | None:
    """The sort that the values of a cell are of, or are made of."""
    match cell.type:
        case SortType(name) | OptionalType(SortType(name)) | SetType(SortType(name)):
            return name
        case _:
            return None


def _points(cell: Cell) -> bool:
    return _target(cell) is not None


def _pointed(cell: Cell, value: Value) -> Iterator[Holding]:
    held = value if isinstance(value, frozenset) else {value}
    holder = ", ".join(map(show_value, cell.indices)) or repr(cell)
    for element in sorted(e for e in held if isinstance(e, Elem)):
        yield Holding(holder, element, _variable(cell))


def _related(cell: Cell, value: Value) -> Iterator[Holding]:
    """What a cell with two sorts as indices says, unless it is at its default."""
    if value == default(cell.type) or cell.path == (PROGRAM_COUNTER,):
        return
    last = max(i for i, index in enumerate(cell.indices) if isinstance(index, Elem))
    held = cell.indices[last]
    others = [show_value(index) for i, index in enumerate(cell.indices) if i != last]
    how = _variable(cell) if value is True else f"{_variable(cell)} = {show_value(value)}"
    if isinstance(held, Elem):
        yield Holding(", ".join(others), held, how)


def _variable(cell: Cell) -> str:
    return ".".join((cell.variable, *cell.path))


def _name(cell: Cell, element: Elem) -> str:
    """An attribute's name: the cell without the element that it is about."""
    others = "".join(f"[{show_value(index)}]" for index in cell.indices if index != element)
    path = f" {PROGRAM_COUNTER}" if cell.path == (PROGRAM_COUNTER,) else "".join(f".{p}" for p in cell.path)
    return cell.variable + others + path
