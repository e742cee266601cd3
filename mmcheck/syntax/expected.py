"""What may come next at a place in a text, as its grammar has it: for those who complete what is typed."""

from __future__ import annotations

from lark.exceptions import UnexpectedToken
from msgspec import Struct

from mmcheck.diagnostics import Collector
from mmcheck.source import SourceFile
from mmcheck.syntax.chunks import chunks
from mmcheck.syntax.grammar import grammar
from mmcheck.syntax.lexer import CONTEXTUAL_WORDS, Token, lex


class Expected(Struct, frozen=True):
    """The tokens of the declaration that is being written, up to the place, and what the grammar takes
    there: its words (None where an error stands before it), and whether a name may stand there."""

    tokens: tuple[Token, ...]
    words: frozenset[str] | None
    name: bool


def expected(text: str) -> Expected:
    """What may stand behind a text that ends in the middle of a file."""
    tables = grammar()
    tokens = lex(SourceFile("<text>", text), tables.types, Collector()).tokens
    cut = list(chunks(tokens))
    current = cut[-1] if cut else ()
    accepted = _accepted(current)
    if accepted is not None and "$END" in accepted:
        current, accepted = (), _accepted(())
    if accepted is None:
        return Expected(current, None, name=True)
    name = "NAME" in accepted
    words = {word for word in accepted if word.isalpha() and word not in ("NAME", "NUMBER")}
    return Expected(current, frozenset(words - CONTEXTUAL_WORDS if name else words), name)


def _accepted(tokens: tuple[Token, ...]) -> frozenset[str] | None:
    parser = grammar().parser({})
    try:
        for token in tokens:
            parser.feed_token(token)  # type: ignore[arg-type]
    except (UnexpectedToken, KeyError):
        return None
    return grammar().accepted(parser)
