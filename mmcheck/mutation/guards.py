"""Weaker conditions: every way to leave one part of a condition out so that more satisfies it.

What makes a condition weaker depends on where a part stands: below a negation, or left of `=>`, it is a
disjunct that must go, not a conjunct. Hence the `positive` of all that follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from msgspec import Struct
from msgspec.structs import replace

from mmcheck.syntax import ast
from mmcheck.syntax.ast import BinaryOp, QuantifierKind, UnaryOp


class Weaker(Struct, frozen=True):
    """A condition without one of its parts."""

    dropped: ast.Expr
    rest: ast.Expr


def weaker(condition: ast.Expr, positive: bool = True) -> Iterator[Weaker]:
    """The condition with one part left out. The whole of it is no part."""
    match condition:
        case ast.Unary(UnaryOp.NOT, arg):
            for way in weaker(arg, not positive):
                yield Weaker(way.dropped, replace(condition, arg=way.rest))
        case ast.Binary(BinaryOp.AND | BinaryOp.OR as op):
            yield from _of_parts(condition, op, positive)
        case ast.Binary(BinaryOp.IMPLIES, left, right):
            if not positive:
                yield Weaker(left, right)
            for way in weaker(left, not positive):
                yield Weaker(way.dropped, replace(condition, left=way.rest))
            for way in weaker(right, positive):
                yield Weaker(way.dropped, replace(condition, right=way.rest))
        case ast.Quantified(QuantifierKind.FORALL | QuantifierKind.EXISTS):
            yield from _of_quantified(condition, positive)
        case ast.Conditional(_, then, orelse):
            for way in weaker(then, positive):
                yield Weaker(way.dropped, replace(condition, then=way.rest))
            for way in weaker(orelse, positive):
                yield Weaker(way.dropped, replace(condition, orelse=way.rest))
        case _:
            return


def without(condition: ast.Expr) -> Iterator[tuple[ast.Expr, ast.Expr | None]]:
    """What can be left out of a condition that has to hold, each with what remains: the whole of it, unless
    it is a conjunction, and its parts."""
    if not (isinstance(condition, ast.Binary) and condition.op is BinaryOp.AND):
        yield condition, None
    for way in weaker(condition):
        yield way.dropped, way.rest


def parts(condition: ast.Expr, op: BinaryOp) -> list[ast.Expr]:
    """The operands of a row of one operator, however it is nested."""
    if isinstance(condition, ast.Binary) and condition.op is op:
        return [*parts(condition.left, op), *parts(condition.right, op)]
    return [condition]


def _of_parts(condition: ast.Binary, op: BinaryOp, positive: bool) -> Iterator[Weaker]:
    operands = parts(condition, op)
    for i, operand in enumerate(operands):
        if (op is BinaryOp.AND) is positive:
            yield Weaker(operand, _row(op, operands[:i] + operands[i + 1 :]))
        for way in weaker(operand, positive):
            yield Weaker(way.dropped, _row(op, [*operands[:i], way.rest, *operands[i + 1 :]]))


def _row(op: BinaryOp, operands: list[ast.Expr]) -> ast.Expr:
    return reduce(lambda left, right: ast.Binary(op, left, right, span=left.span.to(right.span)), operands)


def _of_quantified(condition: ast.Quantified, positive: bool) -> Iterator[Weaker]:
    # `exists x where w: e` is `w && e` for some x, `forall x where w: e` is `w => e` for all.
    conjunct = condition.kind is QuantifierKind.EXISTS
    if condition.where is not None:
        if conjunct is positive:
            yield Weaker(condition.where, replace(condition, where=None))
        for way in weaker(condition.where, positive if conjunct else not positive):
            yield Weaker(way.dropped, replace(condition, where=way.rest))
    for way in weaker(condition.body, positive):
        yield Weaker(way.dropped, replace(condition, body=way.rest))


def calls(condition: ast.Expr, positive: bool = True) -> Iterator[tuple[str, bool]]:
    """The defs whose value the condition depends on in one direction: their names, and in which."""
    match condition:
        case ast.Call(function):
            yield function.name, positive
        case ast.Unary(UnaryOp.NOT, arg):
            yield from calls(arg, not positive)
        case ast.Binary(BinaryOp.AND | BinaryOp.OR, left, right):
            yield from calls(left, positive)
            yield from calls(right, positive)
        case ast.Binary(BinaryOp.IMPLIES, left, right):
            yield from calls(left, not positive)
            yield from calls(right, positive)
        case ast.Quantified(QuantifierKind.FORALL | QuantifierKind.EXISTS as kind, _, where, body):
            if where is not None:
                yield from calls(where, positive if kind is QuantifierKind.EXISTS else not positive)
            yield from calls(body, positive)
        case ast.Conditional(_, then, orelse):
            yield from calls(then, positive)
            yield from calls(orelse, positive)
        case _:
            return
