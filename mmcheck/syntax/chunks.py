"""A file cut into declarations, before anything is parsed.

In a text without errors the cuts are exact: a declaration ends at the first `;` outside of braces, or at
the brace that closes its block. Where a bracket is missing, the words that begin a declaration, and can stand
nowhere else, set the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmcheck.syntax.brackets import Nesting, Opening, has_block
from mmcheck.syntax.lexer import Token, words

_NAMED = words(
    "spec import sort enum struct def transition process invariant reachable liveness scenario check assume"
)
"""Words that begin a declaration and are followed by its name."""

_PREFIXES = words("override fair strong volatile step")

DECLARATION_WORDS = _NAMED | _PREFIXES | {"state", "init", "const", "deadlock"}


def chunks(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """The tokens of each declaration; a semicolon that follows a block is left out."""
    first = 0
    nesting = Nesting()
    for i, token in enumerate(tokens):
        if i > first and token.text in DECLARATION_WORDS and _begins_declaration(tokens, i, nesting):
            yield tuple(tokens[first:i])
            first, nesting = i, Nesting()
        closed = nesting.take(tokens, i, first)
        if nesting.blocks == 0 and _may_end(tokens, first, i, closed):
            if i > first or token.text != ";":
                yield tuple(tokens[first : i + 1])
            first, nesting = i + 1, Nesting()
    if first < len(tokens):
        yield tuple(tokens[first:])


def _may_end(tokens: Sequence[Token], first: int, i: int, closed: Opening | None) -> bool:
    """Whether a declaration ends with this token, outside of all blocks. The semicolons of one whose opening
    brace is missing do not end it, nor does the brace of a set."""
    if tokens[i].text == ";":
        return i == first or not has_block(tokens, first)
    return tokens[i].text == "}" and (closed is None or closed.block)


def _begins_declaration(tokens: Sequence[Token], i: int, nesting: Nesting) -> bool:
    """Whether a declaration must begin here, although the one before it has not ended. In a block only
    what can mean nothing else counts: `bool state;` is a bad name there, no new declaration."""
    if tokens[i - 1].text in _PREFIXES or tokens[i - 1].text in _NAMED:
        return False
    while tokens[i].text in ("override", "fair", "strong") and i + 1 < len(tokens):
        i += 1
    word, before = tokens[i].text, tokens[i - 1].text
    following = tokens[i + 1] if i + 1 < len(tokens) else None
    inside = nesting.blocks > 0
    if following is None:
        return not inside
    if word in _NAMED:
        return following.is_name or not (inside or following.text in _AFTER_NAME)
    match word:
        case "state" | "init":
            return following.text == "{"
        case "volatile":
            return following.text == "state"
        case "const":
            return following.is_name or following.text == "bool" or following.type == "NUMBER"
        case "step":
            return following.text == "invariant" or before == "override" or not inside
        case "deadlock":
            return following.text == "free" and not inside
        case _:
            return False


_AFTER_NAME = words("( ) [ ] { } , : = ; . '")
"""What shows that the word before it was used as a name."""
