"""Terms: typed expressions over a state, with their quantifiers.

A term has a `type`; a term of type bool is a predicate. There are no calls (a `def` is expanded into `Let`)
and no constants of a check (they are literals). Spans take no part in equality. The `repr` of a term is the
form used in golden tests: an s-expression close to SMT-LIB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import TypeAlias, assert_never

from msgspec.structs import replace

from mmcheck.core.types import BOOL, RangeType, StructType, Type, Value, show_value
from mmcheck.source import Placed


class TermBase(Placed, frozen=True, kw_only=True):
    """What all terms share: the place they were lowered from."""

    def __repr__(self) -> str:
        return show_term(self)  # type: ignore[arg-type]  # every subclass below is in the union Term


class Literal(TermBase, frozen=True):
    value: Value
    type: Type


class Local(TermBase, frozen=True):
    """A bound name: a parameter, a quantifier's variable, a `let`, a choice. No binding lies in the scope of
    another of the same name: elaboration renames where the source shadows (`t$2`), and prefixes the names
    bound in a `def` with its own (`writable.t`)."""

    name: str
    type: Type


class Place(TermBase, frozen=True):
    """Where a value lives: a variable, its indices, and the way down through struct fields.

    As many indices as the variable has; each is of exactly the index type (a `Coerce` stands around one that
    might be null or out of bounds). The type is that of what lies at the end of the path."""

    variable: str
    indices: tuple[Term, ...]
    path: tuple[str, ...]
    type: Type


class Read(TermBase, frozen=True):
    """The value at a place, in this state or, `primed`, in the state after the step (with indices that are
    themselves terms and say for themselves whether they are primed)."""

    place: Place
    primed: bool = False

    @property
    def type(self) -> Type:
        return self.place.type


class FieldOf(TermBase, frozen=True):
    """A field of a struct value that is not at a place."""

    record: Term
    name: str
    type: Type


class Not(TermBase, frozen=True):
    arg: Term

    @property
    def type(self) -> Type:
        return BOOL


class And(TermBase, frozen=True):
    """Evaluated from the left, and no further than the first that is false. `And(())` is true."""

    args: tuple[Term, ...]

    @property
    def type(self) -> Type:
        return BOOL


class Or(TermBase, frozen=True):
    """Evaluated from the left, and no further than the first that is true. `Or(())` is false."""

    args: tuple[Term, ...]

    @property
    def type(self) -> Type:
        return BOOL


class Implies(TermBase, frozen=True):
    """The right side is evaluated only where the left is true."""

    left: Term
    right: Term

    @property
    def type(self) -> Type:
        return BOOL


class Comparison(Enum):
    """What compares two values. EQ serves every type (on bools it is `<=>`), the others integers."""

    EQ = "="
    LT = "<"
    LE = "<="


class Compare(TermBase, frozen=True):
    """Sides of one type, but for `T` against `T?`, and integers of different bounds."""

    op: Comparison
    left: Term
    right: Term

    @property
    def type(self) -> Type:
        return BOOL


class ArithmeticOp(Enum):
    ADD = "+"
    SUB = "-"


class Arithmetic(TermBase, frozen=True):
    """Exact, over integers; the type is the interval that the result lies in."""

    op: ArithmeticOp
    left: Term
    right: Term
    type: RangeType


class Conditional(TermBase, frozen=True):
    """Only the branch that is taken is evaluated."""

    condition: Term
    then: Term
    orelse: Term
    type: Type


class Quantifier(Enum):
    FORALL = "forall"
    EXISTS = "exists"


class Quantified(TermBase, frozen=True):
    """Every binding that satisfies `where` is evaluated, also when an earlier one decided: whether a model
    error occurs must not depend on the order of the elements."""

    quantifier: Quantifier
    binders: tuple[Local, ...]
    where: Term | None
    body: Term

    @property
    def type(self) -> Type:
        return BOOL


class Count(TermBase, frozen=True):
    """For how many bindings that satisfy `where` the body is true."""

    binders: tuple[Local, ...]
    where: Term | None
    body: Term

    @property
    def type(self) -> Type:
        return RangeType(0, None)


class SetLiteral(TermBase, frozen=True):
    items: tuple[Term, ...]
    type: Type


class SetOp(Enum):
    UNION = "union"
    INTERSECTION = "intersection"
    DIFFERENCE = "difference"


class SetOperation(TermBase, frozen=True):
    op: SetOp
    left: Term
    right: Term
    type: Type


class Member(TermBase, frozen=True):
    """Whether an element (null is none) is in a set."""

    element: Term
    set: Term

    @property
    def type(self) -> Type:
        return BOOL


class Cardinality(TermBase, frozen=True):
    set: Term

    @property
    def type(self) -> Type:
        return RangeType(0, None)


class Coercion(Enum):
    """Why a value must fit a type, which names the model error when a number does not. (A null that does not
    is a null dereference in any case.)"""

    STORE = "range overflow"
    INDEX = "index out of range"


class Coerce(TermBase, frozen=True):
    """The value of `arg`, which must be a value of `type`: a model error otherwise."""

    arg: Term
    type: Type
    coercion: Coercion


class Let(TermBase, frozen=True):
    """A `def` applied: its parameters bound to values that are evaluated in any case, then its body."""

    local: Local
    value: Term
    body: Term

    @property
    def type(self) -> Type:
        return self.body.type


class By(TermBase, frozen=True):
    """Whether the step was made by one of these transitions. In step invariants only."""

    transitions: tuple[str, ...]

    @property
    def type(self) -> Type:
        return BOOL


Term: TypeAlias = (
    Literal
    | Local
    | Read
    | FieldOf
    | Not
    | And
    | Or
    | Implies
    | Compare
    | Arithmetic
    | Conditional
    | Quantified
    | Count
    | SetLiteral
    | SetOperation
    | Member
    | Cardinality
    | Coerce
    | Let
    | By
)

TRUE = Literal(True, BOOL)
FALSE = Literal(False, BOOL)


def children(term: Term) -> Iterator[Term]:
    """The direct subterms, in the order of evaluation."""
    match term:
        case Literal() | Local() | By():
            return
        case Read(Place(_, indices)):
            yield from indices
        case FieldOf(record):
            yield record
        case Not(arg) | Coerce(arg) | Cardinality(arg):
            yield arg
        case And(args) | Or(args) | SetLiteral(args):
            yield from args
        case (
            Implies(left, right)
            | Compare(_, left, right)
            | Arithmetic(_, left, right)
            | SetOperation(_, left, right)
            | Member(left, right)
        ):
            yield from (left, right)
        case Conditional(condition, then, orelse):
            yield from (condition, then, orelse)
        case Quantified(_, _, where, body) | Count(_, where, body):
            if where is not None:
                yield where
            yield body
        case Let(_, value, body):
            yield from (value, body)
        case _:
            assert_never(term)


def rebuild(term: Term, change: Callable[[Term], Term]) -> Term:
    """The same term with its direct subterms changed."""
    match term:
        case Literal() | Local() | By():
            return term
        case Read(place):
            return replace(term, place=replace(place, indices=tuple(map(change, place.indices))))
        case FieldOf(record):
            return replace(term, record=change(record))
        case Not(arg) | Coerce(arg):
            return replace(term, arg=change(arg))
        case And(args) | Or(args):
            return replace(term, args=tuple(map(change, args)))
        case SetLiteral(items):
            return replace(term, items=tuple(map(change, items)))
        case Cardinality(container):
            return replace(term, set=change(container))
        case Implies() | Compare() | Arithmetic() | SetOperation():
            return replace(term, left=change(term.left), right=change(term.right))
        case Member(element, container):
            return replace(term, element=change(element), set=change(container))
        case Conditional(condition, then, orelse):
            return replace(term, condition=change(condition), then=change(then), orelse=change(orelse))
        case Quantified(_, _, where, body) | Count(_, where, body):
            return replace(term, where=None if where is None else change(where), body=change(body))
        case Let(_, value, body):
            return replace(term, value=change(value), body=change(body))
        case _:
            assert_never(term)


def show_place(place: Place) -> str:
    """A place in the golden form: `(data p)`, `(inode f .dirty)`, `sealed`."""
    parts = [place.variable, *map(show_term, place.indices), *(f".{name}" for name in place.path)]
    return parts[0] if len(parts) == 1 else f"({' '.join(parts)})"


def show_term(term: Term | Place) -> str:
    """A term in the golden form."""
    match term:
        case Place():
            return show_place(term)
        case Literal(value):
            return show_value(value)
        case Local(name):
            return name
        case Read(place, primed):
            return f"{show_place(place)}{chr(39) if primed else ''}"
        case FieldOf(record, name):
            return f"(field {record!r} {name})"
        case Not(arg):
            return f"(not {arg!r})"
        case And(args):
            return _applied("and", *args)
        case Or(args):
            return _applied("or", *args)
        case Implies(left, right):
            return _applied("=>", left, right)
        case Compare(comparison, left, right):
            return _applied(comparison.value, left, right)
        case Arithmetic(arithmetic, left, right):
            return _applied(arithmetic.value, left, right)
        case Conditional(condition, then, orelse):
            return _applied("ite", condition, then, orelse)
        case Quantified(quantifier, binders, where, body):
            return _bound(quantifier.value, binders, where, body)
        case Count(binders, where, body):
            return _bound("count", binders, where, body)
        case SetLiteral(items):
            return _applied("set", *items)
        case SetOperation(operation, left, right):
            return _applied(operation.value, left, right)
        case Member(element, set):
            return _applied("member", element, set)
        case Cardinality(set):
            return _applied("card", set)
        case Coerce(arg, type):
            return f"(as {type!r} {arg!r})"
        case Let(local, value, body):
            return f"(let (({local.name} {value!r})) {body!r})"
        case By(transitions):
            return f"(by {' '.join(transitions)})"
        case _:
            assert_never(term)


def _applied(operator: str, *args: Term) -> str:
    return f"({' '.join([operator, *map(show_term, args)])})"


def _bound(operator: str, binders: tuple[Local, ...], where: Term | None, body: Term) -> str:
    bound = " ".join(f"({b.name} {b.type!r})" for b in binders)
    condition = "" if where is None else f" :where {where!r}"
    return f"({operator} ({bound}){condition} {body!r})"


def field_type(type: Type, path: tuple[str, ...]) -> Type:
    """The type at the end of a path of fields. Raises KeyError when there is no such field."""
    for name in path:
        inner = type.field(name) if isinstance(type, StructType) else None
        if inner is None:
            raise KeyError(name)
        type = inner
    return type
