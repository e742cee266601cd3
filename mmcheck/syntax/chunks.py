"""A file cut into declarations, before anything is parsed.

In a text without errors the cuts are exact: a declaration ends at the first `;` outside of braces, or at
the brace that closes its block. Where a bracket is missing, the words that begin a declaration, and can stand
nowhere else, set the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmcheck.syntax.brackets import Nesting
from mmcheck.syntax.lexer import Token

_NAMED = frozenset(
    "spec import sort enum struct def transition process invariant reachable liveness scenario check "
    "assume".split()
)
"""Words that begin a declaration and are followed by its name."""

_PREFIXES = frozenset("override fair strong volatile step".split())

DECLARATION_WORDS = _NAMED | _PREFIXES | {"state", "init", "const", "deadlock"}


def chunks(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """The tokens of each declaration; a semicolon that follows a block is left out."""
    first = 0
    nesting = Nesting()
    for i, token in enumerate(tokens):
        if i > first and token.text in DECLARATION_WORDS and _begins_declaration(tokens, i, nesting):
            yield tuple(tokens[first:i])
            first, nesting = i, Nesting()
        nesting.take(tokens, i, first)
        if token.text in (";", "}") and not nesting.blocks and not _in_expression(token, nesting, tokens, i):
            if i > first or token.text != ";":
                yield tuple(tokens[first : i + 1])
            first, nesting = i + 1, Nesting()
    if first < len(tokens):
        yield tuple(tokens[first:])
