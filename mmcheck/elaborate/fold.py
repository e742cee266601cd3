"""Constant folding: what the constants of a check decide is decided before any engine sees it."""

from __future__ import annotations

from msgspec.structs import replace

from mmcheck.core.terms import (
    FALSE,
    TRUE,
    And,
    Arithmetic,
    ArithmeticOp,
    Cardinality,
    Coerce,
    Compare,
    Comparison,
    Conditional,
    Implies,
    Literal,
    Local,
    Member,
    Not,
    Or,
    Quantified,
    SetLiteral,
    SetOp,
    SetOperation,
    Term,
    children,
    rebuild,
)
from mmcheck.core.types import BOOL, OptionalType, RangeType, SetType, Type, Value


def fold(term: Term) -> Term:
    """An equal term, perhaps simpler, given that its subterms are folded.

    What could run into a model error is kept: `x[i] && false` is not false where `x[i]` has no value."""
    folded = _folded(term)
    return folded if folded is term else replace(folded, span=term.span)


def bind(body: Term, name: str, value: Literal) -> Term:
    """The body with a name replaced by a value, folded again."""
    known: dict[int, Term] = {}

    def bound(term: Term) -> Term:
        if isinstance(term, Local):
            return replace(value, span=term.span) if term.name == name else term
        if id(term) not in known:
            known[id(term)] = fold(rebuild(term, bound)) if _mentions(term, name) else term
        return known[id(term)]

    return bound(body)


def _mentions(term: Term, name: str) -> bool:
    if isinstance(term, Local):
        return term.name == name
    return any(_mentions(child, name) for child in children(term))


def _folded(term: Term) -> Term:
    match term:
        case Not(Literal(bool(value))):
            return Literal(not value, BOOL)
        case And(args):
            return _shortened(term, args, neutral=True)
        case Or(args):
            return _shortened(term, args, neutral=False)
        case Implies(Literal(premise), right):
            return right if premise else TRUE
        case Compare(comparison, Literal(left), Literal(right)):
            return Literal(_compare(comparison, left, right), BOOL)
        case Arithmetic(operator, Literal(int(first)), Literal(int(second))):
            result = first + second if operator is ArithmeticOp.ADD else first - second
            return Literal(result, RangeType(result, result))
        case Conditional(Literal(condition), then, orelse, type):
            return _retyped(term, then if condition else orelse, type)
        case SetLiteral(items, type) if all(isinstance(item, Literal) for item in items):
            return Literal(frozenset(item.value for item in items if isinstance(item, Literal)), type)
        case SetOperation(set_op, Literal(frozenset() as a), Literal(frozenset() as b), type):
            return Literal(_combine(set_op, a, b), type)
        case Member(Literal(value), Literal(frozenset() as members)):
            return Literal(value in members, BOOL)
        case Cardinality(Literal(frozenset() as members)):
            return Literal(len(members), RangeType(len(members), len(members)))
        case Coerce(Literal(value), type) if inhabits(value, type):
            return Literal(value, type)
        case Quantified(_, _, None, Literal(bool(value))):
            # Every type has at least one value, so `exists x: true` is true as well.
            return Literal(value, BOOL)
        case _:
            return term


def _retyped(term: Term, branch: Term, type: Type) -> Term:
    """The branch that is taken, if it can stand for both: whether something may be null must not depend on
    the constants of a check, since its type does not."""
    if isinstance(branch.type, OptionalType) or not isinstance(type, OptionalType):
        return branch
    return Literal(branch.value, type) if isinstance(branch, Literal) else term


def _shortened(term: And | Or, args: tuple[Term, ...], neutral: bool) -> Term:
    """Without the neutral arguments, and without those behind the first that decides."""
    kept: list[Term] = []
    for arg in args:
        if isinstance(arg, Literal) and arg.value is neutral:
            continue
        kept.append(arg)
        if isinstance(arg, Literal):
            break
    if not kept:
        return TRUE if neutral else FALSE
    if len(kept) == 1:
        return kept[0]
    return term if len(kept) == len(args) else replace(term, args=tuple(kept))


def _compare(comparison: Comparison, left: Value, right: Value) -> bool:
    match comparison, left, right:
        case Comparison.LT, int(), int():
            return left < right
        case Comparison.LE, int(), int():
            return left <= right
        case _:
            return left == right


def _combine(operation: SetOp, left: frozenset[Value], right: frozenset[Value]) -> frozenset[Value]:
    match operation:
        case SetOp.UNION:
            return left | right
        case SetOp.INTERSECTION:
            return left & right
        case SetOp.DIFFERENCE:
            return left - right


def inhabits(value: Value, type: Type) -> bool:
    """Whether a value of a constant belongs to a type, given that it is of the right kind."""
    match type:
        case RangeType():
            return isinstance(value, int) and type.includes(RangeType(value, value))
        case OptionalType(base):
            return value is None or inhabits(value, base)
        case SetType(element):
            return isinstance(value, frozenset) and all(inhabits(item, element) for item in value)
        case _:
            return value is not None
