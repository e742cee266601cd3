"""Source text into a syntax tree, with every syntax error that is not the consequence of another."""

from __future__ import annotations

from mmcheck.diagnostics import Collector
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast
from mmcheck.syntax.builder import Builder
from mmcheck.syntax.chunks import chunks
from mmcheck.syntax.grammar import grammar
from mmcheck.syntax.lexer import lex
from mmcheck.syntax.recovery import Recovery

LARGEST_TEXT = 2_000_000


def parse(source: SourceFile, collector: Collector) -> ast.Module:
    """The tree of a file. Errors go to the collector, and a `BrokenDecl` stands for what had them."""
    whole = Span(source, 0, len(source.text))
    if len(source.text) > LARGEST_TEXT:
        message = f"the file has {len(source.text)} characters; {LARGEST_TEXT} are allowed"
        collector.add("E003", message, Span(source, 0, 0), "Split it into modules, and import them.")
        return ast.Module((), span=whole)
    tables = grammar()
    lexed = lex(source, tables.types, collector)
    recovery = Recovery(source, tables, Builder(source, lexed.docs, collector), collector)
    declarations = [decl for chunk in chunks(lexed.tokens) for decl in recovery.declarations(chunk)]
    return ast.Module(tuple(declarations), span=whole)
