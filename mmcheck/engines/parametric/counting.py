"""How many things there are of which formulas are true, where nobody knows how many elements there are.

That there are at least three is said by three variables that differ; so numbers are small, and known only by
comparison. Things of no sort of any size are counted as they are.
"""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement

from mmcheck.core.terms import ArithmeticOp
from mmcheck.core.types import OptionalType, RangeType, Type
from mmcheck.engines.parametric.logic import TRUE, Logic
from mmcheck.engines.parametric.operations import compute
from mmcheck.engines.parametric.values import AnyValue, Cases, OutsideError, Tally, merged, uncounted
from mmcheck.source import Span

MOST_COUNTED = 4
"""As far as elements of a sort of any size are counted: each number more takes one more variable."""

Part = tuple[tuple[int, ...], int]
"""Things to be counted: variables, and the formula that is true of those that count."""


def tally(logic: Logic, parts: list[Part], span: Span | None, sort: str | None) -> AnyValue:
    """How many things there are of which some formulas are true."""
    if not any(vars for vars, _ in parts):
        total: Cases = {0: TRUE}
        for _, truth in parts:
            one = merged(logic, ((1, truth), (0, logic.neg(truth))))
            total = compute(logic, ArithmeticOp.ADD, total, one, span)
        return total

    def at_least(number: int) -> int:
        if number > MOST_COUNTED:
            raise OutsideError(
                f"elements are counted up to {number}",
                span,
                f"compare with no more than {MOST_COUNTED}, or fix the size of the sort",
                sort,
            )
        ways = combinations_with_replacement(range(len(parts)), max(number, 0))
        return logic.disj(*(_different(logic, [parts[i] for i in way], way) for way in ways))

    return Tally(at_least, span, sort)


def _different(logic: Logic, parts: list[Part], way: tuple[int, ...]) -> int:
    """That there are different things, one of each of these parts."""
    bound, truths = [], []
    for vars, truth in parts:
        own = tuple(logic.var(logic.sort(v)) for v in vars)
        bound.append(own)
        truths.append(logic.substitute(truth, dict(zip(vars, own, strict=True))))
    for i, j in combinations(range(len(way)), 2):
        if way[i] == way[j]:
            pairs = zip(bound[i], bound[j], strict=True)
            truths.append(logic.neg(logic.conj(*(logic.eq(a, b) for a, b in pairs))))
    return logic.exists([v for own in bound for v in own], logic.conj(*truths))


def counted(logic: Logic, tally: Tally, wanted: Type) -> Cases:
    """A number of elements as numbers, one more than the greatest that fits standing for all beyond."""
    bounds = wanted.base if isinstance(wanted, OptionalType) else wanted
    assert isinstance(bounds, RangeType) and bounds.hi is not None
    if bounds.hi >= MOST_COUNTED:
        raise uncounted(tally)
    beyond = max(bounds.hi, -1) + 1
    found = [(n, logic.conj(tally.at_least(n), logic.neg(tally.at_least(n + 1)))) for n in range(beyond)]
    return merged(logic, [*found, (beyond, tally.at_least(beyond))])
