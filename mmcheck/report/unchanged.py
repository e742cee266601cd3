"""Cells of equal value told together: `pinned[Task#1][*] = false` for a whole row of an array."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from mmcheck.core.instance import Cell, Instance, State
from mmcheck.core.types import Value, domain, show_value

ANY = "*"
"""Stands for every value of an index. It cannot be mistaken for a constant of an enum."""

MANY = 2
"""More patterns than this for one array are told as the rest of it, where they have one value."""

Indices = tuple[Value, ...]


def compact(instance: Instance, state: State, cells: Sequence[int]) -> list[tuple[str, str]]:
    """Some cells of a state as labels with values, in the order of declaration, those of one array that have
    one value put together: those that fill a dimension of it, or all that are not told elsewhere."""
    groups: dict[tuple[str, tuple[str, ...], str], list[Cell]] = {}
    for i in cells:
        cell = instance.cells[i]
        groups.setdefault((cell.variable, cell.path, show_value(state[i])), []).append(cell)
    values = Counter((variable, path) for variable, path, _ in groups)
    return [
        (label, value)
        for (variable, path, value), members in groups.items()
        for label in _labels(instance, members, alone=values[variable, path] == 1)
    ]


def _labels(instance: Instance, members: list[Cell], alone: bool) -> list[str]:
    """The labels of cells of one value. `alone` says that no other cell among those told has another."""
    merged = _merged([cell.indices for cell in members], _dimensions(instance, members[0]))
    if alone and len(merged) > MANY:
        everywhere = replace(members[0], indices=(ANY,) * len(members[0].indices))
        return [f"every other {everywhere!r}"]
    return [repr(replace(members[0], indices=indices)) for indices in merged]


def _dimensions(instance: Instance, cell: Cell) -> list[int]:
    """How many values each index of the cell's variable has."""
    types = instance.system.variable(cell.variable).indices
    return [sum(1 for _ in domain(type, instance.sizes)) for type in types]


def _merged(members: list[Indices], dimensions: list[int]) -> list[Indices]:
    """The fewest patterns found by filling one dimension after the other, from either side."""
    order = [i for i, size in enumerate(dimensions) if size > 1]
    return min((_fill_in_order(members, dimensions, o) for o in (order[::-1], order)), key=len)


def _fill_in_order(members: list[Indices], dimensions: list[int], order: Iterable[int]) -> list[Indices]:
    for i in order:
        rows: dict[Indices, list[Indices]] = {}
        for indices in members:
            rows.setdefault((*indices[:i], ANY, *indices[i + 1 :]), []).append(indices)
        members = [
            indices
            for pattern, row in rows.items()
            for indices in ([pattern] if len(row) == dimensions[i] else row)
        ]
    return members
