"""Expressions that are asked about a spec from outside of it, such as on a command line."""

from __future__ import annotations

from collections.abc import Mapping

from mmcheck.core.terms import Term
from mmcheck.core.types import Value
from mmcheck.diagnostics import Collector
from mmcheck.elaborate.context import Context
from mmcheck.elaborate.expressions import Expressions, Mode, evaluate
from mmcheck.elaborate.scope import Scope, Symbols
from mmcheck.elaborate.written_out import is_small
from mmcheck.source import SourceFile
from mmcheck.syntax import ast
from mmcheck.syntax.framing import framed
from mmcheck.syntax.parser import parse


def read_expression(
    source: SourceFile, symbols: Symbols, constants: Mapping[str, Value], collector: Collector
) -> Term | None:
    """The term of a text that is an expression over a state; None, with diagnostics, where it is none."""
    asked, own = framed(source.name, source.text, "def asked() = "), Collector()
    term = _lowered(asked.source, symbols, constants, own)
    if term is None and not own.has_errors:
        own.add("E100", f"`{source.text}` is not one expression", None)
    collector.diagnostics += (asked.told(diagnostic) for diagnostic in own.diagnostics)
    return term


def _lowered(
    source: SourceFile, symbols: Symbols, constants: Mapping[str, Value], collector: Collector
) -> Term | None:
    """The term behind the one definition of a source."""
    declarations = parse(source, collector).declarations
    first = declarations[0] if len(declarations) == 1 else None
    if not isinstance(first, ast.DefDecl):
        return None
    lowering = Expressions(Context(symbols, collector, constants, evaluate), Scope(), Mode.STATE)
    term = lowering.lower(first.body, None)
    return term if term is not None and is_small(lowering.context, term, first.body.span) else None
