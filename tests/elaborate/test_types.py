"""How types go together, and what constants fold to."""

from __future__ import annotations

import pytest

from mmcheck.core.terms import (
    FALSE,
    TRUE,
    And,
    Coerce,
    Coercion,
    Conditional,
    Implies,
    Literal,
    Local,
    Not,
    Or,
    Quantified,
    Quantifier,
    Term,
)
from mmcheck.core.types import BOOL, EnumType, OptionalType, RangeType, SetType, SortType, StructType, Type
from mmcheck.elaborate.fit import Fit, comparable, fit, join
from mmcheck.elaborate.fold import fold

P, Q, E = SortType("P"), SortType("Q"), EnumType("E", ("a", "b"))
SMALL, LARGE, ANY = RangeType(0, 1), RangeType(0, 3), RangeType(0, None)
S = StructType("S", ())
ALWAYS, SOMETIMES, NEVER = Fit.ALWAYS, Fit.SOMETIMES, Fit.NEVER


@pytest.mark.parametrize(
    ("actual", "wanted", "expected"),
    [
        (SMALL, LARGE, ALWAYS),
        (LARGE, SMALL, SOMETIMES),
        (RangeType(5, 6), SMALL, SOMETIMES),
        (ANY, LARGE, SOMETIMES),
        (P, P, ALWAYS),
        (P, Q, NEVER),
        (P, E, NEVER),
        (P, OptionalType(P), ALWAYS),
        (OptionalType(P), P, SOMETIMES),
        (OptionalType(P), Q, NEVER),
        (OptionalType(P), OptionalType(P), ALWAYS),
        (OptionalType(SMALL), OptionalType(LARGE), ALWAYS),
        (OptionalType(LARGE), OptionalType(SMALL), SOMETIMES),
        (LARGE, OptionalType(SMALL), SOMETIMES),
        (SetType(SMALL), SetType(LARGE), ALWAYS),
        (SetType(LARGE), SetType(SMALL), SOMETIMES),
        (SetType(P), SetType(Q), NEVER),
        (SetType(P), P, NEVER),
        (BOOL, SMALL, NEVER),
        (BOOL, BOOL, ALWAYS),
        (S, S, ALWAYS),
        (S, BOOL, NEVER),
    ],
)
def test_fit(actual: Type, wanted: Type, expected: Fit) -> None:
    assert fit(actual, wanted) is expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (SMALL, RangeType(-2, 0), RangeType(-2, 1)),
        (SMALL, ANY, ANY),
        (P, P, P),
        (P, Q, None),
        (P, OptionalType(P), OptionalType(P)),
        (OptionalType(SMALL), LARGE, OptionalType(LARGE)),
        (OptionalType(P), OptionalType(Q), None),
        (SetType(SMALL), SetType(LARGE), SetType(LARGE)),
        (SetType(P), P, None),
        (OptionalType(P), SetType(P), None),
        (BOOL, E, None),
    ],
)
def test_join_is_the_smallest_type_that_holds_both(left: Type, right: Type, expected: Type | None) -> None:
    assert join(left, right) == expected
    assert join(right, left) == expected
    assert comparable(left, right) is (expected is not None)


X = Local("x", BOOL)
NULL = Literal(None, OptionalType(P))
ELEMENT = Local("p", P)


def literal(value: int) -> Literal:
    return Literal(value, RangeType(value, value))


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (Not(TRUE), FALSE),
        (And((X, TRUE)), X),
        (And((FALSE, X)), FALSE),
        (And((X, FALSE, X)), And((X, FALSE))),
        (Or((FALSE, X)), X),
        (Or((X, TRUE, X)), Or((X, TRUE))),
        (Or((TRUE, X)), TRUE),
        (And((TRUE, TRUE)), TRUE),
        (Implies(FALSE, X), TRUE),
        (Implies(TRUE, X), X),
        (Implies(X, TRUE), Implies(X, TRUE)),
        (Quantified(Quantifier.FORALL, (ELEMENT,), None, FALSE), FALSE),
        (Quantified(Quantifier.EXISTS, (ELEMENT,), None, TRUE), TRUE),
        (
            Quantified(Quantifier.EXISTS, (ELEMENT,), X, TRUE),
            Quantified(Quantifier.EXISTS, (ELEMENT,), X, TRUE),
        ),
        (Conditional(TRUE, literal(1), literal(2), RangeType(1, 2)), literal(1)),
        (Coerce(literal(1), SMALL, Coercion.STORE), Literal(1, SMALL)),
        (Coerce(literal(2), SMALL, Coercion.STORE), Coerce(literal(2), SMALL, Coercion.STORE)),
    ],
)
def test_fold_keeps_what_might_have_no_value(term: Term, expected: Term) -> None:
    assert fold(term) == expected


def test_a_folded_conditional_keeps_its_null() -> None:
    """Otherwise `(c ? p : null) == null` would be an error in the checks where `c` is true."""
    both = OptionalType(P)
    kept = fold(Conditional(TRUE, ELEMENT, NULL, both))
    assert kept.type == both and isinstance(kept, Conditional)
    assert fold(Conditional(FALSE, ELEMENT, NULL, both)) == NULL
    number = fold(Conditional(TRUE, literal(1), Literal(None, OptionalType(SMALL)), OptionalType(SMALL)))
    assert number == Literal(1, OptionalType(SMALL))
