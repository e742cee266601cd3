"""From the tokens of one declaration to its tree, whatever is wrong with them.

The declaration is parsed; where that fails, the error is reported, the *tokens* are repaired, and the
declaration is parsed again. A repair inserts or replaces the token that was meant where that is clear
(`;`, `==` for `=`, a closing brace), and drops the whole statement where it is not. So one mistake gives one
message, and the mistakes in other statements still get theirs.
"""

from __future__ import annotations

from collections.abc import Sequence

from lark.exceptions import UnexpectedToken

from mmcheck.diagnostics import Collector, Diagnostic
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast
from mmcheck.syntax.brackets import first_too_deep
from mmcheck.syntax.builder import Builder
from mmcheck.syntax.chunks import DECLARATION_WORDS
from mmcheck.syntax.depth import DEEPEST_BRACKETS, DEEPEST_TREE, too_deep
from mmcheck.syntax.grammar import Grammar
from mmcheck.syntax.lexer import Token
from mmcheck.syntax.repair import end_of, names_in, repair

MOST_REPAIRS = 30
"""Of one declaration. Each costs a parse of it, so that a limit keeps garbage from taking forever."""

LARGEST_TO_REPAIR = 20_000
"""Tokens of a declaration above which only the first error is reported, for the same reason."""


class Recovery:
    """Parses the declarations of one file."""

    def __init__(self, source: SourceFile, grammar: Grammar, builder: Builder, collector: Collector) -> None:
        self.source = source
        self.grammar = grammar
        self.builder = builder
        self.actions = grammar.actions(builder)
        self.collector = collector
        self.astray = False
        """Whether the last chunk was no declaration, or may have lost its end to an error: what follows it at
        once, and is no declaration, is a consequence."""

    def declarations(self, chunk: tuple[Token, ...]) -> list[ast.Decl]:
        """The declaration that the tokens are, and a `BrokenDecl` for what had to be left out."""
        if self._goes_astray(chunk):
            return [self._broken(chunk)]
        tokens, lost, quiet = chunk, frozenset[str](), -1
        for _ in range(MOST_REPAIRS):
            outcome = self._attempt(tokens)
            if not isinstance(outcome, int):
                return self._accept(outcome, chunk, lost | self.builder.take_refused())
            repaired = repair(self.source, self.grammar, tokens, outcome)
            # An error just where a statement was dropped is about the gap as likely as about the text.
            if outcome != quiet:
                self._report(repaired.problem)
                self.astray = self.astray or repaired.problem.code in ("E100", "E102")
            if repaired.tokens is None or len(tokens) > LARGEST_TO_REPAIR:
                break
            tokens, lost, quiet = repaired.tokens, lost | repaired.lost, repaired.gap
        return [self._broken(chunk)]

    def _goes_astray(self, chunk: tuple[Token, ...]) -> bool:
        """Report what cannot be parsed at all: no declaration, or brackets without end."""
        deep = first_too_deep(chunk, DEEPEST_BRACKETS)
        if deep is not None:
            message = f"brackets are nested more than {DEEPEST_BRACKETS} deep"
            remedy = "Name parts of it with `def`, or split it."
            self.collector.add("E003", message, self.span(deep), remedy)
            return True
        before, self.astray = self.astray, _is_astray(chunk)
        return before and self.astray

    def _attempt(self, tokens: Sequence[Token]) -> ast.Decl | int:
        """The declaration, or the index of the token at which the parser gave up."""
        parser = self.grammar.parser(self.actions)
        i = 0
        try:
            for i, token in enumerate(tokens):  # noqa: B007
                parser.feed_token(token)  # type: ignore[arg-type]
            i = len(tokens)
            result: ast.Decl = parser.feed_token(end_of(tokens))  # type: ignore[arg-type]
        except UnexpectedToken:
            return i
        return result

    def _accept(self, decl: ast.Decl, chunk: tuple[Token, ...], lost: frozenset[str]) -> list[ast.Decl]:
        deep = too_deep(decl) if len(chunk) > DEEPEST_TREE else None
        if deep is not None:
            message = f"this is nested more than {DEEPEST_TREE} levels deep, long rows of operators included"
            remedy = "Name parts of it with `def`, or split it."
            self.collector.add("E003", message, Span(self.source, deep.span.start, deep.span.end), remedy)
            return [self._broken(chunk)]
        return [decl, ast.BrokenDecl(lost, span=decl.span)] if lost else [decl]

    def _report(self, problem: Diagnostic) -> None:
        self.collector.add(problem.code, problem.message, problem.span, problem.remedy, problem.notes)

    def _broken(self, chunk: tuple[Token, ...]) -> ast.Decl:
        self.builder.take_refused()
        return ast.BrokenDecl(names_in(chunk), span=Span(self.source, chunk[0].start, chunk[-1].end))

    def span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)


def _is_astray(chunk: Sequence[Token]) -> bool:
    """Whether it is no declaration, not even a misspelt one: what a stray `}` leaves of the next."""
    first, second = chunk[0], chunk[1] if len(chunk) > 1 else None
    words = [token.text for token in chunk[:4] if token.text not in ("fair", "strong")]
    if words[:1] == ["step"]:
        return words[1:2] != ["invariant"]
    if first.text in DECLARATION_WORDS:
        return False
    return not (first.is_name and second is not None and second.is_name)
