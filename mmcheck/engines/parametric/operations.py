"""What operators of the language do with values over uninterpreted sorts: comparison, arithmetic, sets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import assert_never

from mmcheck.core.terms import ArithmeticOp, Comparison, SetOp
from mmcheck.core.types import (
    BoolType,
    OptionalType,
    RangeType,
    SetType,
    StructType,
    Type,
    Value,
)
from mmcheck.engines.parametric.logic import FALSE, TRUE, Logic
from mmcheck.engines.parametric.values import (
    AnyValue,
    Cases,
    Element,
    Leaf,
    Members,
    OutsideError,
    Parts,
    Tally,
    merged,
    same_leaf,
    uncounted,
)
from mmcheck.engines.parametric.vocabulary import Vocabulary
from mmcheck.source import Span

MOST_PAIRS = 4_000
"""The most pairs of numbers that an operator of arithmetic is worked out for."""


def constant(value: Value, type: Type) -> AnyValue:
    """A plain value."""
    match type:
        case BoolType():
            return TRUE if value else FALSE
        case SetType():
            assert isinstance(value, frozenset)
            return Members(lambda leaf: TRUE if leaf in value else FALSE)
        case StructType(_, fields):
            return Parts({f.name: constant(value.get(f.name), f.type) for f in fields})  # type: ignore[union-attr]  # typed as a struct
        case _:
            return {value: TRUE}


def as_cases(logic: Logic, value: AnyValue) -> Cases:
    """A scalar as the table of what it may be."""
    match value:
        case dict():
            return value
        case int():
            return merged(logic, ((True, value), (False, logic.neg(value))))
        case Tally():
            raise uncounted(value)
        case _:
            raise TypeError(f"{value!r} is no scalar")


# --- comparison ------------------------------------------------------------------------------------------


def equal(logic: Logic, left: AnyValue, right: AnyValue) -> int:
    """Whether two scalars that are no sets are the same."""
    if isinstance(left, int) and isinstance(right, int):
        return logic.iff(left, right)
    assert isinstance(left, dict) and isinstance(right, dict)
    pairs = product(left.items(), right.items())
    return logic.disj(*(logic.conj(f, g, same_leaf(logic, a, b)) for (a, f), (b, g) in pairs))


def compare(
    vocabulary: Vocabulary, comparison: Comparison, left: AnyValue, right: AnyValue, type: Type
) -> int:
    """A comparison of two values of a type."""
    logic = vocabulary.logic
    match left, right:
        case (Tally() as one, Tally()):
            raise uncounted(one)
        case (Tally() as tally, _):
            return _compare_tally(logic, comparison, tally, as_cases(logic, right), reverse=False)
        case (_, Tally() as tally):
            return _compare_tally(logic, comparison, tally, as_cases(logic, left), reverse=True)
        case (Parts(a), Parts(b)):
            assert isinstance(type, StructType)
            return logic.conj(
                *(compare(vocabulary, comparison, a[f.name], b[f.name], f.type) for f in type.fields)
            )
        case (Members(), Members()):
            return _same_members(vocabulary, left, right, type)
        case _:
            pass
    if comparison is Comparison.EQ:
        return equal(logic, left, right)
    pairs = product(as_cases(logic, left).items(), as_cases(logic, right).items())
    fits = (logic.conj(f, g) for (a, f), (b, g) in pairs if _is_ordered(comparison, a, b))
    return logic.disj(*fits)


def _same_members(vocabulary: Vocabulary, left: Members, right: Members, type: Type) -> int:
    assert isinstance(type, SetType)
    logic, sort = vocabulary.logic, vocabulary.sort_of(type.element)
    if sort is not None:
        var = logic.var(sort)
        leaf = Element(var)
        return logic.forall((var,), logic.iff(left.contains(leaf), right.contains(leaf)))
    values = vocabulary.values(type.element)
    return logic.conj(*(logic.iff(left.contains(v), right.contains(v)) for v in values))


def _compare_tally(logic: Logic, comparison: Comparison, tally: Tally, number: Cases, reverse: bool) -> int:
    """The number of elements against small numbers, or null: on the left, or on the right if `reverse`."""
    found = []
    for leaf, guard in number.items():
        if not isinstance(leaf, int):
            continue
        if comparison is Comparison.EQ:
            holds = logic.conj(tally.at_least(leaf), logic.neg(tally.at_least(leaf + 1)))
        elif reverse:
            holds = tally.at_least(leaf + (comparison is Comparison.LT))
        else:
            holds = logic.neg(tally.at_least(leaf + (comparison is Comparison.LE)))
        found.append(logic.conj(guard, holds))
    return logic.disj(*found)


def _is_ordered(comparison: Comparison, a: Leaf, b: Leaf) -> bool:
    if not isinstance(a, int) or not isinstance(b, int):
        return False
    return a < b if comparison is Comparison.LT else a <= b


def wider(left: Type, right: Type) -> Type:
    """The type of which both sides are, where sets of numbers have different bounds."""
    match left, right:
        case SetType(RangeType(a, b)), SetType(RangeType(c, d)):
            bounds = (a, b, c, d)
            if None not in bounds:
                known = [n for n in bounds if n is not None]
                return SetType(RangeType(min(known), max(known)))
        case _:
            pass
    return left


# --- arithmetic ------------------------------------------------------------------------------------------


def compute(logic: Logic, operator: ArithmeticOp, left: Cases, right: Cases, span: Span | None) -> Cases:
    """The sum or the difference of two numbers."""
    if len(left) * len(right) > MOST_PAIRS:
        raise OutsideError("arithmetic on large numbers", span, "use smaller ranges, or another engine")
    sign = 1 if operator is ArithmeticOp.ADD else -1
    pairs = product(_numbers(left), _numbers(right))
    return merged(logic, ((a + sign * b, logic.conj(f, g)) for (a, f), (b, g) in pairs))


def _numbers(cases: Cases) -> Iterator[tuple[int, int]]:
    return ((leaf, guard) for leaf, guard in cases.items() if isinstance(leaf, int))


def fits(leaf: Leaf, wanted: Type) -> bool:
    """Whether a thing is one of a type, where its own type may be wider."""
    bounds = wanted.base if isinstance(wanted, OptionalType) else wanted
    if leaf is None:
        return isinstance(wanted, OptionalType)
    if isinstance(bounds, RangeType) and isinstance(leaf, int):
        return bounds.includes(RangeType(leaf, leaf))
    return True


# --- sets ------------------------------------------------------------------------------------------------


def combine(logic: Logic, operation: SetOp, left: Members, right: Members) -> Members:
    """The union, intersection or difference of two sets."""
    a, b = left.contains, right.contains
    match operation:
        case SetOp.UNION:
            return Members(lambda leaf: logic.disj(a(leaf), b(leaf)))
        case SetOp.INTERSECTION:
            return Members(lambda leaf: logic.conj(a(leaf), b(leaf)))
        case SetOp.DIFFERENCE:
            return Members(lambda leaf: logic.conj(a(leaf), logic.neg(b(leaf))))
        case _:
            assert_never(operation)
