"""Premises: what must be true at some time for a property to say anything.

A property `a => b` whose `a` is never true holds for no good reason. The idea is the vacuity of Beer,
Ben-David, Eisner and Rodeh (Efficient detection of vacuity in ACTL formulas, CAV 1997), in its simplest form:
the left sides of implications, and the conditions of quantifiers; of `P ~> Q`, P.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from mmcheck.core.system import Invariant, Liveness, StepInvariant
from mmcheck.core.terms import (
    TRUE,
    And,
    Implies,
    Let,
    Quantified,
    Quantifier,
    Term,
)
from mmcheck.source import Span


class Premise(Struct, frozen=True):
    """`possible` is true where the premise is true for some binding; `span` is where it is written."""

    possible: Term
    span: Span | None


def premises_of(prop: Invariant | StepInvariant | Liveness) -> Iterator[Premise]:
    """The premises of a property: of `P ~> Q` it is P."""
    if not isinstance(prop, Liveness):
        yield from premises(prop.body)
    elif prop.trigger is not None:
        yield Premise(prop.trigger, prop.trigger.span)


def premises(body: Term) -> Iterator[Premise]:
    """The premises of a property, outermost first."""
    match body:
        case And(args):
            for arg in args:
                yield from premises(arg)
        case Implies(left, right):
            yield Premise(left, left.span)
            for inner in premises(right):
                yield Premise(And((left, inner.possible)), inner.span)
        case Quantified(Quantifier.FORALL, binders, where, inside):
            if where is not None:
                yield Premise(Quantified(Quantifier.EXISTS, binders, where, TRUE), where.span)
            for inner in premises(inside):
                yield Premise(Quantified(Quantifier.EXISTS, binders, where, inner.possible), inner.span)
        case Let(local, value, inside):
            for inner in premises(inside):
                yield Premise(Let(local, value, inner.possible), inner.span)
        case _:
            return
