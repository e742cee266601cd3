"""Which bracket belongs to which, in text that may have any error.

Braces are of two kinds: those of a block, which hold items that end in `;` or `}`, and those of a set
literal, which hold expressions. What stands before a brace tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mmcheck.syntax.lexer import Token

_PARTNER = {")": "(", "]": "[", "}": "{"}
CLOSER = {"(": ")", "[": "]", "{": "}"}
_BEFORE_BLOCK = frozenset(") ] } ' else state init true false null bool".split())
_BLOCK_HEADS = frozenset(
    "enum struct state volatile init transition process step scenario check override fair strong".split()
)


@dataclass(frozen=True, slots=True)
class Opening:
    """An open bracket: the index of its token, and whether it opens a block."""

    index: int
    text: str
    block: bool


@dataclass
class Nesting:
    """The brackets that are open at some token of a chunk."""

    open: list[Opening] = field(default_factory=list)

    @property
    def blocks(self) -> int:
        """How many blocks are open."""
        return sum(opening.block for opening in self.open)

    def take(self, tokens: Sequence[Token], index: int, first: int = 0) -> Opening | None:
        """Go past a token; returns the bracket that it closes. `first` is where its declaration begins."""
        text = tokens[index].text
        if text in CLOSER:
            block = text == "{" and self._opens_block(tokens, index, first)
            self.open.append(Opening(index, text, block))
        elif text in _PARTNER:
            return self._close(_PARTNER[text])
        elif text == ";":
            self._drop_to_block()
        return None

    def _opens_block(self, tokens: Sequence[Token], index: int, first: int) -> bool:
        if not self.open and tokens[first].text in _BLOCK_HEADS:
            return True
        before = tokens[index - 1] if index > first else None
        return before is None or before.is_name or before.type == "NUMBER" or before.text in _BEFORE_BLOCK

    def _close(self, wanted: str) -> Opening | None:
        """The innermost bracket of that kind; `)` and `]` do not look beyond the block they stand in."""
        for i in range(len(self.open) - 1, -1, -1):
            opening = self.open[i]
            if opening.text == wanted:
                del self.open[i:]
                return opening
            if opening.block:
                return None
        return None

    def _drop_to_block(self) -> None:
        """A semicolon ends every bracket but those of blocks."""
        while self.open and not self.open[-1].block:
            self.open.pop()


@dataclass(frozen=True, slots=True)
class Brackets:
    """The brackets of one declaration: openings by the index of their closer, and closers by that of
    their opener; what has no entry has no partner."""

    opener: dict[int, Opening]
    closer: dict[int, int]
    unclosed: tuple[Opening, ...]
    """Blocks that are open at the end."""


def match_brackets(tokens: Sequence[Token]) -> Brackets:
    nesting = Nesting()
    opener: dict[int, Opening] = {}
    for i in range(len(tokens)):
        closed = nesting.take(tokens, i)
        if closed is not None:
            opener[i] = closed
    closer = {opening.index: i for i, opening in opener.items()}
    return Brackets(opener, closer, tuple(opening for opening in nesting.open if opening.block))
