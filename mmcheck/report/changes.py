"""What a step changes, cell by cell, and inside of sets element by element."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from mmcheck.core.instance import Instance, State
from mmcheck.core.types import Value, show_value, sort_key


class Change(Struct, frozen=True):
    """A cell with its values before and after a step. Of a set, what came in and what went out."""

    cell: str
    before: Value
    after: Value

    @property
    def added(self) -> tuple[str, ...]:
        return _difference(self.after, self.before)

    @property
    def removed(self) -> tuple[str, ...]:
        return _difference(self.before, self.after)

    def __str__(self) -> str:
        """`sealed: false -> true`; of sets `waiting: +Task#1 -Task#0`."""
        parts = [*(f"+{item}" for item in self.added), *(f"-{item}" for item in self.removed)]
        told = " ".join(parts) if parts else f"{show_value(self.before)} -> {show_value(self.after)}"
        return f"{self.cell}: {told}"


def changes(instance: Instance, before: State, after: State) -> Iterator[Change]:
    """The cells that differ, in the order of declaration."""
    for cell, old, new in zip(instance.cells, before, after, strict=True):
        if old != new:
            yield Change(repr(cell), old, new)


def _difference(left: Value, right: Value) -> tuple[str, ...]:
    if not isinstance(left, frozenset) or not isinstance(right, frozenset):
        return ()
    return tuple(show_value(item) for item in sorted(left - right, key=sort_key))
