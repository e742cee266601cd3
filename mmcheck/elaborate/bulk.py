"""Bulk updates: that no two instances of a bulk `forall`, and no two statements of one, write one cell.

An instance writes cells of its own when each bound name is an index of what it assigns; two assignments to
one variable stay apart when each bound name indexes both at the same position.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from mmcheck.core.system import Assign, Body, ForAll, Havoc, If
from mmcheck.core.terms import Coerce, Literal, Local, Place, Term
from mmcheck.diagnostics import Collector, Note
from mmcheck.elaborate.scope import shown
from mmcheck.source import Span


class Write(Struct, frozen=True):
    """An assignment in a bulk update: the names bound around it, and the branches it lies in."""

    place: Place
    bound: tuple[str, ...]
    branches: tuple[tuple[int, bool], ...]
    span: Span | None


def check_bulk(update: ForAll, collector: Collector) -> None:
    """Report cells that an outermost bulk update might write twice."""
    writes = list(_writes(update, (), ()))
    sound = [write for write in writes if _has_own_cells(write, collector)]
    for i, second in enumerate(sound):
        for first in sound[:i]:
            _check_apart(first, second, collector)


def _writes(
    update: ForAll, bound: tuple[str, ...], branches: tuple[tuple[int, bool], ...]
) -> Iterator[Write]:
    bound += tuple(binder.name for binder in update.binders)
    yield from _writes_of(update.body, bound, branches)


def _writes_of(body: Body, bound: tuple[str, ...], branches: tuple[tuple[int, bool], ...]) -> Iterator[Write]:
    for statement in body:
        match statement:
            case Assign(place) | Havoc(place):
                yield Write(place, bound, branches, statement.span)
            case If(_, then, orelse):
                yield from _writes_of(then, bound, (*branches, (id(statement), True)))
                yield from _writes_of(orelse, bound, (*branches, (id(statement), False)))
            case ForAll():
                yield from _writes(statement, bound, branches)
            case _:
                pass


def _has_own_cells(write: Write, collector: Collector) -> bool:
    indexed = {_index_name(index) for index in write.place.indices}
    missing = [name for name in write.bound if name not in indexed]
    if missing:
        names = ", ".join(f"`{shown(name)}`" for name in missing)
        collector.add(
            "E401",
            f"every {names} writes this same cell: the order would decide which value stays",
            write.span,
            f"index the target by {names}, or say with `exists` when the cell changes and write it once",
        )
    return not missing


def _check_apart(first: Write, second: Write, collector: Collector) -> None:
    if not _overlap(first.place, second.place):
        return
    positions = list(zip(first.place.indices, second.place.indices, strict=True))
    common = [name for name in first.bound if name in second.bound]
    aligned = all(any(_index_name(a) == name == _index_name(b) for a, b in positions) for name in common)
    if aligned and _exclusive(first, second):
        return
    collector.add(
        "E401",
        f"this bulk update may write `{second.place.variable}` at one cell twice",
        second.span,
        "let one assignment decide: `x = (c ? a : b);`, or use two `forall`s, one behind the other",
        () if first.span is None else (Note("the other assignment", first.span),),
    )


def _overlap(first: Place, second: Place) -> bool:
    """Whether two places may be one, or one a part of the other."""
    short = min(len(first.path), len(second.path))
    if first.variable != second.variable or first.path[:short] != second.path[:short]:
        return False
    pairs = zip(first.indices, second.indices, strict=True)
    return not any(isinstance(a, Literal) and isinstance(b, Literal) and a.value != b.value for a, b in pairs)


def _exclusive(first: Write, second: Write) -> bool:
    """Whether one binding never does both: they lie in different branches of one `if`."""
    taken = dict(first.branches)
    return any(branch in taken and taken[branch] != side for branch, side in second.branches)


def _index_name(index: Term) -> str | None:
    """The name that an index is, where it is just a name."""
    inner = index.arg if isinstance(index, Coerce) else index
    return inner.name if isinstance(inner, Local) else None
