"""Tables: adjacent blocks of one line each, below each other in the columns that their author made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from mmcheck.syntax.formatting.pieces import Piece, Role
from mmcheck.syntax.formatting.spacing import joined
from mmcheck.syntax.formatting.tree import Item


def tables(items: Sequence[Item], is_short: Callable[[Item], bool], width: int) -> dict[int, str]:
    """The text of each item that stands in a table, by its place among the items."""
    found: dict[int, str] = {}
    for run in _runs(items, is_short):
        texts = _aligned([_cells(items[i]) for i in run])
        if all(len(text) <= width for text in texts):
            found |= dict(zip(run, texts, strict=True))
    return found


def _runs(items: Sequence[Item], is_short: Callable[[Item], bool]) -> Iterator[list[int]]:
    """The places of short items that follow each other line by line, two or more."""
    run: list[int] = []
    for i, item in enumerate(items):
        first = item.pieces[0]
        if not is_short(item):
            yield from [run] * (len(run) > 1)
            run = []
        elif run and first.newline and not (first.blank or first.before):
            run.append(i)
        else:
            yield from [run] * (len(run) > 1)
            run = [i]
    yield from [run] * (len(run) > 1)


def _cells(item: Item) -> list[list[Piece]]:
    """What can be a column: the head, then the block from its brace on, statement by statement."""
    cells: list[list[Piece]] = [[]]
    level = 0
    for before, piece in zip([None, *item.pieces], item.pieces, strict=False):
        if piece.text == "{" and piece.role is Role.BLOCK:
            level += 1
            if level == 1:
                cells.append([])
        elif piece.text == "}" and piece.role is Role.BLOCK:
            level -= 1
        elif level == 1 and before is not None and before.text == ";":
            cells.append([])
        cells[-1].append(piece)
    return cells


def _aligned(lines: list[list[list[Piece]]]) -> list[str]:
    texts = [joined(cells[0]) for cells in lines]
    for k in range(1, max(map(len, lines))):
        for column, group in groupby(range(len(lines)), lambda i, k=k: _column(lines[i], k)):  # type: ignore[misc]
            members = list(group)
            if column is None:
                continue
            apart = len(members) > 1 and any(_is_apart(lines[i], k) for i in members)
            start = max(len(texts[i]) for i in members)
            for i in members:
                texts[i] = f"{texts[i].ljust(start if apart else 0)} {joined(lines[i][k])}"
    return texts


def _column(cells: list[list[Piece]], k: int) -> int | None:
    """Where a cell began in the source."""
    return cells[k][0].column if k < len(cells) else None


def _is_apart(cells: list[list[Piece]], k: int) -> bool:
    """Whether more than a space stood before a cell."""
    before = cells[k - 1][-1]
    return cells[k][0].column > before.column + len(before.text) + 1
