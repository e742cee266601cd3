"""Values as nodes of the graph, and their codes in the codes of another type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from mmcheck.core.codes import least
from mmcheck.core.dag import Dag
from mmcheck.core.types import OptionalType, RangeType, Scalar, SetType, StructType, Type

Nodes: TypeAlias = tuple[int, ...]
"""A value as nodes: one for a scalar, one for each leaf of a struct."""


def leaves(type: Type) -> Iterator[Scalar]:
    """The types of the scalars that a value of the type has."""
    if isinstance(type, StructType):
        for inner in type.fields:
            yield from leaves(inner.type)
    else:
        yield type


def width(type: Type) -> int:
    """How many scalars a value of the type has."""
    return sum(width(f.type) for f in type.fields) if isinstance(type, StructType) else 1


def convert(dag: Dag, nodes: Nodes, actual: Type, wanted: Type) -> Nodes:
    """The same value in the codes of another type. Only null and sets of numbers have codes that depend on
    the bounds of a range."""
    match actual, wanted:
        case OptionalType(), OptionalType() if least(actual) != least(wanted):
            is_null = dag.eq(nodes[0], dag.const(least(actual)))
            return (dag.ite(is_null, dag.const(least(wanted)), nodes[0]),)
        case SetType(RangeType(first, last)), SetType(RangeType(lo, hi)) if first != lo and nodes:
            assert first is not None and last is not None and lo is not None and hi is not None
            mask = dag.const(0)
            for value in range(max(first, lo), min(last, hi) + 1):
                there = dag.intersection(nodes[0], dag.const(1 << (value - first)))
                absent = dag.eq(there, dag.const(0))
                mask = dag.union(mask, dag.ite(absent, dag.const(0), dag.const(1 << (value - lo))))
            return (mask,)
        case _:
            return nodes


def common_type(left: Type, right: Type) -> Type:
    """A type in whose codes two values can be compared."""
    match left, right:
        case OptionalType(RangeType(a)), OptionalType(RangeType(b)) if a is not None and b is not None:
            return left if a <= b else right
        case OptionalType(RangeType(a, c)), RangeType(b) if a is not None and b is not None:
            return OptionalType(RangeType(min(a, b), c))
        case RangeType(b), OptionalType(RangeType(a, c)) if a is not None and b is not None:
            return OptionalType(RangeType(min(a, b), c))
        case SetType(RangeType(a, c)), SetType(RangeType(b, d)):
            assert a is not None and b is not None and c is not None and d is not None
            return SetType(RangeType(min(a, b), max(c, d)))
        case _:
            return left


def base_type(type: Type) -> Type:
    return type.base if isinstance(type, OptionalType) else type
