"""What terms mean over uninterpreted sorts: a value, and where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import assert_never

from msgspec import Struct, field

from mmcheck.core import terms
from mmcheck.core.terms import Local, Place, Quantifier, Term
from mmcheck.core.types import OptionalType, RangeType, SetType, StructType, Type, Value
from mmcheck.engines.parametric.contents import Indices, State, held
from mmcheck.engines.parametric.counting import counted, tally
from mmcheck.engines.parametric.flow import Flow
from mmcheck.engines.parametric.logic import FALSE, TRUE, Logic
from mmcheck.engines.parametric.operations import as_cases, combine, compare, compute, constant, fits, wider
from mmcheck.engines.parametric.values import (
    AnyValue,
    Cases,
    Element,
    Members,
    OutsideError,
    Parts,
    Tally,
    choose,
    is_leaf,
)
from mmcheck.engines.parametric.vocabulary import Vocabulary
from mmcheck.source import Span

Alternative = tuple[dict[str, AnyValue], tuple[int, ...]]
"""One way to bind names: to these values, with these variables in them."""


class Evaluation(Struct):
    """Evaluates terms within one execution: names have these values, and reads see the state `reads`, with
    primes the state `after`, to which a step of the transition `by` led."""

    vocabulary: Vocabulary
    flow: Flow
    locals: dict[str, AnyValue] = field(default_factory=dict)
    reads: State = field(default_factory=dict)
    after: State = field(default_factory=dict)
    by: str = ""

    @property
    def logic(self) -> Logic:
        return self.vocabulary.logic

    def value(self, term: Term) -> AnyValue:
        """The value of a term where it is reached and has one; where it has none, the flow fails."""
        logic = self.logic
        match term:
            case terms.Literal(value, type):
                return constant(value, type)
            case terms.Local(name):
                return self.locals[name]
            case terms.Read(place, primed):
                return self._read(place, primed)
            case terms.FieldOf(record, name):
                parts = self.value(record)
                assert isinstance(parts, Parts)
                return parts.fields[name]
            case terms.Not(arg):
                return logic.neg(self.truth(arg))
            case terms.And(args):
                known = TRUE
                for arg in args:
                    known = logic.conj(known, self._truth_under(known, arg))
                return known
            case terms.Or(args):
                known = FALSE
                for arg in args:
                    known = logic.disj(known, self._truth_under(logic.neg(known), arg))
                return known
            case terms.Implies(left, right):
                premise = self.truth(left)
                return logic.implies(premise, self._truth_under(premise, right))
            case terms.Compare(comparison, left, right):
                type = wider(left.type, right.type)
                return compare(self.vocabulary, comparison, self.value(left), self.value(right), type)
            case terms.Arithmetic(operator, left, right):
                return compute(logic, operator, self._cases(left), self._cases(right), term.span)
            case terms.Conditional(condition, then, orelse):
                test = self.truth(condition)
                taken = self._under(test, then)
                return choose(logic, test, taken, self._under(logic.neg(test), orelse))
            case terms.Quantified(quantifier, binders, where, body):
                return self.quantify(quantifier is Quantifier.FORALL, binders, where, body)
            case terms.Count(binders, where, body):
                return self._count(binders, where, body, term.span)
            case terms.SetLiteral(items):
                each = [self._cases(item) for item in items]
                return Members(lambda leaf: logic.disj(*(is_leaf(logic, cases, leaf) for cases in each)))
            case terms.SetOperation(operation, left, right):
                return combine(logic, operation, self._members(left), self._members(right))
            case terms.Member(element, container):
                cases, inside = self._cases(element), self._members(container).contains
                pairs = cases.items()
                return logic.disj(*(logic.conj(g, inside(leaf)) for leaf, g in pairs if leaf is not None))
            case terms.Cardinality(container):
                return self._size(container, term.span)
            case terms.Coerce():
                return self._coerce(term)
            case terms.Let(local, given, body):
                outer = self.locals
                self.locals = {**outer, local.name: self.value(given)}
                result = self.value(body)
                self.locals = outer
                return result
            case terms.By(transitions):
                return TRUE if self.by in transitions else FALSE
            case _:
                assert_never(term)

    def truth(self, term: Term) -> int:
        """Where a term is true."""
        value = self.value(term)
        assert isinstance(value, int)
        return value

    def _under(self, condition: int, term: Term) -> AnyValue:
        """The value of a term that is evaluated only where the condition is true."""
        outer = self.flow.path
        self.flow.path = self.logic.conj(outer, condition)
        value = self.value(term)
        self.flow.path = outer
        return value

    def _truth_under(self, condition: int, term: Term) -> int:
        value = self._under(condition, term)
        assert isinstance(value, int)
        return value

    def _cases(self, term: Term) -> Cases:
        return as_cases(self.logic, self.value(term))

    def _members(self, term: Term) -> Members:
        value = self.value(term)
        assert isinstance(value, Members)
        return value

    # --- places ------------------------------------------------------------------------------------------

    def located(self, place: Place) -> Iterator[tuple[int, Indices]]:
        """What a place may be: under which condition which values and elements are its indices."""
        cases = [self._cases(index) for index in place.indices]
        for chosen in product(*(case.items() for case in cases)):
            guard = self.logic.conj(*(g for _, g in chosen))
            if guard != FALSE:
                fixed = tuple(leaf for leaf, _ in chosen if not isinstance(leaf, Element))
                yield guard, (fixed, tuple(leaf.term for leaf, _ in chosen if isinstance(leaf, Element)))

    def _read(self, place: Place, primed: bool) -> AnyValue:
        state = self.after if primed else self.reads
        found = [
            (guard, held(self.vocabulary, state, place, indices)) for guard, indices in self.located(place)
        ]
        if not found:
            return self.vocabulary.nothing(place.type)
        # One of the conditions is true wherever the place has a value at all, so the last needs no test.
        value = found[-1][1]
        for guard, other in reversed(found[:-1]):
            value = choose(self.logic, guard, other, value)
        return value

    # --- bound names -------------------------------------------------------------------------------------

    def alternatives(self, binders: tuple[Local, ...]) -> Iterator[Alternative]:
        """Every way to bind names, elements of sorts of any size by variables."""
        for chosen in product(*(list(self._ways(binder)) for binder in binders)):
            names = {binder.name: value for binder, (value, _) in zip(binders, chosen, strict=True)}
            yield names, tuple(v for _, vars in chosen for v in vars)

    def _ways(self, binder: Local) -> Iterator[tuple[AnyValue, tuple[int, ...]]]:
        type, sort = binder.type, self.vocabulary.sort_of(binder.type)
        if sort is not None:
            if isinstance(type, OptionalType):
                yield {None: TRUE}, ()
            var = self.logic.var(sort)
            yield {Element(var): TRUE}, (var,)
        elif self.vocabulary.has_elements(type) or isinstance(type, StructType | SetType):
            remedy = "bind its elements or fields one by one"
            raise OutsideError(f"a bound name of type {type!r}", binder.span, remedy)
        else:
            for value in self.vocabulary.values(type, binder.span):
                yield constant(value, type), ()

    def _each(
        self, binders: tuple[Local, ...], where: Term | None, body: Term
    ) -> list[tuple[tuple[int, ...], int, int]]:
        """For every way to bind names: its variables, whether it counts, and the truth of the body."""
        found, outer, around = [], self.locals, self.flow.quantified
        for names, vars in self.alternatives(binders):
            self.locals = {**outer, **names}
            self.flow.quantified = (*around, *vars)
            condition = TRUE if where is None else self.truth(where)
            found.append((vars, condition, self._truth_under(condition, body)))
        self.locals, self.flow.quantified = outer, around
        return found

    def quantify(self, forall: bool, binders: tuple[Local, ...], where: Term | None, body: Term) -> int:
        """Whether something is true for all ways to bind names, or for some."""
        logic, parts = self.logic, self._each(binders, where, body)
        if forall:
            return logic.conj(*(logic.forall(vars, logic.implies(w, b)) for vars, w, b in parts))
        return logic.disj(*(logic.exists(vars, logic.conj(w, b)) for vars, w, b in parts))

    def _count(
        self, binders: tuple[Local, ...], where: Term | None, body: Term, span: Span | None
    ) -> AnyValue:
        parts = [(vars, self.logic.conj(w, b)) for vars, w, b in self._each(binders, where, body)]
        sort = next((s for b in binders if (s := self.vocabulary.sort_of(b.type)) is not None), None)
        return tally(self.logic, parts, span, sort)

    def _size(self, container: Term, span: Span | None) -> AnyValue:
        type, contains = container.type, self._members(container).contains
        assert isinstance(type, SetType)
        sort = self.vocabulary.sort_of(type.element)
        if sort is not None:
            var = self.logic.var(sort)
            return tally(self.logic, [((var,), contains(Element(var)))], span, sort)
        values = self.vocabulary.values(type.element, span)
        return tally(self.logic, [((), contains(value)) for value in values], span, None)

    # --- conversions -------------------------------------------------------------------------------------

    def _coerce(self, term: terms.Coerce) -> AnyValue:
        """The value as one of the type; an error where it is none."""
        value, wanted = self.value(term.arg), term.type
        match value:
            case dict():
                return self._fitted(value, wanted)
            case Tally():
                return self._fitted(counted(self.logic, value, wanted), wanted)
            case Members() if isinstance(wanted, SetType) and isinstance(wanted.element, RangeType):
                self._fit_members(value, term, wanted)
                return value
            case _:
                return value

    def _fitted(self, cases: Cases, wanted: Type) -> Cases:
        """Those of the things that are of a type; an error where it is another."""
        others = (guard for leaf, guard in cases.items() if not fits(leaf, wanted))
        self.flow.fail(self.logic.disj(*others))
        return {leaf: guard for leaf, guard in cases.items() if fits(leaf, wanted)}

    def _fit_members(self, value: Members, term: terms.Coerce, wanted: SetType) -> None:
        """An error where a set has a member that is none of a type."""
        given = term.arg.type
        assert isinstance(given, SetType)
        own: set[Value] = set(self.vocabulary.values(wanted.element, term.span))
        beyond = [v for v in self.vocabulary.values(given.element, term.span) if v not in own]
        self.flow.fail(self.logic.disj(*map(value.contains, beyond)))
