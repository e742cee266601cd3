"""The types of the core, and the values that inhabit them.

Every type is finite once the sorts have sizes (`domain`); only the type of an integer *expression* may be
unbounded above, when it counts elements of a sort. Values are plain immutable Python objects:

    bool        True, False           printed `true`, `false`
    range       int
    enum        str, the constant's name
    sort        Elem                  printed `Page#1`
    T?          None or a value of T  printed `null`
    set T       frozenset             printed `{a, b}`
    struct      Record                printed `{dirty: true, block: null}`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, combinations, product
from typing import NamedTuple, TypeAlias, assert_never

from msgspec import Struct


class Elem(NamedTuple):
    """An element of a sort: interchangeable with every other of the sort, and equal to itself only."""

    sort: str
    ordinal: int

    def __repr__(self) -> str:
        return f"{self.sort}#{self.ordinal}"


class Record(NamedTuple):
    """A value of a struct: its fields' values in the order of the declaration."""

    struct: str
    names: tuple[str, ...]
    values: tuple[Value, ...]

    def get(self, name: str) -> Value:
        return self.values[self.names.index(name)]


Value: TypeAlias = "bool | int | str | Elem | Record | frozenset[Value] | None"


class BoolType(Struct, frozen=True):
    def __repr__(self) -> str:
        return "bool"


class RangeType(Struct, frozen=True):
    """The integers from lo to hi. `None` is no bound: such a type is an expression's, never a variable's."""

    lo: int | None
    hi: int | None

    def __repr__(self) -> str:
        return f"{'' if self.lo is None else self.lo}..{'' if self.hi is None else self.hi}"

    def includes(self, other: RangeType) -> bool:
        """Whether every integer of the other type is one of this."""
        low = self.lo is None or (other.lo is not None and self.lo <= other.lo)
        return low and (self.hi is None or (other.hi is not None and other.hi <= self.hi))


class EnumType(Struct, frozen=True):
    name: str
    values: tuple[str, ...]

    def __repr__(self) -> str:
        return self.name


class SortType(Struct, frozen=True):
    name: str

    def __repr__(self) -> str:
        return self.name


class OptionalType(Struct, frozen=True):
    base: RangeType | EnumType | SortType

    def __repr__(self) -> str:
        return f"{self.base!r}?"


class SetType(Struct, frozen=True):
    element: RangeType | EnumType | SortType

    def __repr__(self) -> str:
        return f"set {self.element!r}"


class Field(Struct, frozen=True):
    name: str
    type: Type


class StructType(Struct, frozen=True):
    name: str
    fields: tuple[Field, ...]

    def __repr__(self) -> str:
        return self.name

    def field(self, name: str) -> Type | None:
        return next((field.type for field in self.fields if field.name == name), None)


Scalar: TypeAlias = BoolType | RangeType | EnumType | SortType | OptionalType | SetType
Type: TypeAlias = Scalar | StructType

BOOL = BoolType()
INTEGER = RangeType(None, None)

Sizes: TypeAlias = Mapping[str, int]
"""How many elements each sort has."""


def domain(type: Type, sizes: Sizes) -> Iterator[Value]:
    """All values of a type, the default first; enums and ranges in their order. Raises ValueError for a
    range without bounds."""
    match type:
        case BoolType():
            yield from (False, True)
        case RangeType(lo, hi):
            if lo is None or hi is None:
                raise ValueError(f"the values of {type!r} cannot be enumerated")
            yield from range(lo, hi + 1)
        case EnumType(_, names):
            yield from names
        case SortType(name):
            yield from (Elem(name, i) for i in range(sizes[name]))
        case OptionalType(base):
            yield None
            yield from domain(base, sizes)
        case SetType(element):
            items = tuple(domain(element, sizes))
            subsets = (combinations(items, n) for n in range(len(items) + 1))
            yield from map(frozenset, chain.from_iterable(subsets))
        case StructType(name, fields):
            labels = tuple(field.name for field in fields)
            for values in product(*(tuple(domain(field.type, sizes)) for field in fields)):
                yield Record(name, labels, values)
        case _:
            assert_never(type)


def default(type: Type) -> Value:
    """The value that a variable of the type has when nothing else is said; None for a sort, which has none
    (elaboration insists on an initial value)."""
    match type:
        case BoolType():
            return False
        case RangeType(lo, _):
            return lo
        case EnumType(_, values):
            return values[0]
        case SortType() | OptionalType():
            return None
        case SetType():
            return frozenset()
        case StructType(name, fields):
            return Record(
                name, tuple(field.name for field in fields), tuple(default(field.type) for field in fields)
            )
        case _:
            assert_never(type)


def sort_key(value: Value) -> tuple[object, ...]:
    """A total order on the values of one type, for output that does not depend on hashes."""
    match value:
        case None:
            return (0,)
        case Elem(sort, ordinal):
            return (1, sort, ordinal)
        case Record(_, _, values):
            return (1, *(sort_key(item) for item in values))
        case frozenset():
            return (1, len(value), *sorted(sort_key(item) for item in value))
        case _:
            return (1, value)


def show_value(value: Value) -> str:
    """A value as the language writes it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | str():
            return str(value)
        case Elem():
            return repr(value)
        case Record(_, names, values):
            parts = (f"{name}: {show_value(item)}" for name, item in zip(names, values, strict=True))
            return "{" + ", ".join(parts) + "}"
        case frozenset():
            return "{" + ", ".join(show_value(item) for item in sorted(value, key=sort_key)) + "}"
        case _:
            assert_never(value)
