"""Why a predicate is false: its smallest false part, with the values that make it so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from mmcheck.core import terms
from mmcheck.core.instance import Cell, Instance, flatten
from mmcheck.core.semantics import Env, ModelError, denote
from mmcheck.core.terms import Quantifier, Term, children
from mmcheck.core.types import Value

MOST_READS = 24
"""How many cells are told at most: a part that reads more is not explained by them."""


class Blame(Struct, frozen=True):
    """`part` has the `value` that makes the predicate false (mostly false itself; true under a
    negation; None when it raised a model error); `bindings` are the names bound around it that it mentions,
    `reads` the cells that its evaluation read, such as `("data'[Page#1]", "old")`, each once, in the order of
    evaluation. `part.span` says where it is written."""

    part: Term
    bindings: tuple[tuple[str, Value], ...]
    reads: tuple[tuple[str, Value], ...]
    value: bool | None = False


def blame(predicate: Term, env: Env, instance: Instance) -> Blame:
    """The smallest part of a false predicate that is responsible: of a conjunction a false conjunct, of a
    `forall` the body for a binding that breaks it, of an implication the conclusion (the cells that its
    premise read are told as well)."""
    part, inner, premises, value = _Descent(instance).into(predicate, env, False)
    mentioned = set(_locals(part))
    reads: dict[str, Value] = {}
    for term, at in [*premises, (part, inner)]:
        for cell, read in _reads(term, at, instance):
            reads.setdefault(cell, read)
    return Blame(
        part,
        tuple((name.partition("$")[0], v) for name, v in inner.locals.items() if name in mentioned),
        tuple(reads.items())[:MOST_READS],
        value,
    )


class _Descent(Struct, frozen=True):
    """The walk down to the part that is responsible."""

    instance: Instance

    def value(self, term: Term, env: Env) -> bool | None:
        """The truth of a predicate, None where it has no value."""
        try:
            return bool(denote(term, self.instance)(env))
        except ModelError:
            return None

    def into(
        self, term: Term, env: Env, value: bool | None
    ) -> tuple[Term, Env, list[tuple[Term, Env]], bool | None]:
        """The part of `term` (which has that value) because of which it has it, where it is evaluated, and
        the premises on the way that were true."""
        match term, value:
            case (terms.And(args), False | None) | (terms.Or(args), True | None):
                decisive = next(arg for arg in args if self.value(arg, env) is value)
                return self.into(decisive, env, value)
            case terms.Not(arg), bool() if arg.span is None or arg.span != term.span:
                # (`a != b` is one operator in the source: nothing in it says `a == b`.)
                return self.into(arg, env, not value)
            case terms.Implies(left, right), False:
                part, inner, premises, final = self.into(right, env, value)
                return part, inner, [(left, env), *premises], final
            case terms.Quantified(quantifier, binders, where, body), bool():
                if value is (quantifier is Quantifier.FORALL):
                    return term, env, [], value
                inside = next(e for e in self._bound(binders, where, env) if self.value(body, e) is value)
                return self.into(body, inside, value)
            case terms.Let(local, bound, body), bool():
                given = denote(bound, self.instance)(env)
                return self.into(body, env._replace(locals={**env.locals, local.name: given}), value)
            case terms.Conditional(condition, then, orelse), bool():
                taken = then if self.value(condition, env) else orelse
                part, inner, premises, final = self.into(taken, env, value)
                return part, inner, [(condition, env), *premises], final
            case _:
                return term, env, [], value

    def _bound(self, binders: tuple[terms.Local, ...], where: Term | None, env: Env) -> Iterator[Env]:
        return _bound(binders, where, env, self.instance)


def _bound(
    binders: tuple[terms.Local, ...], where: Term | None, env: Env, instance: Instance
) -> Iterator[Env]:
    """The environments of a quantifier's body."""
    for values in instance.values(binders):
        named = {b.name: v for b, v in zip(binders, values, strict=True)}
        inside = env._replace(locals={**env.locals, **named})
        if where is None or denote(where, instance)(inside):
            yield inside


def _locals(term: Term) -> Iterator[str]:
    """The names that a term mentions."""
    if isinstance(term, terms.Local):
        yield term.name
    for child in children(term):
        yield from _locals(child)


def _reads(term: Term, env: Env, instance: Instance) -> Iterator[tuple[str, Value]]:
    """The cells that a term reads when it is evaluated, with their values."""
    try:
        yield from _all_reads(term, env, instance)
    except ModelError:
        return


def _all_reads(term: Term, env: Env, instance: Instance) -> Iterator[tuple[str, Value]]:
    match term:
        case terms.Read(place, primed):
            for index in place.indices:
                yield from _all_reads(index, env, instance)
            yield from _cells(term, env, instance, primed)
        case terms.Quantified(_, binders, where, body) | terms.Count(binders, where, body):
            for inside in _bound(binders, where, env, instance):
                if where is not None:
                    yield from _all_reads(where, inside, instance)
                yield from _all_reads(body, inside, instance)
        case terms.Let(local, value, body):
            yield from _all_reads(value, env, instance)
            given: Mapping[str, Value] = {**env.locals, local.name: denote(value, instance)(env)}
            yield from _all_reads(body, env._replace(locals=given), instance)
        case terms.And(args) | terms.Or(args):
            decisive = isinstance(term, terms.Or)
            for arg in args:
                yield from _all_reads(arg, env, instance)
                if bool(denote(arg, instance)(env)) is decisive:
                    return
        case terms.Implies(left, right):
            yield from _all_reads(left, env, instance)
            if denote(left, instance)(env):
                yield from _all_reads(right, env, instance)
        case terms.Conditional(condition, then, orelse):
            yield from _all_reads(condition, env, instance)
            yield from _all_reads(then if denote(condition, instance)(env) else orelse, env, instance)
        case _:
            for child in children(term):
                yield from _all_reads(child, env, instance)


def _cells(read: terms.Read, env: Env, instance: Instance, primed: bool) -> Iterator[tuple[str, Value]]:
    place = read.place
    indices = tuple(denote(index, instance)(env) for index in place.indices)
    where = instance.slices(place.variable, place.path)[indices]
    values = flatten(denote(read, instance)(env))
    for cell, value in zip(instance.cells[where], values, strict=True):
        yield _name(cell, primed), value


def _name(cell: Cell, primed: bool) -> str:
    name = repr(cell)
    return f"{cell.variable}'{name.removeprefix(cell.variable)}" if primed else name
