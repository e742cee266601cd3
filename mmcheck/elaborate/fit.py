"""How types go together: which value fits where, and which two can be compared or joined."""

from __future__ import annotations

from enum import Enum

from mmcheck.core.types import (
    EnumType,
    OptionalType,
    RangeType,
    SetType,
    SortType,
    StructType,
    Type,
)


class Fit(Enum):
    ALWAYS = "every value fits"
    SOMETIMES = "whether a value fits shows when it is computed"
    NEVER = "no value fits"


def fit(actual: Type, wanted: Type) -> Fit:
    """Whether values of one type are values of another. Ranges of whatever bounds may fit; a value that may
    be null fits where none may, if it is not null when the time comes."""
    match actual, wanted:
        case RangeType(), RangeType():
            return Fit.ALWAYS if wanted.includes(actual) else Fit.SOMETIMES
        case OptionalType(base), OptionalType(target):
            return fit(base, target)
        case OptionalType(base), RangeType() | EnumType() | SortType():
            return Fit.NEVER if fit(base, wanted) is Fit.NEVER else Fit.SOMETIMES
        case _, OptionalType(target):
            return fit(actual, target)
        case SetType(element), SetType(target):
            return fit(element, target)
        case _:
            return Fit.ALWAYS if actual == wanted else Fit.NEVER


def comparable(left: Type, right: Type) -> bool:
    """Whether `==` has a meaning between two types."""
    return fit(left, right) is not Fit.NEVER or fit(right, left) is not Fit.NEVER


def join(left: Type, right: Type) -> Type | None:
    """The smallest type that holds the values of both; None when there is none."""
    match left, right:
        case RangeType(), RangeType():
            return RangeType(_least(left.lo, right.lo), _greatest(left.hi, right.hi))
        case (OptionalType(base), other) | (other, OptionalType(base)):
            joined = join(base, other.base if isinstance(other, OptionalType) else other)
            return OptionalType(joined) if isinstance(joined, RangeType | EnumType | SortType) else None
        case SetType(first), SetType(second):
            joined = join(first, second)
            return SetType(joined) if isinstance(joined, RangeType | EnumType | SortType) else None
        case _:
            return left if left == right else None


def _least(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else min(left, right)


def _greatest(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else max(left, right)


def base_of(type: Type) -> Type:
    """The type without its null."""
    return type.base if isinstance(type, OptionalType) else type


def describe(type: Type) -> str:
    """A type in a message."""
    match type:
        case RangeType(lo, hi) if lo is not None and lo == hi:
            return f"the number {lo}"
        case RangeType(lo, hi) if lo is None or hi is None:
            return "a number"
        case RangeType():
            return f"a number in {type!r}"
        case SortType(name):
            return f"an element of `{name}`"
        case EnumType(name):
            return f"a value of `{name}`"
        case StructType(name):
            return f"a `{name}`"
        case OptionalType(base):
            return f"{describe(base)} or null"
        case SetType(element):
            return f"a set of `{element!r}`"
        case _:
            return "a truth value"
