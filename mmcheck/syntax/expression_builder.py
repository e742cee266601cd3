"""The actions of the grammar for names, expressions, types and variables.

The children of a rule are all its tokens and values, signs included, with None for an option that is not
there. Lists are tuples; an expression or a type is its node.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec.structs import replace

from mmcheck.diagnostics import Collector
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast
from mmcheck.syntax.foreign import FOREIGN_TYPES
from mmcheck.syntax.lexer import Token
from mmcheck.syntax.operators import arrange

Children: TypeAlias = list[Any]
"""What a rule matched. The grammar, not mypy, knows the types."""


class _Base:
    """What all rules need: places, names and documentation."""

    def __init__(self, source: SourceFile, docs: Mapping[int, str], collector: Collector) -> None:
        self.source = source
        self.docs = docs
        self.collector = collector
        self.refused: set[str] = set()
        """Names that were reported here, so that nobody reports them again as unknown."""

    def take_refused(self) -> frozenset[str]:
        """Those names, once."""
        refused, self.refused = frozenset(self.refused), set()
        return refused

    def span(self, first: Any, last: Any) -> Span:
        """From one token or node to another."""
        start = first.start if isinstance(first, Token) else first.span.start
        end = last.end if isinstance(last, Token) else last.span.end
        return Span(self.source, start, end)

    def place(self, children: Children) -> Span:
        """The place of a rule that begins and ends with a token or a node."""
        first = next(child for child in children if child is not None)
        return self.span(first, children[-1])

    def name_of(self, token: Token) -> ast.Ident:
        return ast.Ident(token.text, span=Span(self.source, token.start, token.end))

    def doc(self, span: Span) -> str:
        return self.docs.get(span.start, "")

    @staticmethod
    def every_other(children: Children) -> Children:
        """The items of a list with commas."""
        return [child for child in children[::2] if child is not None]


class _Expressions(_Base):
    def expr(self, c: Children) -> ast.Expr:
        row = [
            self.name_of(item)
            if before is not None and isinstance(before, Token) and before.text == "at"
            else item
            for before, item in zip([None, *c], c, strict=False)
            if item is not None
        ]
        return arrange(row, self.collector)

    def quantified(self, c: Children) -> ast.Expr:
        kind, binders, _, where, _, body = c
        return ast.Quantified(ast.QuantifierKind(kind.text), binders, where, body, span=self.span(kind, body))

    def variable_name(self, c: Children) -> ast.Expr:
        token: Token = c[0]
        return ast.Name(token.text, span=Span(self.source, token.start, token.end))

    def number(self, c: Children) -> ast.Expr:
        token: Token = c[0]
        return ast.Number(int(token.text), span=Span(self.source, token.start, token.end))

    def true(self, c: Children) -> ast.Expr:
        return ast.Boolean(True, span=self.place(c))

    def false(self, c: Children) -> ast.Expr:
        return ast.Boolean(False, span=self.place(c))

    def null(self, c: Children) -> ast.Expr:
        return ast.Null(span=self.place(c))

    def primed(self, c: Children) -> ast.Expr:
        return ast.Primed(c[0], span=self.place(c))

    def index(self, c: Children) -> ast.Expr:
        return ast.Index(c[0], c[2], span=self.place(c))

    def field_access(self, c: Children) -> ast.Expr:
        return ast.FieldAccess(c[0], self.name_of(c[2]), span=self.place(c))

    def call(self, c: Children) -> ast.Expr:
        function, (args, end) = c
        return ast.Call(self.name_of(function), args, span=self.span(function, end))

    def arguments(self, c: Children) -> tuple[tuple[ast.Expr, ...], Token]:
        return tuple(self.every_other(c[1:-1])), c[-1]

    def group(self, c: Children) -> ast.Expr:
        """The expression itself, but its place has the parentheses: so `(a) + b` begins where it begins."""
        inner: ast.Expr = c[1]
        return replace(inner, span=self.place(c))

    def conditional(self, c: Children) -> ast.Expr:
        return ast.Conditional(c[1], c[3], c[5], span=self.place(c))

    def set_literal(self, c: Children) -> ast.Expr:
        return ast.SetLiteral(tuple(self.every_other(c[1:-1])), span=self.place(c))

    def cardinality(self, c: Children) -> ast.Expr:
        return ast.Cardinality(c[2], span=self.place(c))

    def by(self, c: Children) -> ast.Expr:
        return ast.By(c[2], span=self.place(c))

    def path(self, c: Children) -> ast.Ident:
        first, _, second = c
        if second is None:
            return self.name_of(first)
        return ast.Ident(f"{first.text}.{second.text}", span=self.span(first, second))

    step_path = path

    def sum(self, c: Children) -> ast.Expr:
        """`+` and `-` in the bounds of a range, which have no other operators."""
        left, sign, right = c
        return ast.Binary(ast.BinaryOp(sign.text), left, right, span=self.span(left, right))

    def minus(self, c: Children) -> ast.Expr:
        return ast.Unary(ast.UnaryOp.MINUS, c[1], span=self.place(c))

    def minus_number(self, c: Children) -> ast.Expr:
        return self.minus([c[0], self.number(c[1:])])


class ExpressionBuilder(_Expressions):
    def named_type(self, c: Children) -> ast.TypeExpr:
        token: Token = c[0]
        span = Span(self.source, token.start, token.end)
        if token.text in FOREIGN_TYPES:
            remedy = "Give the values: a range such as `0..3`, `bool`, an `enum` or a `sort`."
            self.collector.add("E100", f"the language has no type `{token.text}`", span, remedy)
            self.refused.add(token.text)
        return ast.NamedType(token.text, span=span)

    def range_type(self, c: Children) -> ast.TypeExpr:
        return ast.RangeType(c[0], c[2], span=self.place(c))

    def optional_type(self, c: Children) -> ast.TypeExpr:
        return ast.OptionalType(c[0], span=self.place(c))

    def set_type(self, c: Children) -> ast.TypeExpr:
        return ast.SetType(c[1], span=self.place(c))

    def params(self, c: Children) -> tuple[ast.Binder, ...]:
        return c[1] or ()

    def binders(self, c: Children) -> tuple[ast.Binder, ...]:
        binders: list[ast.Binder] = []
        for item in self.every_other(c):
            if isinstance(item, Token):  # a name alone
                name = self.name_of(item)
                item = ast.Binder(binders[-1].type, name, span=name.span)
            binders.append(item)
        return tuple(binders)

    def binder(self, c: Children) -> ast.Binder:
        return ast.Binder(c[0], self.name_of(c[1]), span=self.place(c))

    def variables(self, c: Children) -> tuple[ast.VariableDecl, ...]:
        type, *rest, end = c
        doc = self.doc(type.span)
        items = self.every_other(rest)
        return tuple(
            ast.VariableDecl(
                type,
                name,
                indices,
                value,
                doc=doc,
                span=self._declarator(type, name, item_end, end, i, len(items)),
            )
            for i, (name, indices, value, item_end) in enumerate(items)
        )

    def _declarator(
        self, type: ast.TypeExpr, name: ast.Ident, last: Any, end: Token, i: int, count: int
    ) -> Span:
        """The first declarator of several has the type, the last the semicolon."""
        return self.span(type if i == 0 else name, end if i == count - 1 else last)

    def variable(self, c: Children) -> tuple[ast.Ident, tuple[ast.TypeExpr, ...], Any, Any]:
        token, (indices, index_end), _, value = c
        return self.name_of(token), indices, value, value or index_end or token

    def indices(self, c: Children) -> tuple[tuple[ast.TypeExpr, ...], Token | None]:
        return tuple(c[1::3]), c[-1] if c else None

    def field(self, c: Children) -> tuple[ast.FieldDecl, ...]:
        type, *rest, end = c
        return self._fields(type, type, rest, end)

    def locals(self, c: Children) -> tuple[ast.FieldDecl, ...]:
        word, type, *rest, end = c
        return self._fields(word, type, rest, end)

    def _fields(
        self, first: Any, type: ast.TypeExpr, rest: Children, end: Token
    ) -> tuple[ast.FieldDecl, ...]:
        doc = self.doc(self.span(first, first))
        items = self.every_other(rest)
        return tuple(
            ast.FieldDecl(
                type,
                name,
                value,
                doc=doc,
                span=self.span(first if i == 0 else name, end if i == len(items) - 1 else item_end),
            )
            for i, (name, value, item_end) in enumerate(items)
        )

    def field_name(self, c: Children) -> tuple[ast.Ident, Any, Any]:
        token, _, value = c
        return self.name_of(token), value, value or token

    def any_value(self, c: Children) -> ast.AnyValue:
        return ast.AnyValue(span=self.place(c))
