"""Values over uninterpreted sorts: which of several things a value is, each under a condition.

A truth value is a formula. Any other scalar is a table from what it may be (a plain value, or an element
that a term names) to the condition under which it is that; exactly one of these is true. A set says of each
thing whether it is in, a struct has a value for each field, and how many elements there are is known only by
comparison with small numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct

from mmcheck.core.types import OptionalType, Type, Value
from mmcheck.engines.parametric.logic import FALSE, TRUE, Logic
from mmcheck.source import Span


class OutsideError(Exception):
    """Raised for what has no counterpart for every size: what it is, where, and how to write it instead.

    `sort` is the sort whose size would have to be fixed, where that would help. `others` is what else there
    is of the kind."""

    others: tuple[OutsideError, ...] = ()

    def __init__(self, what: str, span: Span | None, remedy: str, sort: str | None = None) -> None:
        super().__init__(what)
        self.what, self.span, self.remedy, self.sort = what, span, remedy, sort

    def with_others(self, others: Iterable[OutsideError]) -> OutsideError:
        """This, and what else there is."""
        self.others = tuple(others)
        return self


class Element(Struct, frozen=True):
    """The element that a term of the logic names."""

    term: int


Leaf: TypeAlias = "Value | Element"
Cases: TypeAlias = "dict[Leaf, int]"


class Members(Struct, frozen=True):
    """A set: whether a thing is in."""

    contains: Callable[[Leaf], int]


class Tally(Struct, frozen=True):
    """How many there are, as far as that is known: whether there are at least so many."""

    at_least: Callable[[int], int]
    span: Span | None = None
    sort: str | None = None


class Parts(Struct, frozen=True):
    """A struct."""

    fields: Mapping[str, AnyValue]


AnyValue: TypeAlias = "int | Cases | Members | Tally | Parts"


def base(type: Type) -> Type:
    """The type without its null."""
    return type.base if isinstance(type, OptionalType) else type


def same_leaf(logic: Logic, a: Leaf, b: Leaf) -> int:
    """Whether two things are one."""
    if isinstance(a, Element) and isinstance(b, Element):
        return logic.eq(a.term, b.term)
    return TRUE if a == b and type(a) is type(b) else FALSE


def is_leaf(logic: Logic, cases: Cases, leaf: Leaf) -> int:
    """Whether a value is one thing."""
    return logic.disj(*(logic.conj(g, same_leaf(logic, leaf, other)) for other, g in cases.items()))


def merged(logic: Logic, pairs: Iterable[tuple[Leaf, int]]) -> Cases:
    """A table from pairs of what may be and when, the same thing perhaps several times."""
    found: dict[Leaf, list[int]] = {}
    for leaf, guard in pairs:
        if guard != FALSE:
            found.setdefault(leaf, []).append(guard)
    return {leaf: logic.disj(*guards) for leaf, guards in found.items()}


def choose(logic: Logic, test: int, then: AnyValue, orelse: AnyValue) -> AnyValue:
    """The one or the other."""
    if test == TRUE:
        return then
    if test == FALSE:
        return orelse
    match then, orelse:
        case int(), int():
            return logic.ite(test, then, orelse)
        case dict(), dict():
            other = logic.neg(test)
            left = ((leaf, logic.conj(test, guard)) for leaf, guard in then.items())
            right = ((leaf, logic.conj(other, guard)) for leaf, guard in orelse.items())
            return merged(logic, (*left, *right))
        case Members(one), Members(other_set):
            return Members(lambda leaf: logic.ite(test, one(leaf), other_set(leaf)))
        case Tally(first, span, sort), Tally(second):
            return Tally(lambda n: logic.ite(test, first(n), second(n)), span, sort)
        case Parts(a), Parts(b):
            return Parts({name: choose(logic, test, a[name], b[name]) for name in a})
        case (Tally() as tally, _) | (_, Tally() as tally):
            raise uncounted(tally)
        case _:
            raise TypeError(f"{then!r} and {orelse!r} are no values of one type")


def uncounted(tally: Tally) -> OutsideError:
    """That a number of elements is used for more than a comparison with a small number."""
    return OutsideError(
        "the number of elements of a sort is used in arithmetic",
        tally.span,
        "compare it with a small number, or say with `exists` what is meant",
        tally.sort,
    )


def substituted(logic: Logic, value: AnyValue, images: Mapping[int, int]) -> AnyValue:
    """A value with terms in the place of variables."""
    if not images:
        return value
    match value:
        case int():
            return logic.substitute(value, images)
        case dict():
            return merged(
                logic,
                (
                    (
                        Element(logic.substitute(leaf.term, images)) if isinstance(leaf, Element) else leaf,
                        logic.substitute(guard, images),
                    )
                    for leaf, guard in value.items()
                ),
            )
        case Members(contains):
            return Members(lambda leaf: logic.substitute(contains(leaf), images))
        case Tally(at_least, span, sort):
            return Tally(lambda n: logic.substitute(at_least(n), images), span, sort)
        case Parts(fields):
            return Parts({name: substituted(logic, part, images) for name, part in fields.items()})
