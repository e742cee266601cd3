"""The vocabulary of a system over uninterpreted sorts: its cells become functions of elements.

An index of a sort is an argument; one of an enum or a range is a part of the name. A cell of a sort is a
function to elements, with a predicate beside it where it may be null; a set of elements is a predicate. A
sort whose size is fixed is treated as an enum of its elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import TypeAlias

from msgspec import Struct, field

from mmcheck.core.system import PROGRAM_COUNTER, System, Variable
from mmcheck.core.types import (
    BoolType,
    OptionalType,
    RangeType,
    Scalar,
    SetType,
    SortType,
    StructType,
    Type,
    Value,
    default,
    domain,
    show_value,
)
from mmcheck.engines.parametric.logic import FALSE, TRUE, Logic, Symbol
from mmcheck.engines.parametric.values import AnyValue, Element, Leaf, Members, OutsideError, Parts
from mmcheck.source import Span

MOST_VALUES = 64
"""The most values of an enum or a range."""


class Slot(Struct, frozen=True):
    """A cell for each choice of elements: what a variable holds at a path, for fixed indices that are no
    elements, and in a set that is not of elements for one member."""

    variable: str
    path: tuple[str, ...]
    fixed: tuple[Value, ...]
    member: Value
    args: tuple[str, ...]
    type: Scalar

    @property
    def name(self) -> str:
        fixed = "".join(f"[{show_value(value)}]" for value in self.fixed)
        path = " at" if self.path == (PROGRAM_COUNTER,) else "".join(f".{name}" for name in self.path)
        has = f" has {show_value(self.member)}" if self.member is not None else ""
        return f"{self.variable}{fixed}{path}{has}"


Content: TypeAlias = Callable[[tuple[int, ...]], AnyValue]
"""What a slot holds for each choice of elements."""


class Vocabulary(Struct, dict=True):
    """The symbols of one system, the sorts in `sizes` having these sizes and all others any."""

    system: System
    sizes: Mapping[str, int]
    logic: Logic = field(default_factory=Logic)
    _variables: dict[str, Variable] = field(default_factory=dict)
    _contents: dict[Slot, Content] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._variables = {v.name: v for v in self.system.variables}

    @property
    def sorts(self) -> tuple[str, ...]:
        """The sorts of any size."""
        return tuple(s.name for s in self.system.sorts if s.name not in self.sizes)

    # --- types -------------------------------------------------------------------------------------------

    def sort_of(self, type: Type) -> str | None:
        """The sort of any size that a type is, or is but for its null."""
        inner = type.base if isinstance(type, OptionalType) else type
        return inner.name if isinstance(inner, SortType) and inner.name not in self.sizes else None

    def values(self, type: Type, span: Span | None = None) -> tuple[Value, ...]:
        """All values of a scalar type that has no elements of any size in it."""
        inner = type.base if isinstance(type, OptionalType) else type
        if isinstance(inner, RangeType):
            if inner.lo is None or inner.hi is None:
                raise OutsideError("a number without bounds", span, "count no more than a few elements")
            if inner.hi - inner.lo >= MOST_VALUES:
                remedy = f"use a range of no more than {MOST_VALUES} values, or another engine"
                raise OutsideError(f"the range {inner!r}", span, remedy)
        return tuple(domain(type, self.sizes))

    def too_wide(self) -> Iterator[OutsideError]:
        """Which variables have values that are too many for a symbol to say which it is, or indices."""
        for variable in self.system.variables:
            types = (type for _, type in leaves(variable.type))
            for type in (*variable.indices, *types):
                inner = type.element if isinstance(type, SetType) else type
                if self.sort_of(inner) is None:
                    try:
                        self.values(inner, variable.span)
                    except OutsideError as error:
                        yield error

    def has_elements(self, type: Type) -> bool:
        """Whether elements of a sort of any size occur in values of a type."""
        match type:
            case StructType(_, fields):
                return any(self.has_elements(f.type) for f in fields)
            case SetType(element):
                return self.sort_of(element) is not None
            case _:
                return self.sort_of(type) is not None

    # --- slots -------------------------------------------------------------------------------------------

    def slot(
        self, variable: str, path: tuple[str, ...], fixed: tuple[Value, ...], type: Scalar, member: Value
    ) -> Slot:
        indices = self._variables[variable].indices
        args = tuple(sort for index in indices if (sort := self.sort_of(index)) is not None)
        if isinstance(type, SetType) and (sort := self.sort_of(type.element)) is not None:
            args = (*args, sort)
        return Slot(variable, path, fixed, member, args, type)

    def slots(self) -> Iterator[Slot]:
        """Every slot, in the order of declaration."""
        for variable in self.system.variables:
            finite = [self.values(i, variable.span) for i in variable.indices if self.sort_of(i) is None]
            for fixed in product(*finite):
                for path, type in leaves(variable.type):
                    for member in self.members(type):
                        yield self.slot(variable.name, path, fixed, type, member)

    def members(self, type: Scalar) -> tuple[Value, ...]:
        """What a set of no elements is made of; nothing to be told apart in all else."""
        if isinstance(type, SetType) and self.sort_of(type.element) is None:
            return self.values(type.element)
        return (None,)

    def before(self, slot: Slot) -> Content:
        """What a slot holds in the state before a step: what its symbols say."""
        known = self._contents.get(slot)
        if known is None:
            known = self._contents[slot] = self.symbols(slot.name, slot.args, slot.type)
        return known

    def symbols(self, name: str, args: tuple[str, ...], type: Scalar) -> Content:
        """Symbols for a scalar that depends on elements; for a set, whether it has one member."""
        logic, sort = self.logic, self.sort_of(type)
        if isinstance(type, BoolType | SetType):
            truth = Symbol(name, args)
            return lambda at: logic.pred(truth, at)
        if sort is None:
            values = self.values(type)
            which = Symbol(name, args, None, values)
            return lambda at: {value: logic.has(which, at, value) for value in values}
        element, null = Symbol(name, args, sort), Symbol(f"{name} is null", args)
        if not isinstance(type, OptionalType):
            return lambda at: {Element(logic.app(element, at)): TRUE}

        def content(at: tuple[int, ...]) -> AnyValue:
            nothing = logic.pred(null, at)
            return {None: nothing, Element(logic.app(element, at)): logic.neg(nothing)}

        return content

    def unset(self, slot: Slot) -> Content:
        """What a slot holds before it is initialised."""
        if isinstance(slot.type, BoolType | SetType):
            return lambda at: FALSE
        value = default(slot.type)
        return lambda at: {value: TRUE}

    def anything(self, name: str, args: tuple[int, ...], type: Type) -> AnyValue:
        """A value of which nothing is known, that may depend on elements."""
        sorts = tuple(self.logic.sort(arg) for arg in args)
        match type:
            case StructType(_, fields):
                return Parts({f.name: self.anything(f"{name}.{f.name}", args, f.type) for f in fields})
            case SetType(element) if (sort := self.sort_of(element)) is not None:
                content = self.symbols(name, (*sorts, sort), type)

                def contains(leaf: Leaf) -> int:
                    if not isinstance(leaf, Element):
                        return FALSE
                    truth = content((*args, leaf.term))
                    assert isinstance(truth, int)
                    return truth

                return Members(contains)
            case SetType(element):
                each = {
                    value: self.symbols(f"{name} has {show_value(value)}", sorts, BoolType())(args)
                    for value in self.values(element)
                }
                return Members(lambda leaf: _truth(each.get(leaf, FALSE)))  # type: ignore[arg-type]  # no element is a key
            case _:
                return self.symbols(name, sorts, type)(args)

    def nothing(self, type: Type) -> AnyValue:
        """What stands for a value that is nowhere needed."""
        match type:
            case BoolType():
                return FALSE
            case SetType():
                return Members(lambda leaf: FALSE)
            case StructType(_, fields):
                return Parts({f.name: self.nothing(f.type) for f in fields})
            case _:
                return {}


def _truth(value: AnyValue) -> int:
    assert isinstance(value, int)
    return value


def leaves(type: Type) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    """The scalars inside a type, each with its path of fields."""
    if not isinstance(type, StructType):
        yield (), type
        return
    for inner in type.fields:
        for path, leaf in leaves(inner.type):
            yield (inner.name, *path), leaf
