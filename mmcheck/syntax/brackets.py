"""Which bracket belongs to which, in text that may have any error.

Braces are of two kinds: those of a block, which hold items that end in `;` or `}`, and those of a set
literal, which hold expressions. What stands before a brace tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from mmcheck.syntax.lexer import Token, words

_PARTNER = {")": "(", "]": "[", "}": "{"}
CLOSER = {"(": ")", "[": "]", "{": "}"}
_BEFORE_BLOCK = words(") ] } ' else state init true false null bool")
_BLOCK_HEADS = words("enum struct state volatile init transition process scenario check")


def has_block(tokens: Sequence[Token], first: int) -> bool:
    """Whether the declaration that begins there has a block, and no semicolon outside of it."""
    i = first
    while i + 1 < len(tokens) and tokens[i].text in ("override", "fair", "strong"):
        i += 1
    return tokens[i].text in _BLOCK_HEADS or (tokens[i].text == "step" and i > first)


class Opening(Struct, frozen=True):
    """An open bracket: the index of its token, and whether it opens a block."""

    index: int
    text: str
    block: bool


class Nesting(Struct):
    """The brackets that are open at some token of a chunk."""

    open: list[Opening] = field(default_factory=list)
    blocks: int = 0
    """How many of them open a block."""

    def take(self, tokens: Sequence[Token], index: int, first: int = 0) -> Opening | None:
        """Go past a token; returns the bracket that it closes. `first` is where its declaration begins."""
        text = tokens[index].text
        if text in CLOSER:
            block = text == "{" and self._opens_block(tokens, index, first)
            self.open.append(Opening(index, text, block))
            self.blocks += block
        elif text in _PARTNER:
            return self._close(_PARTNER[text])
        elif text == ";":
            self._drop_to_block()
        return None

    def _opens_block(self, tokens: Sequence[Token], index: int, first: int) -> bool:
        if self.blocks == 0 and has_block(tokens, first):
            return True
        before = tokens[index - 1] if index > first else None
        return before is None or before.is_name or before.type == "NUMBER" or before.text in _BEFORE_BLOCK

    def _close(self, wanted: str) -> Opening | None:
        """The innermost bracket of that kind; `)` and `]` do not look beyond the block they stand in."""
        for i in range(len(self.open) - 1, -1, -1):
            opening = self.open[i]
            if opening.text == wanted:
                self.blocks -= sum(gone.block for gone in self.open[i:])
                del self.open[i:]
                return opening
            if opening.block:
                return None
        return None

    def _drop_to_block(self) -> None:
        """A semicolon ends every bracket but those of blocks."""
        while self.open and not self.open[-1].block:
            self.open.pop()


class Brackets(Struct, frozen=True):
    """The brackets of one declaration, as far as they match."""

    openings: dict[int, Opening]
    """Every opening bracket by its index."""
    opener: dict[int, Opening]
    """What a closing bracket closes; one that closes nothing is not here."""
    closer: dict[int, int]
    """Where an opening bracket is closed; one that never is, is not here."""
    unclosed: tuple[Opening, ...]
    """Blocks that are open at the end."""

    def closes_block(self, index: int) -> bool:
        return index not in self.opener or self.opener[index].block

    def opens_block(self, index: int) -> bool:
        return index in self.openings and self.openings[index].block


def match_brackets(tokens: Sequence[Token]) -> Brackets:
    nesting = Nesting()
    openings: dict[int, Opening] = {}
    opener: dict[int, Opening] = {}
    for i, token in enumerate(tokens):
        closed = nesting.take(tokens, i)
        if closed is not None:
            opener[i] = closed
        elif token.text in CLOSER:
            openings[i] = nesting.open[-1]
    closer = {opening.index: i for i, opening in opener.items()}
    return Brackets(openings, opener, closer, tuple(opening for opening in nesting.open if opening.block))


def first_too_deep(tokens: Sequence[Token], limit: int) -> Token | None:
    """The first bracket that more than `limit` others stand around."""
    depth = 0
    for token in tokens:
        depth += (token.text in CLOSER) - (token.text in _PARTNER)
        if depth > limit:
            return token
    return None
