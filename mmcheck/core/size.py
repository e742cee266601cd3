"""How large an instance is, worked out before anything of it is enumerated."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import assert_never

from msgspec import Struct

from mmcheck.core.instance import Instance
from mmcheck.core.system import Assert as AssertStatement
from mmcheck.core.system import (
    Assign,
    Body,
    Choose,
    ForAll,
    Havoc,
    If,
    Invariant,
    Liveness,
    Reachable,
    Require,
    Scenario,
    StepInvariant,
    Transition,
)
from mmcheck.core.system import Let as LetStatement
from mmcheck.core.terms import Count, Local, Quantified, Read, Term, children
from mmcheck.core.types import (
    BoolType,
    EnumType,
    OptionalType,
    RangeType,
    SetType,
    Sizes,
    SortType,
    StructType,
    Type,
)
from mmcheck.source import Span

MOST = 1_000_000
"""The most actions, or bindings of one construct, that are accepted."""

MOST_CELLS = 10_000
"""The most cells that are accepted. A state is copied whenever a cell is written."""
MOST_ELEMENTS = 62
"""The most elements that a set may have: one bit for each in a word."""


class Excess(Struct, frozen=True):
    """Something that has more parts than are accepted."""

    what: str
    count: int
    span: Span | None


def cardinality(type: Type, sizes: Sizes) -> int:
    """How many values a type has, or MOST + 1 where they are more than that."""
    match type:
        case BoolType():
            count = 2
        case RangeType(lo, hi):
            count = MOST + 1 if lo is None or hi is None else hi - lo + 1
        case EnumType(_, values):
            count = len(values)
        case SortType(name):
            count = sizes[name]
        case OptionalType(base):
            count = 1 + cardinality(base, sizes)
        case SetType(element):
            count = 1 << min(cardinality(element, sizes), 64)
        case StructType(_, fields):
            count = prod(cardinality(field.type, sizes) for field in fields)
        case _:
            assert_never(type)
    return min(count, MOST + 1)


def excesses(instance: Instance, beginnings: bool = True) -> Iterator[Excess]:
    """What makes an instance too large to be enumerated, if anything; `beginnings` says whether the initial
    states are to be enumerated as well."""
    sizes = instance.sizes
    total = 0
    for variable in instance.system.variables:
        cells = prod(cardinality(index, sizes) for index in variable.indices) * _scalars(variable.type)
        total += cells
        yield from _of_type(variable.type, variable.span, sizes)
        if total > MOST_CELLS:
            yield Excess(f"the cells up to those of `{variable.name}`", total, variable.span)
            break
    for transition in instance.system.transitions:
        yield from _of_transition(transition, sizes)
    yield from _of_body(instance.system.init, 1, sizes)
    for statement in instance.system.init if beginnings else ():
        yield from _too_many("the initial values of this", _ways((statement,), sizes), statement.span)
    for assumption in instance.system.assumptions:
        yield from _of_term(assumption.body, 1, sizes)
    for prop in instance.system.properties:
        match prop:
            case (
                Invariant(name, params, body)
                | StepInvariant(name, params, body)
                | Reachable(name, params, body)
            ):
                outer = _bindings(params, sizes)
                yield from _too_many(f"the instances of `{name}`", outer, prop.span)
                yield from _of_term(body, outer, sizes)
            case Liveness(name, params, _, trigger, body):
                outer = _bindings(params, sizes)
                yield from _too_many(f"the instances of `{name}`", outer, prop.span)
                for part in (trigger, body) if trigger is not None else (body,):
                    yield from _of_term(part, outer, sizes)
            case Scenario(name, params):
                yield from _too_many(f"the instances of `{name}`", _bindings(params, sizes), prop.span)
            case _:
                pass


def _of_type(type: Type, span: Span | None, sizes: Sizes) -> Iterator[Excess]:
    match type:
        case SetType():
            yield from _of_set(type, span, sizes)
        case StructType(_, fields):
            for field in fields:
                yield from _of_type(field.type, span, sizes)
        case _:
            pass


def _of_set(type: SetType, span: Span | None, sizes: Sizes) -> Iterator[Excess]:
    elements = cardinality(type.element, sizes)
    if elements > MOST_ELEMENTS:
        yield Excess("the elements that this set may have", elements, span)


def _scalars(type: Type) -> int:
    """How many cells a value of the type takes."""
    return sum(_scalars(field.type) for field in type.fields) if isinstance(type, StructType) else 1


def _of_transition(transition: Transition, sizes: Sizes) -> Iterator[Excess]:
    actions = _bindings(transition.params, sizes)
    yield from _too_many(f"the arguments of `{transition.name}`", actions, transition.span)
    inside = list(_of_body(transition.body, 1, sizes))
    yield from inside
    if not inside:
        ways = _ways(transition.body, sizes)
        yield from _too_many(f"the ways through `{transition.name}`", ways, transition.span)


def _of_body(body: Body, outer: int, sizes: Sizes) -> Iterator[Excess]:
    for statement in body:
        match statement:
            case Require(term) | AssertStatement(term) | LetStatement(_, term) | Assign(_, term):
                yield from _of_term(term, outer, sizes)
            case Havoc(place):
                yield from _too_many("the values of this", cardinality(place.type, sizes), statement.span)
            case Choose(binders, where):
                count = _bindings(binders, sizes)
                yield from _too_many("the choices of this", count, statement.span)
                if where is not None:
                    yield from _of_term(where, outer * count, sizes)
            case If(condition, then, orelse):
                yield from _of_term(condition, outer, sizes)
                yield from _of_body(then, outer, sizes)
                yield from _of_body(orelse, outer, sizes)
            case ForAll(binders, where, inner):
                count = outer * _bindings(binders, sizes)
                yield from _too_many("the bindings of this", count, statement.span)
                if count <= MOST:
                    if where is not None:
                        yield from _of_term(where, count, sizes)
                    yield from _of_body(inner, count, sizes)
            case _:
                pass


def begins_too_widely(instance: Instance) -> bool:
    """Whether there are too many initial states for them to be enumerated."""
    return any(_ways((statement,), instance.sizes) > MOST for statement in instance.system.init)


def initial_assignments(instance: Instance) -> int:
    """In how many ways the initial states are made at most, or MOST + 1 where they are more than that."""
    return _ways(instance.system.init, instance.sizes)


def _ways(body: Body, sizes: Sizes) -> int:
    """How many ways there are at most through a body for one choice of arguments, or MOST + 1 where they are
    more than that."""
    ways = 1
    for statement in body:
        match statement:
            case Havoc(place):
                ways *= cardinality(place.type, sizes)
            case Choose(binders):
                ways *= _bindings(binders, sizes)
            case If(_, then, orelse):
                ways *= max(_ways(then, sizes), _ways(orelse, sizes))
            case ForAll(binders, _, inner):
                each = _ways(inner, sizes)
                # Two ways for each of 64 bindings are too many already, so that a power is never large.
                ways *= each ** min(_bindings(binders, sizes), 64)
            case _:
                pass
        ways = min(ways, MOST + 1)
    return ways


def _of_term(term: Term, outer: int, sizes: Sizes) -> Iterator[Excess]:
    if isinstance(term.type, SetType) and not isinstance(term, Read):
        yield from _of_set(term.type, term.span, sizes)
    if isinstance(term, Quantified | Count):
        outer *= _bindings(term.binders, sizes)
        if outer > MOST:
            yield Excess("the bindings of this", outer, term.span)
            return
    for child in children(term):
        yield from _of_term(child, outer, sizes)


def _bindings(binders: tuple[Local, ...], sizes: Sizes) -> int:
    return prod(cardinality(binder.type, sizes) for binder in binders)


def _too_many(what: str, count: int, span: Span | None) -> Iterator[Excess]:
    if count > MOST:
        yield Excess(what, count, span)
