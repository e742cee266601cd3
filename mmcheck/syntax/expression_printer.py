"""Expressions and types as text, with no more parentheses than their precedence needs.

A quantifier reaches as far right as it can, so it stands bare only where nothing follows it (`last`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from mmcheck.syntax import ast
from mmcheck.syntax.operators import LEVELS, Level


def show_expr(expr: ast.Expr) -> str:
    """The text of an expression."""
    return _show(expr, Level.IFF, last=True)


def show_type(type: ast.TypeExpr) -> str:
    match type:
        case ast.NamedType(name):
            return name
        case ast.RangeType(lo, hi):
            return f"{_bound(lo)}..{_bound(hi)}"
        case ast.OptionalType(base):
            return f"{show_type(base)}?"
        case ast.SetType(element):
            return f"set {show_type(element)}"
        case _:
            assert_never(type)


def show_binders(binders: Iterable[ast.Binder]) -> str:
    return ", ".join(f"{show_type(binder.type)} {binder.name.name}" for binder in binders)


def show_where(where: ast.Expr | None) -> str:
    return "" if where is None else f" where {show_expr(where)}"


def show_list(exprs: Iterable[ast.Expr]) -> str:
    return ", ".join(map(show_expr, exprs))


def _show(expr: ast.Expr, level: Level, last: bool) -> str:
    """The text of an operand that must hold together at least as tightly as the level says."""
    if _level(expr) < level or (isinstance(expr, ast.Quantified) and not last):
        return f"({show_expr(expr)})"
    match expr:
        case ast.Unary(op, arg):
            return op.value + _show(arg, _operand_level(op, arg), last)
        case ast.Binary():
            return _binary(expr, last)
        case ast.At(process, step):
            return f"{_show(process, Level.SUM, last=False)} at {step.name}"
        case ast.Quantified(kind, binders, where, body):
            return f"{kind.value} {show_binders(binders)}{show_where(where)}: {show_expr(body)}"
        case _:
            return _postfix(expr)


def _level(expr: ast.Expr) -> Level:
    match expr:
        case ast.Binary(op):
            return LEVELS[op]
        case ast.Unary(op):
            return Level.NOT if op is ast.UnaryOp.NOT else Level.MINUS
        case ast.At():
            return Level.COMPARISON
        case ast.Quantified():
            return Level.MINUS  # As the last operand it needs no parentheses behind any operator.
        case _:
            return Level.POSTFIX


def _operand_level(op: ast.UnaryOp, arg: ast.Expr) -> Level:
    """A negated comparison gets parentheses, which the language demands for `==` and readers for all."""
    if op is ast.UnaryOp.MINUS:
        return Level.MINUS if isinstance(arg, ast.Quantified) else Level.POSTFIX
    if isinstance(arg, ast.Binary) and LEVELS[arg.op] is Level.COMPARISON:
        return Level.NOT if arg.op is ast.BinaryOp.IN else Level.SUM
    return Level.NOT


def _binary(expr: ast.Binary, last: bool) -> str:
    level = LEVELS[expr.op]
    tighter = Level(level + 1)
    # Comparisons do not associate, `=>` associates to the right, all others to the left.
    left = tighter if level in (Level.COMPARISON, Level.IMPLIES) else level
    right = level if level is Level.IMPLIES else tighter
    return f"{_show(expr.left, left, False)} {expr.op.value} {_show(expr.right, right, last)}"


def _postfix(expr: ast.Expr) -> str:
    match expr:
        case ast.Name(name):
            return name
        case ast.Number(value):
            return str(value)
        case ast.Boolean(value):
            return "true" if value else "false"
        case ast.Null():
            return "null"
        case ast.Primed(base):
            literal = isinstance(base, ast.Number | ast.Boolean | ast.Null)
            return f"({show_expr(base)})'" if literal else f"{_base(base)}'"
        case ast.Index(base, index):
            return f"{_base(base)}[{show_expr(index)}]"
        case ast.FieldAccess(base, field):
            return f"{_base(base)}.{field.name}"
        case ast.Call(function, args):
            return f"{function.name}({show_list(args)})"
        case ast.Conditional(condition, then, orelse):
            return f"({show_expr(condition)} ? {show_expr(then)} : {show_expr(orelse)})"
        case ast.SetLiteral(items):
            return f"{{{show_list(items)}}}"
        case ast.Cardinality(set):
            return f"count({show_expr(set)})"
        case ast.By(transition):
            return f"by({transition.name})"
        case ast.Unary() | ast.Binary() | ast.At() | ast.Quantified():
            return f"({show_expr(expr)})"
        case _:
            assert_never(expr)


def _base(expr: ast.Expr) -> str:
    return _show(expr, Level.POSTFIX, last=False)


def _bound(expr: ast.Expr) -> str:
    """A bound of a range: sums of simple terms, and parentheses around anything else."""
    match expr:
        case ast.Binary(ast.BinaryOp.PLUS | ast.BinaryOp.MINUS as op, left, right):
            return f"{_bound(left)} {op.value} {_bound_term(right)}"
        case _:
            return _bound_term(expr)


def _bound_term(expr: ast.Expr) -> str:
    match expr:
        case ast.Name() | ast.Number():
            return _postfix(expr)
        case ast.Unary(ast.UnaryOp.MINUS, ast.Name() | ast.Number() as arg):
            return f"-{_postfix(arg)}"
        case _:
            return f"({show_expr(expr)})"
