"""Where the lines of a statement or a head end: where its author ended them, and where they get too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from msgspec.structs import replace

from mmcheck.syntax.formatting.pieces import Piece, Role
from mmcheck.syntax.formatting.spacing import joined
from mmcheck.syntax.lexer import words
from mmcheck.syntax.operators import LEVELS

WIDTH = 120
"""As far as the code of a line reaches, where it can be broken. Comments are never broken."""

_INFIX = {**{op.value: int(level) for op, level in LEVELS.items()}, "~>": 0}
_NEVER_FIRST = words(") ] , ; ' . .. [ :")
_PROPERTIES = words("invariant step reachable liveness assume")
_LISTED = 20
"""The key of a break behind a comma, weaker than any operator's."""


def rows(line: Sequence[Piece], width: int) -> list[list[Piece]]:
    """The lines that a statement or a head takes, each at most so wide where it can be broken."""
    settled = _settled(_with_head(line))
    split: list[list[Piece]] = []
    for i, piece in enumerate(settled):
        if i == 0 or piece.breaks or settled[i - 1].after is not None:
            split.append([])
        split[-1].append(piece)
    return [row for part in split for row in _broken(part, width)]


def _with_head(line: Sequence[Piece]) -> list[Piece]:
    """The pieces, the end of the head marked among them."""
    sign = ":" if line and line[0].text in _PROPERTIES else "="
    end = next((i for i, p in enumerate(line) if p.text == sign and p.depth == 0), None)
    return [replace(p, role=Role.HEAD) if i == end else p for i, p in enumerate(line)]


def _settled(line: list[Piece]) -> list[Piece]:
    """The pieces with breaks only where they may be: before an operator rather than behind it, behind `=` and
    the colon of a head rather than before them."""
    if line:
        line[0] = replace(line[0], newline=False)
    for i in range(1, len(line)):
        if not line[i].newline:
            continue
        if line[i].text in _NEVER_FIRST or line[i].role in (Role.HEAD, Role.BLOCK):
            line[i] = replace(line[i], newline=False)
            if line[i].role is Role.HEAD and i + 1 < len(line):
                line[i + 1] = replace(line[i + 1], newline=True)
        elif _is_infix(line[i - 1]) and not line[i].before and line[i - 1].after is None and i > 1:
            line[i] = replace(line[i], newline=False)
            line[i - 1] = replace(line[i - 1], newline=True)
    return line


def _is_infix(piece: Piece) -> bool:
    return piece.text in _INFIX and piece.role not in (Role.PREFIX, Role.TIGHT)


def _broken(line: list[Piece], width: int) -> Iterator[list[Piece]]:
    """A line in as many parts as its length needs."""
    if len(joined(line)) <= width:
        yield line
        return
    keys = [(i, key) for i in range(1, len(line)) if (key := _key(line, i)) is not None]
    if not keys:
        yield line
        return
    loosest = min(key for _, key in keys)
    places = [i for i, key in keys if key == loosest]
    fitting = list(takewhile(lambda i: len(joined(line[:i])) <= width, places))
    place = fitting[-1] if fitting else places[0]
    yield from _broken(line[:place], width)
    yield from _broken(line[place:], width)


def _key(line: list[Piece], i: int) -> tuple[int, int] | None:
    """How loosely the line holds together before a piece: where it is to be broken first. None where it must
    not be broken."""
    before, piece = line[i - 1], line[i]
    if piece.text in _NEVER_FIRST or piece.role is Role.BLOCK:
        return None
    if before.role is Role.HEAD:
        return 0, -1
    if _is_infix(piece):
        return piece.depth, _INFIX[piece.text]
    if piece.role is Role.TERNARY:
        return piece.depth, -1
    if before.text in (",", ":"):
        return before.depth, _LISTED
    return None
