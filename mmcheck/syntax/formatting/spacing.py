"""What stands between two tokens of a line: a space or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mmcheck.syntax.formatting.pieces import Piece, Role
from mmcheck.syntax.lexer import words

_NOTHING_AFTER = words("( [ . ..")
_NOTHING_BEFORE = words(") ] , ; ' . .. [")
_KEYWORDS = words(
    "if require assert where in at forall exists choose and let set eventually always else reset goto"
)
"""Words before a bracket that belongs to an expression behind them, and not to a call."""


def joined(line: Sequence[Piece]) -> str:
    """The pieces on one line."""
    text = line[0].text if line else ""
    for before, piece in pairwise(line):
        text += gap(before, piece) + piece.text
    return text


def gap(before: Piece, piece: Piece) -> str:
    """What stands between two pieces on one line."""
    return "" if _tight(before, piece) else " "


def _tight(before: Piece, piece: Piece) -> bool:
    if before.text == piece.text == "-":
        return False  # The language has no `--`.
    if before.text in _NOTHING_AFTER or before.role in (Role.PREFIX, Role.TIGHT):
        return True
    if piece.text in _NOTHING_BEFORE or piece.role is Role.TIGHT:
        return True
    match piece.text:
        case "?" | ":":
            return piece.role is not Role.TERNARY
        case "(":
            return before.role is Role.WORD and before.text not in _KEYWORDS
        case "}":
            return piece.role is Role.SET or before.text == "{"
        case _:
            return before.text == "{" and before.role is Role.SET
