"""A predicate as the conjuncts that it consists of in a state.

A `forall` has some for each value; of what an `exists` or a disjunction offers, the case counts that lacks
least."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from mmcheck.core import terms
from mmcheck.core.instance import Instance, State
from mmcheck.core.semantics import Env, ModelError, at, denote
from mmcheck.core.terms import Quantifier, Term
from mmcheck.core.types import Value


class Part(Struct, frozen=True):
    """A conjunct with the values of the names in it. `positive` is false where it must not be true; `holds`
    says whether it is as it must be."""

    term: Term
    env: Env
    positive: bool
    holds: bool

    @property
    def bindings(self) -> tuple[tuple[str, Value], ...]:
        """The names bound around it."""
        return tuple((name.partition("$")[0], value) for name, value in self.env.locals.items())


def parts(goal: Term, state: State, instance: Instance) -> list[Part]:
    """The conjuncts of a goal in a state: the goal is true where all hold."""
    return list(_parts(goal, at(state, {}), instance, True))


def _parts(term: Term, env: Env, instance: Instance, positive: bool) -> Iterator[Part]:
    """The conjuncts of a term, or of its negation."""
    match term:
        case terms.Not(arg) if not _is_unequal(term):
            yield from _parts(arg, env, instance, not positive)
        case terms.And(args) | terms.Or(args) if isinstance(term, terms.And) is positive:
            for arg in args:
                yield from _parts(arg, env, instance, positive)
        case terms.And(args) | terms.Or(args):
            yield from _best([list(_parts(arg, env, instance, positive)) for arg in args])
        case terms.Implies(premise, conclusion) if not positive:
            yield from _parts(premise, env, instance, True)
            yield from _parts(conclusion, env, instance, False)
        case terms.Implies(premise, conclusion):
            ways = [(premise, False), (conclusion, True)]
            yield from _best([list(_parts(part, env, instance, sign)) for part, sign in ways])
        case terms.Quantified(quantifier, binders, where, body):
            each = [
                env._replace(locals={**env.locals, **_named(binders, values)})
                for values in instance.values(binders)
            ]
            if (quantifier is Quantifier.FORALL) is positive:
                for inside in each:
                    if where is None or _value(where, inside, instance):
                        yield from _parts(body, inside, instance, positive)
            else:
                yield from _best([_case(where, body, inside, instance, positive) for inside in each])
        case terms.Let(local, given, body):
            try:
                value = denote(given, instance)(env)
            except ModelError:
                yield Part(term, env, positive, False)
                return
            inside = env._replace(locals={**env.locals, local.name: value})
            yield from _parts(body, inside, instance, positive)
        case _:
            value = _value(term, env, instance)
            yield Part(term, env, positive, value is positive)


def _is_unequal(term: Term) -> bool:
    """Whether it is `a != b`, one operator in the source."""
    return isinstance(term, terms.Not) and term.span is not None and term.span == term.arg.span


def _case(where: Term | None, body: Term, env: Env, instance: Instance, positive: bool) -> list[Part]:
    """What a value must satisfy to be the one that exists."""
    first = [] if where is None else list(_parts(where, env, instance, True))
    return [*first, *_parts(body, env, instance, positive)]


def _named(binders: tuple[terms.Local, ...], values: tuple[Value, ...]) -> dict[str, Value]:
    return {binder.name: value for binder, value in zip(binders, values, strict=True)}


def _best(ways: list[list[Part]]) -> list[Part]:
    """The way that lacks least, and of several the one that has most."""
    return min(ways, key=lambda way: (missing(way), -len(way)), default=[])


def missing(found: list[Part]) -> int:
    """How many conjuncts do not hold."""
    return sum(not part.holds for part in found)


def _value(term: Term, env: Env, instance: Instance) -> bool | None:
    """The truth of a predicate, None where it has no value."""
    try:
        return bool(denote(term, instance)(env))
    except ModelError:
        return None


# --- the same conjuncts in every state -------------------------------------------------------------------

MOST_CASES = 256
"""Of more values of what exists than this, an `exists` is one conjunct."""


class Label(Struct, frozen=True):
    """A conjunct whatever the state: what it says, for which values of a `forall` around it. Names bound by
    an `exists` have no values here: some will do."""

    text: str
    bindings: tuple[tuple[str, Value], ...]
    positive: bool


Case: TypeAlias = dict[Label, bool]
"""For one choice of what is to exist, which conjuncts hold."""


def cases(goal: Term, state: State, instance: Instance) -> list[Case]:
    """The truth of the conjuncts for every choice of what is to exist: the goal is true where some case has
    only true ones. The conjuncts are the same in every state and every case, so that what is never found true
    never is."""
    return _Cases(instance).of(goal, at(state, {}), (), True)


class _Cases(Struct, frozen=True):
    instance: Instance

    def of(self, term: Term, env: Env, bindings: tuple[tuple[str, Value], ...], positive: bool) -> list[Case]:
        match term:
            case terms.Not(arg) if not _is_unequal(term):
                return self.of(arg, env, bindings, not positive)
            case terms.And(args) | terms.Or(args) if isinstance(term, terms.And) is positive:
                return self._product(
                    term, env, bindings, positive, [(a, env, bindings, positive) for a in args]
                )
            case terms.Implies(premise, conclusion) if not positive:
                both = [(premise, env, bindings, True), (conclusion, env, bindings, False)]
                return self._product(term, env, bindings, positive, both)
            case terms.Quantified(quantifier, binders, None, body):
                each = [_named(binders, values) for values in self.instance.values(binders)]
                inside = [env._replace(locals={**env.locals, **named}) for named in each]
                if (quantifier is Quantifier.FORALL) is positive:
                    told = [(*bindings, *_shown(named)) for named in each]
                    all = [(body, e, b, positive) for e, b in zip(inside, told, strict=True)]
                    return self._product(term, env, bindings, positive, all)
                found = [case for e in inside for case in self.of(body, e, bindings, positive)]
                return found if 0 < len(found) <= MOST_CASES else self._leaf(term, env, bindings, positive)
            case terms.Let(local, terms.Local() | terms.Literal() as given, body):
                value = denote(given, self.instance)(env)
                return self.of(
                    body, env._replace(locals={**env.locals, local.name: value}), bindings, positive
                )
            case _:
                return self._leaf(term, env, bindings, positive)

    def _leaf(
        self, term: Term, env: Env, bindings: tuple[tuple[str, Value], ...], positive: bool
    ) -> list[Case]:
        text = " ".join(term.span.text.split()) if term.span else repr(term)
        return [{Label(text, bindings, positive): _value(term, env, self.instance) is positive}]

    def _product(
        self,
        whole: Term,
        env: Env,
        bindings: tuple[tuple[str, Value], ...],
        positive: bool,
        inner: list[tuple[Term, Env, tuple[tuple[str, Value], ...], bool]],
    ) -> list[Case]:
        """One case of each part, in every combination."""
        found: list[Case] = [{}]
        for part in inner:
            ways = self.of(*part)
            if len(found) * len(ways) > MOST_CASES:
                return self._leaf(whole, env, bindings, positive)
            found = [_both(case, way) for case in found for way in ways]
        return found


def _both(case: Case, other: Case) -> Case:
    """A conjunct that stands in both holds only where it holds in both."""
    return {**case, **{label: case.get(label, True) and true for label, true in other.items()}}


def _shown(named: dict[str, Value]) -> tuple[tuple[str, Value], ...]:
    return tuple((name.partition("$")[0], value) for name, value in named.items())
