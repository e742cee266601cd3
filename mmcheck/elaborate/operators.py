"""Operators: `!`, `&&`, `==`, `<`, `in`, `+`, `|` and their kin, typed and lowered."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from mmcheck.core import terms
from mmcheck.core.terms import Comparison, Literal, Term
from mmcheck.core.types import BOOL, EnumType, OptionalType, RangeType, SetType, SortType, Type
from mmcheck.elaborate.fit import base_of, comparable, describe, join
from mmcheck.elaborate.fold import fold
from mmcheck.source import Span
from mmcheck.syntax import ast


class Lowering(Protocol):
    """What operators need of the expressions around them."""

    def lower(self, expr: ast.Expr, expected: Type | None = None) -> Term | None: ...

    def boolean(self, expr: ast.Expr) -> Term | None: ...

    def coerced(self, term: Term, wanted: Type, what: str, span: Span) -> Term | None: ...

    def error(self, code: str, message: str, span: Span, remedy: str = "") -> None: ...


class Operators(Struct, frozen=True):
    """Lowers what has operators; the operands are lowered by `lowering`."""

    lowering: Lowering

    def unary(self, expr: ast.Unary) -> Term | None:
        """The term of `!e` or `-e`."""
        match expr.op:
            case ast.UnaryOp.NOT:
                arg = self.lowering.boolean(expr.arg)
                return None if arg is None else terms.Not(arg, span=expr.span)
            case ast.UnaryOp.MINUS:
                number = self._number(expr.arg)
                if number is None:
                    return None
                return self._arithmetic(terms.ArithmeticOp.SUB, _ZERO, number, expr.span)

    def binary(self, expr: ast.Binary, expected: Type | None) -> Term | None:
        """The term of two operands; `expected` is the type that a set has where nothing else tells it."""
        op = ast.BinaryOp
        match expr.op:
            case op.AND | op.OR | op.IMPLIES | op.IFF:
                return self._connective(expr)
            case op.EQ | op.NE:
                return self._equality(expr)
            case op.LT | op.LE | op.GT | op.GE:
                return self._order(expr)
            case op.IN:
                return self._member(expr)
            case op.PLUS | op.MINUS | op.UNION | op.INTERSECTION:
                return self._sum(expr, expected)

    def _connective(self, expr: ast.Binary) -> Term | None:
        left, right = self.lowering.boolean(expr.left), self.lowering.boolean(expr.right)
        if left is None or right is None:
            return None
        match expr.op:
            case ast.BinaryOp.AND:
                return terms.And((*_spread(left, terms.And), *_spread(right, terms.And)), span=expr.span)
            case ast.BinaryOp.OR:
                return terms.Or((*_spread(left, terms.Or), *_spread(right, terms.Or)), span=expr.span)
            case ast.BinaryOp.IMPLIES:
                return terms.Implies(left, right, span=expr.span)
            case _:
                return terms.Compare(Comparison.EQ, left, right, span=expr.span)

    def _equality(self, expr: ast.Binary) -> Term | None:
        sides = self._sides(expr)
        if sides is None:
            return None
        left, right = sides
        if not comparable(left.type, right.type):
            self.incomparable(left.type, right.type, expr.span)
            return None
        equal = terms.Compare(Comparison.EQ, left, right, span=expr.span)
        return equal if expr.op is ast.BinaryOp.EQ else terms.Not(fold(equal), span=expr.span)

    def _sides(self, expr: ast.Binary) -> tuple[Term, Term] | None:
        """Both sides; the one that does not tell its own type is lowered second."""
        left: Term | None
        right: Term | None
        if is_untyped(expr.left) and not is_untyped(expr.right):
            right = self.lowering.lower(expr.right)
            left = None if right is None else self.lowering.lower(expr.left, right.type)
        else:
            left = self.lowering.lower(expr.left)
            if left is None and is_untyped(expr.right):
                return None
            right = self.lowering.lower(expr.right, None if left is None else left.type)
        return None if left is None or right is None else (left, right)

    def incomparable(self, left: Type, right: Type, span: Span) -> None:
        """Report that values of two types can never be equal."""
        kinds = {type(base_of(left)), type(base_of(right))}
        if kinds == {SortType, RangeType}:
            self.lowering.error(
                "E302",
                f"{describe(left)} and {describe(right)} are compared",
                span,
                "the elements of a sort have no numbers; name one by a parameter, or use a range instead",
            )
            return
        self.lowering.error(
            "E301",
            f"{describe(left)} and {describe(right)} are compared, which are never equal",
            span,
            "compare values of one type",
        )

    def _order(self, expr: ast.Binary) -> Term | None:
        left, right = self._number(expr.left), self._number(expr.right)
        if left is None or right is None:
            return None
        match expr.op:
            case ast.BinaryOp.LT:
                return terms.Compare(Comparison.LT, left, right, span=expr.span)
            case ast.BinaryOp.LE:
                return terms.Compare(Comparison.LE, left, right, span=expr.span)
            case ast.BinaryOp.GT:
                return terms.Compare(Comparison.LT, right, left, span=expr.span)
            case _:
                return terms.Compare(Comparison.LE, right, left, span=expr.span)

    def _number(self, expr: ast.Expr) -> Term | None:
        term = self.lowering.lower(expr)
        return None if term is None else self._as_number(term, expr.span)

    def _as_number(self, term: Term, span: Span) -> Term | None:
        """A number: one that may be null is checked not to be."""
        base = base_of(term.type)
        if isinstance(base, RangeType):
            return self.lowering.coerced(term, base, "a number", span)
        if isinstance(base, SortType):
            message = f"{describe(term.type)} has no number and no order"
            self.lowering.error("E302", message, span, "use a range instead of a sort if order matters")
        else:
            remedy = (
                "enums have no order: compare with `==`" if isinstance(base, EnumType) else "give a number"
            )
            self.lowering.error(
                "E300", f"a number is needed here, and this is {describe(term.type)}", span, remedy
            )
        return None

    def _member(self, expr: ast.Binary) -> Term | None:
        container = self.lowering.lower(expr.right)
        element = self.lowering.lower(
            expr.left,
            OptionalType(container.type.element)
            if container is not None and isinstance(container.type, SetType)
            else None,
        )
        if container is None or element is None:
            return None
        if not isinstance(container.type, SetType):
            message = f"`in` needs a set at its right, and this is {describe(container.type)}"
            self.lowering.error("E300", message, expr.right.span, "compare with `==`, or declare a `set`")
            return None
        if not comparable(element.type, container.type.element):
            message = f"{describe(element.type)} is never in {describe(container.type)}"
            self.lowering.error("E301", message, expr.span, f"ask for {describe(container.type.element)}")
            return None
        return terms.Member(element, container, span=expr.span)

    def _sum(self, expr: ast.Binary, expected: Type | None) -> Term | None:
        """`+` and `-` of numbers; `|`, `&` and `-` of sets."""
        hint = expected if isinstance(expected, SetType) else None
        left = self.lowering.lower(expr.left, hint)
        right = self.lowering.lower(expr.right, left.type if left is not None else hint)
        if left is None or right is None:
            return None
        sets = isinstance(left.type, SetType) and isinstance(right.type, SetType)
        operation = _SET_OPERATIONS.get(expr.op)
        if sets and operation is not None:
            type = join(left.type, right.type)
            if type is None:
                self.incomparable(left.type, right.type, expr.span)
                return None
            return terms.SetOperation(operation, left, right, type, span=expr.span)
        arithmetic = _ARITHMETIC.get(expr.op)
        if arithmetic is None or sets:
            self._bad_operator(expr, left.type)
            return None
        first, second = self._as_number(left, expr.left.span), self._as_number(right, expr.right.span)
        if first is None or second is None:
            return None
        return self._arithmetic(arithmetic, first, second, expr.span)

    def _bad_operator(self, expr: ast.Binary, type: Type) -> None:
        remedy = {
            (ast.BinaryOp.UNION, True): "write `||` for `or`",
            (ast.BinaryOp.INTERSECTION, True): "write `&&` for `and`",
        }.get((expr.op, type == BOOL), "`|`, `&` and `-` take two sets, `+` and `-` two numbers")
        if isinstance(type, SetType) and expr.op is ast.BinaryOp.PLUS:
            remedy = "write `|` for the union of two sets, and `{x}` for the set of one element"
        self.lowering.error("E300", f"`{expr.op.value}` does not go with {describe(type)}", expr.span, remedy)

    def _arithmetic(self, op: terms.ArithmeticOp, left: Term, right: Term, span: Span) -> Term:
        a, b = left.type, right.type
        assert isinstance(a, RangeType) and isinstance(b, RangeType)
        if op is terms.ArithmeticOp.ADD:
            bounds = RangeType(_plus(a.lo, b.lo), _plus(a.hi, b.hi))
        else:
            bounds = RangeType(_plus(a.lo, _negated(b.hi)), _plus(a.hi, _negated(b.lo)))
        return terms.Arithmetic(op, left, right, bounds, span=span)


_ZERO = Literal(0, RangeType(0, 0))

_SET_OPERATIONS = {
    ast.BinaryOp.UNION: terms.SetOp.UNION,
    ast.BinaryOp.INTERSECTION: terms.SetOp.INTERSECTION,
    ast.BinaryOp.MINUS: terms.SetOp.DIFFERENCE,
}

_ARITHMETIC = {ast.BinaryOp.PLUS: terms.ArithmeticOp.ADD, ast.BinaryOp.MINUS: terms.ArithmeticOp.SUB}


def _spread(term: Term, connective: type[terms.And] | type[terms.Or]) -> tuple[Term, ...]:
    """The arguments of a chain of one connective, so that `a && b && c` is one conjunction of three."""
    return term.args if isinstance(term, connective) else (term,)


def is_untyped(expr: ast.Expr) -> bool:
    """Whether an expression needs to be told its type."""
    return isinstance(expr, ast.Null) or (isinstance(expr, ast.SetLiteral) and not expr.items)


def _plus(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


def _negated(a: int | None) -> int | None:
    return None if a is None else -a
