"""Operator precedence (loosest first), as parser and printer share it, and the tree of a row of operands.

The grammar leaves `a && !b == c` a flat row. The tree is made here with two stacks (Dijkstra's shunting
yard), so that a long row needs no deep recursion and that what is ambiguous to a reader gets a message of
its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from mmcheck.diagnostics import Collector
from mmcheck.source import Span
from mmcheck.syntax.ast import At, Binary, BinaryOp, Expr, Ident, Unary, UnaryOp
from mmcheck.syntax.lexer import Token


class Level(IntEnum):
    """How tightly an expression holds together."""

    IFF = 1
    IMPLIES = 2
    OR = 3
    AND = 4
    NOT = 5
    COMPARISON = 6
    SUM = 7
    MINUS = 8
    POSTFIX = 9


LEVELS: dict[BinaryOp, Level] = {
    BinaryOp.IFF: Level.IFF,
    BinaryOp.IMPLIES: Level.IMPLIES,
    BinaryOp.OR: Level.OR,
    BinaryOp.AND: Level.AND,
    **dict.fromkeys(
        (BinaryOp.EQ, BinaryOp.NE, BinaryOp.LT, BinaryOp.LE, BinaryOp.GT, BinaryOp.GE, BinaryOp.IN),
        Level.COMPARISON,
    ),
    **dict.fromkeys(
        (BinaryOp.PLUS, BinaryOp.MINUS, BinaryOp.UNION, BinaryOp.INTERSECTION),
        Level.SUM,
    ),
}

_BINARY = {op.value: op for op in BinaryOp}
_LEVEL_OF_TEXT: dict[str, Level] = {**{op.value: LEVELS[op] for op in BinaryOp}, "at": Level.COMPARISON}

Item: TypeAlias = Expr | Token | Ident


class _Pending(NamedTuple):
    """An operator that waits for its right operand."""

    text: str
    token: Token
    level: Level
    prefix: bool


class Row:
    """The two stacks over one row of operators and operands."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.operands: list[Expr] = []
        self.pending: list[_Pending] = []
        self.bare: dict[int, Token] = {}
        """The operator of each comparison that was built here, hence not in parentheses, by identity."""

    def run(self, items: Sequence[Item]) -> Expr:
        operand_next = True
        for i, item in enumerate(items):
            if not isinstance(item, Token):
                if not isinstance(item, Ident):
                    self.operands.append(item)
                    operand_next = False
                continue
            if operand_next:
                self.pending.append(_Pending(item.text, item, _prefix_level(item.text), True))
                continue
            level = _LEVEL_OF_TEXT[item.text]
            self._reduce_above(level)
            if item.text == "at":
                self._at(item, items[i + 1])
            else:
                self.pending.append(_Pending(item.text, item, level, False))
                operand_next = True
        self._reduce_above(Level.IFF)
        return self.operands[0]

    def _reduce_above(self, level: Level) -> None:
        """Build what binds at least as tightly as the operator that comes now."""
        while self.pending:
            last = self.pending[-1]
            # `=>` is right associative: an equal one waits. A prefix waits for the operand behind it only.
            if last.level < level or (last.level is level is Level.IMPLIES):
                return
            self._reduce(self.pending.pop())

    def _reduce(self, operator: _Pending) -> None:
        right = self.operands.pop()
        if operator.prefix:
            self.operands.append(self._unary(operator, right))
            return
        left = self.operands.pop()
        built = Binary(_BINARY[operator.text], left, right, span=left.span.to(right.span))
        if operator.level is Level.COMPARISON and self._follows_comparison(operator.token, left):
            built = _both(left, built)
        self._built(built, operator.level, operator.token)

    def _built(self, expr: Expr, level: Level, token: Token) -> None:
        if level is Level.COMPARISON:
            self.bare[id(expr)] = token
        self.operands.append(expr)

    def _unary(self, operator: _Pending, arg: Expr) -> Expr:
        compared = self.bare.get(id(arg))
        if operator.text == "!" and compared is not None and compared.text in ("==", "!="):
            message = f"`!` here negates the whole comparison with `{compared.text}`"
            remedy = f"Write `!(a {compared.text} b)`, or `(!a) {compared.text} b`, whichever is meant."
            self.collector.add("E106", message, self._between(operator.token, arg.span), remedy)
        op = UnaryOp.NOT if operator.text == "!" else UnaryOp.MINUS
        return Unary(op, arg, span=self._between(operator.token, arg.span))

    def _at(self, token: Token, step: Item) -> None:
        process = self.operands.pop()
        self._follows_comparison(token, process)
        if isinstance(step, Ident):
            self._built(At(process, step, span=process.span.to(step.span)), Level.COMPARISON, token)

    def _follows_comparison(self, token: Token, left: Expr) -> bool:
        """Report `a == b == c`, which C reads as `(a == b) == c` and mathematics as `a == b && b == c`."""
        first = self.bare.get(id(left))
        if first is not None:
            message = f"`{first.text}` and `{token.text}` cannot follow one another"
            remedy = "Join two comparisons with `&&`, or put one of them in parentheses."
            self.collector.add("E106", message, Span(left.span.file, token.start, token.end), remedy)
        return first is not None

    @staticmethod
    def _between(token: Token, last: Span) -> Span:
        return Span(last.file, token.start, last.end)


def _both(first: Expr, second: Binary) -> Binary:
    """A chain as mathematics reads it, so that its types, at least, are not reported as well."""
    last = first.right if isinstance(first, Binary) and first.op is BinaryOp.AND else first
    if not isinstance(last, Binary):
        return second
    following = Binary(second.op, last.right, second.right, span=second.span)
    return Binary(BinaryOp.AND, first, following, span=second.span)


def _prefix_level(text: str) -> Level:
    return Level.NOT if text == "!" else Level.MINUS


def arrange(items: Sequence[Item], collector: Collector) -> Expr:
    """The tree of a row such as `a`, `&&`, `!`, `b`; `at` is followed by the name of a step."""
    return Row(collector).run(items)
