"""Symbolic execution over uninterpreted sorts: what a transition requires, what it does, what goes wrong.

A transition is executed once for all elements. Its parameters and choices become fresh constants (functions
of the bound elements, inside a bulk update), what it writes a new content of slots, worked out where it is
read: so a predicate over the state after a step is evaluated to a formula over the state before it, and no
axiom says that anything else stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, combinations_with_replacement, product
from typing import assert_never

from msgspec import Struct, field

from mmcheck.core import system, terms
from mmcheck.core.system import Body, Statement, Transition
from mmcheck.core.terms import ArithmeticOp, Comparison, Local, Place, Quantifier, SetOp, Term
from mmcheck.core.types import (
    BoolType,
    OptionalType,
    RangeType,
    SetType,
    StructType,
    Type,
    Value,
)
from mmcheck.engines.parametric.logic import FALSE, TRUE, Logic
from mmcheck.engines.parametric.values import (
    AnyValue,
    Cases,
    Element,
    Leaf,
    Members,
    OutsideError,
    Parts,
    Tally,
    choose,
    is_leaf,
    merged,
    same_leaf,
    substituted,
    uncounted,
)
from mmcheck.engines.parametric.vocabulary import Content, Slot, Vocabulary, leaves
from mmcheck.source import Span

MOST_COUNTED = 4
"""As far as elements of a sort of any size are counted: each number more takes one more variable."""

State = Mapping[Slot, Content]
"""What slots hold that differ from what they held before."""

Alternative = tuple[dict[str, AnyValue], tuple[int, ...]]
"""One way to bind names: to these values, with these variables in them."""


class Outcome(Struct, frozen=True):
    """What an execution came to: where it goes through, where it runs into a model error, and what is then in
    the slots that it wrote."""

    guard: int
    fails: int
    writes: State


class Judgement(Struct, frozen=True):
    """Where a predicate is true, and where it runs into a model error."""

    holds: int
    fails: int


def run_transition(vocabulary: Vocabulary, transition: Transition) -> Outcome:
    """A transition for some choice of its arguments."""
    run = Run(vocabulary, transition.name)
    for param in transition.params:
        run.locals[param.name] = vocabulary.anything(f"{transition.name}({param.name})", (), param.type)
    run.body(transition.body)
    return run.outcome()


def run_init(vocabulary: Vocabulary) -> Outcome:
    """The way to some initial state."""
    run = Run(vocabulary, "init")
    run.state = {slot: vocabulary.unset(slot) for slot in vocabulary.slots()}
    run.reads = run.state
    run.body(vocabulary.system.init)
    return run.outcome()


def judge(
    vocabulary: Vocabulary,
    params: tuple[Local, ...],
    body: Term,
    now: State | None = None,
    after: State | None = None,
    by: str = "",
) -> Judgement:
    """A predicate for all values of its parameters, over a state, or over a state and the one after it."""
    run = Run(vocabulary, "predicate")
    run.state = run.reads = now or {}
    run.after, run.by = after or {}, by
    claim = terms.Quantified(Quantifier.FORALL, params, None, body) if params else body
    return Judgement(run.truth(claim), run.fails)


def changes(vocabulary: Vocabulary, outcome: Outcome) -> int:
    """Where a step does not lead back to the state that it leaves."""
    logic = vocabulary.logic
    found = []
    for slot, content in outcome.writes.items():
        at = tuple(map(logic.var, slot.args))
        same = equal(logic, content(at), vocabulary.before(slot)(at))
        found.append(logic.exists(at, logic.neg(same)))
    return logic.disj(*found)


def equal(logic: Logic, left: AnyValue, right: AnyValue) -> int:
    """Whether two scalars that are no sets are the same."""
    if isinstance(left, int) and isinstance(right, int):
        return logic.iff(left, right)
    assert isinstance(left, dict) and isinstance(right, dict)
    pairs = product(left.items(), right.items())
    return logic.disj(*(logic.conj(f, g, same_leaf(logic, a, b)) for (a, f), (b, g) in pairs))


class Run(Struct):
    """One execution. `path` says where the statement or the part of a term at hand is reached within the
    branches around it, `alive` where all went well so far, `local` the same for the elements that are bound
    in the bulk update around."""

    vocabulary: Vocabulary
    name: str
    locals: dict[str, AnyValue] = field(default_factory=dict)
    state: State = field(default_factory=dict)
    reads: State = field(default_factory=dict)
    after: State = field(default_factory=dict)
    by: str = ""
    path: int = TRUE
    alive: int = TRUE
    local: int = TRUE
    fails: int = FALSE
    stopped: int = FALSE
    bulk: tuple[int, ...] | None = None
    """The variables that are bound in the bulk update around, if there is one."""
    quantified: tuple[int, ...] = ()
    """The variables that are bound in the term around."""
    made: int = 0

    @property
    def logic(self) -> Logic:
        return self.vocabulary.logic

    def outcome(self) -> Outcome:
        before = self.vocabulary.before
        writes = {slot: content for slot, content in self.state.items() if content is not before(slot)}
        return Outcome(self.logic.conj(self.alive, self.logic.neg(self.fails)), self.fails, writes)

    @property
    def reached(self) -> int:
        return self.logic.conj(self.path, self.alive, self.local, self.logic.neg(self.stopped))

    def fail(self, condition: int) -> None:
        """An error where the condition is true."""
        logic = self.logic
        error = logic.exists(self.quantified, logic.conj(self.reached, condition))
        if self.bulk is None:
            self.alive = logic.conj(self.alive, logic.neg(error))
        else:
            self.local = logic.conj(self.local, logic.neg(error))
        self.fails = logic.disj(self.fails, logic.exists(self.bulk or (), error))

    def demand(self, condition: int) -> None:
        """Not enabled where the condition is false."""
        demanded = self.logic.implies(self.reached, condition)
        if self.bulk is None:
            self.alive = self.logic.conj(self.alive, demanded)
        else:
            self.local = self.logic.conj(self.local, demanded)

    def under(self, condition: int, term: Term) -> AnyValue:
        """The value of a term that is evaluated only where the condition is true."""
        outer = self.path
        self.path = self.logic.conj(self.path, condition)
        value = self.value(term)
        self.path = outer
        return value

    def fresh(self, what: str, type: Type) -> AnyValue:
        """Some value, for all elements that are bound around a choice of its own."""
        self.made += 1
        return self.vocabulary.anything(f"{self.name}({what} {self.made})", self.bulk or (), type)

    # --- statements --------------------------------------------------------------------------------------

    def body(self, body: Body) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, statement: Statement) -> None:
        logic = self.logic
        match statement:
            case system.Require(condition):
                self.demand(self.truth(condition))
            case system.Assert(condition):
                self.fail(logic.neg(self.truth(condition)))
            case system.Assign(place, value):
                self.write(place, self.value(value))
            case system.Havoc(place):
                self.write(place, self.fresh(place.variable, place.type))
            case system.Let(local, value):
                self.locals[local.name] = self.value(value)
            case system.Choose(binders, where):
                self.choose(binders, where)
            case system.If(condition, then, orelse):
                self.branch(self.truth(condition), then, orelse)
            case system.ForAll(binders, where, body):
                self.for_all(binders, where, body)
            case system.Stop():
                running = logic.conj(self.path, logic.neg(self.stopped))
                self.stopped = logic.disj(self.stopped, running)
            case _:
                assert_never(statement)

    def choose(self, binders: tuple[Local, ...], where: Term | None) -> None:
        """Some binding; but an error in `where` for any of them is one."""
        if where is not None:
            self.quantify(False, binders, None, where)
        for binder in binders:
            self.locals[binder.name] = self.fresh(binder.name, binder.type)
        if where is not None:
            known = self.alive, self.local, self.fails
            fits = self.truth(where)
            self.alive, self.local, self.fails = known
            self.demand(fits)

    def branch(self, test: int, then: Body, orelse: Body) -> None:
        """Both branches. What one writes under its condition the other does not see, as the conditions
        exclude each other; outside of bulk updates the second begins with the state before all the same."""
        logic, outer, before, stopped = self.logic, self.path, self.state, self.stopped
        self.path = logic.conj(outer, test)
        if self.path != FALSE:
            self.body(then)
        taken, stopped_there = self.state, self.stopped
        self.path = logic.conj(outer, logic.neg(test))
        if self.bulk is None:
            self.restore(before)
            self.stopped = stopped
        if self.path != FALSE:
            self.body(orelse)
        self.path = outer
        if self.bulk is None:
            self.stopped = logic.ite(test, stopped_there, self.stopped)
            self.restore(self.joined(test, taken, self.state))

    def joined(self, test: int, then: State, orelse: State) -> State:
        """The contents after one branch or the other."""
        if then is orelse or test == TRUE:
            return then
        found = dict(orelse)
        for slot in {**then, **orelse}:
            left, right = self.content(then, slot), self.content(orelse, slot)
            if left is not right:
                found[slot] = _joined(self.logic, test, left, right)
        return found

    def restore(self, state: State) -> None:
        self.state = state
        if self.bulk is None:
            self.reads = state

    def for_all(self, binders: tuple[Local, ...], where: Term | None, body: Body) -> None:
        """The body for all bindings: reads see the state before, writes add up."""
        logic, outer, path, bulk, local = self.logic, dict(self.locals), self.path, self.bulk, self.local
        for names, vars in self.alternatives(binders):
            self.locals |= names
            self.bulk, self.local = (*(bulk or ()), *vars), TRUE if bulk is None else local
            inside = TRUE if where is None else self.truth(where)
            self.path = logic.conj(path, inside)
            self.body(body)
            self.path = path
            if bulk is None:
                self.alive = logic.conj(self.alive, logic.forall(vars, self.local))
                local = TRUE
            else:
                local = logic.conj(local, logic.forall(vars, self.local))
        self.locals, self.bulk, self.local = outer, bulk, local
        if bulk is None:
            self.reads = self.state

    def alternatives(self, binders: tuple[Local, ...]) -> Iterator[Alternative]:
        """Every way to bind names, elements of sorts of any size by variables."""
        for chosen in product(*(list(self.ways(binder)) for binder in binders)):
            names = {binder.name: value for binder, (value, _) in zip(binders, chosen, strict=True)}
            yield names, tuple(v for _, vars in chosen for v in vars)

    def ways(self, binder: Local) -> Iterator[tuple[AnyValue, tuple[int, ...]]]:
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
                yield self.constant(value, type), ()

    # --- places ------------------------------------------------------------------------------------------

    def content(self, state: State, slot: Slot) -> Content:
        known = state.get(slot)
        return self.vocabulary.before(slot) if known is None else known

    def located(self, place: Place) -> Iterator[tuple[int, tuple[Value, ...], tuple[int, ...]]]:
        """What a place may be: under which condition which values and elements are its indices."""
        cases = [self.cases(index) for index in place.indices]
        for chosen in product(*(case.items() for case in cases)):
            guard = self.logic.conj(*(g for _, g in chosen))
            if guard != FALSE:
                fixed = tuple(leaf for leaf, _ in chosen if not isinstance(leaf, Element))
                yield guard, fixed, tuple(leaf.term for leaf, _ in chosen if isinstance(leaf, Element))

    def read(self, place: Place, primed: bool) -> AnyValue:
        state = self.after if primed else self.reads
        found = [
            (g, self.held(state, place, place.type, place.path, f, a)) for g, f, a in self.located(place)
        ]
        if not found:
            return self.vocabulary.nothing(place.type)
        # One of the conditions is true wherever the place has a value at all, so the last needs no test.
        value = found[-1][1]
        for guard, other in reversed(found[:-1]):
            value = choose(self.logic, guard, other, value)
        return value

    def held(
        self,
        state: State,
        place: Place,
        type: Type,
        path: tuple[str, ...],
        fixed: tuple[Value, ...],
        args: tuple[int, ...],
    ) -> AnyValue:
        """What a state holds at a place with given indices."""

        def content(member: Value) -> Content:
            assert not isinstance(type, StructType)
            return self.content(state, self.vocabulary.slot(place.variable, path, fixed, type, member))

        match type:
            case StructType(_, fields):
                parts = {
                    f.name: self.held(state, place, f.type, (*path, f.name), fixed, args) for f in fields
                }
                return Parts(parts)
            case SetType(element) if self.vocabulary.sort_of(element) is not None:
                has = content(None)
                return Members(lambda leaf: _element_in(has, args, leaf))
            case SetType():
                each = {member: content(member) for member in self.vocabulary.members(type)}
                return Members(lambda leaf: _value_in(each, args, leaf))
            case _:
                return content(None)(args)

    def write(self, place: Place, value: AnyValue) -> None:
        state = dict(self.state)
        for guard, fixed, args in list(self.located(place)):
            condition = self.logic.conj(guard, self.path, self.logic.neg(self.stopped))
            if condition == FALSE:
                continue
            for path, type in leaves(place.type):
                part = _part(value, path)
                for member in self.vocabulary.members(type):
                    slot = self.vocabulary.slot(place.variable, (*place.path, *path), fixed, type, member)
                    old = self.content(state, slot)
                    state[slot] = self.written(old, condition, args, _at(part, type, member))
        self.restore(state)

    def written(
        self, old: Content, guard: int, args: tuple[int, ...], value: Callable[[tuple[int, ...]], AnyValue]
    ) -> Content:
        """The content after a write. In a bulk update the elements for which it is asked say which bound
        elements are meant: each of these is an index of the place."""
        logic, bulk = self.logic, frozenset(self.bulk or ())
        known: dict[tuple[int, ...], AnyValue] = {}

        def content(at: tuple[int, ...]) -> AnyValue:
            if at not in known:
                known[at] = made(at)
            return known[at]

        def made(at: tuple[int, ...]) -> AnyValue:
            images: dict[int, int] = {}
            for arg, given in zip(args, at, strict=False):
                if arg in bulk:
                    images.setdefault(arg, given)
            same = (
                logic.eq(logic.substitute(arg, images), given) for arg, given in zip(args, at, strict=False)
            )
            here = logic.conj(logic.substitute(guard, images), *same)
            if here == FALSE:
                return old(at)
            new = substituted(logic, value(at[len(args) :]), images)
            return choose(logic, here, new, old(at))

        return content

    # --- terms -------------------------------------------------------------------------------------------

    def truth(self, term: Term) -> int:
        value = self.value(term)
        assert isinstance(value, int)
        return value

    def cases(self, term: Term) -> Cases:
        return self.as_cases(self.value(term))

    def as_cases(self, value: AnyValue) -> Cases:
        match value:
            case dict():
                return value
            case int():
                return merged(self.logic, ((True, value), (False, self.logic.neg(value))))
            case Tally():
                raise uncounted(value)
            case _:
                raise TypeError(f"{value!r} is no scalar")

    def constant(self, value: Value, type: Type) -> AnyValue:
        match type:
            case BoolType():
                return TRUE if value else FALSE
            case SetType():
                assert isinstance(value, frozenset)
                return Members(lambda leaf: TRUE if leaf in value else FALSE)
            case StructType(_, fields):
                return Parts({f.name: self.constant(value.get(f.name), f.type) for f in fields})  # type: ignore[union-attr]  # typed as a struct
            case _:
                return {value: TRUE}

    def value(self, term: Term) -> AnyValue:
        """The value of a term where it is reached and has one; where it has none, `fails` says so."""
        logic = self.logic
        match term:
            case terms.Literal(value, type):
                return self.constant(value, type)
            case terms.Local(name):
                return self.locals[name]
            case terms.Read(place, primed):
                return self.read(place, primed)
            case terms.FieldOf(record, name):
                parts = self.value(record)
                assert isinstance(parts, Parts)
                return parts.fields[name]
            case terms.Not(arg):
                return logic.neg(self.truth(arg))
            case terms.And(args):
                known = TRUE
                for arg in args:
                    known = logic.conj(known, self.truth_under(known, arg))
                return known
            case terms.Or(args):
                known = FALSE
                for arg in args:
                    known = logic.disj(known, self.truth_under(logic.neg(known), arg))
                return known
            case terms.Implies(left, right):
                premise = self.truth(left)
                return logic.implies(premise, self.truth_under(premise, right))
            case terms.Compare(comparison, left, right):
                return self.compare(
                    comparison, self.value(left), self.value(right), _wider(left.type, right.type)
                )
            case terms.Arithmetic(operator, left, right):
                return self.compute(operator, self.cases(left), self.cases(right), term.span)
            case terms.Conditional(condition, then, orelse):
                test = self.truth(condition)
                taken = self.under(test, then)
                return choose(logic, test, taken, self.under(logic.neg(test), orelse))
            case terms.Quantified(quantifier, binders, where, body):
                return self.quantify(quantifier is Quantifier.FORALL, binders, where, body)
            case terms.Count(binders, where, body):
                return self.count(binders, where, body, term.span)
            case terms.SetLiteral(items):
                each = [self.cases(item) for item in items]
                return Members(lambda leaf: logic.disj(*(is_leaf(logic, cases, leaf) for cases in each)))
            case terms.SetOperation(operation, left, right):
                return self.combine(operation, self.members(left), self.members(right))
            case terms.Member(element, container):
                cases, inside = self.cases(element), self.members(container).contains
                pairs = cases.items()
                return logic.disj(*(logic.conj(g, inside(leaf)) for leaf, g in pairs if leaf is not None))
            case terms.Cardinality(container):
                return self.size(container, term.span)
            case terms.Coerce():
                return self.coerce(term)
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

    def truth_under(self, condition: int, term: Term) -> int:
        value = self.under(condition, term)
        assert isinstance(value, int)
        return value

    def members(self, term: Term) -> Members:
        value = self.value(term)
        assert isinstance(value, Members)
        return value

    # --- comparison and arithmetic -----------------------------------------------------------------------

    def compare(self, comparison: Comparison, left: AnyValue, right: AnyValue, type: Type) -> int:
        logic = self.logic
        match left, right:
            case (Tally() as one, Tally()):
                raise uncounted(one)
            case (Tally() as tally, _):
                return self.compare_tally(comparison, tally, self.as_cases(right), reverse=False)
            case (_, Tally() as tally):
                return self.compare_tally(comparison, tally, self.as_cases(left), reverse=True)
            case (Parts(a), Parts(b)):
                assert isinstance(type, StructType)
                return logic.conj(
                    *(self.compare(comparison, a[f.name], b[f.name], f.type) for f in type.fields)
                )
            case (Members(), Members()):
                return self.same_members(left, right, type)
            case _:
                pass
        if comparison is Comparison.EQ:
            return equal(logic, left, right)
        pairs = product(self.as_cases(left).items(), self.as_cases(right).items())
        fits = (logic.conj(f, g) for (a, f), (b, g) in pairs if _is_ordered(comparison, a, b))
        return logic.disj(*fits)

    def same_members(self, left: Members, right: Members, type: Type) -> int:
        assert isinstance(type, SetType)
        sort = self.vocabulary.sort_of(type.element)
        if sort is not None:
            var = self.logic.var(sort)
            leaf = Element(var)
            return self.logic.forall((var,), self.logic.iff(left.contains(leaf), right.contains(leaf)))
        values = self.vocabulary.values(type.element)
        return self.logic.conj(*(self.logic.iff(left.contains(v), right.contains(v)) for v in values))

    def compare_tally(self, comparison: Comparison, tally: Tally, number: Cases, reverse: bool) -> int:
        """The number of elements against small numbers: on the left, or on the right if `reverse`."""
        logic, found = self.logic, []
        for leaf, guard in number.items():
            assert isinstance(leaf, int)
            if comparison is Comparison.EQ:
                holds = logic.conj(tally.at_least(leaf), logic.neg(tally.at_least(leaf + 1)))
            elif reverse:
                holds = tally.at_least(leaf + (comparison is Comparison.LT))
            else:
                holds = logic.neg(tally.at_least(leaf + (comparison is Comparison.LE)))
            found.append(logic.conj(guard, holds))
        return logic.disj(*found)

    def compute(self, operator: ArithmeticOp, left: Cases, right: Cases, span: Span | None) -> Cases:
        if len(left) * len(right) > 4_000:
            raise OutsideError("arithmetic on large numbers", span, "use smaller ranges, or another engine")
        sign = 1 if operator is ArithmeticOp.ADD else -1
        pairs = product(_numbers(left), _numbers(right))
        return merged(self.logic, ((a + sign * b, self.logic.conj(f, g)) for (a, f), (b, g) in pairs))

    # --- quantifiers and counting ------------------------------------------------------------------------

    def each(
        self, binders: tuple[Local, ...], where: Term | None, body: Term
    ) -> list[tuple[tuple[int, ...], int, int]]:
        """For every way to bind names: its variables, whether it counts, and the truth of the body."""
        found, outer, around = [], self.locals, self.quantified
        for names, vars in self.alternatives(binders):
            self.locals = {**outer, **names}
            self.quantified = (*around, *vars)
            condition = TRUE if where is None else self.truth(where)
            found.append((vars, condition, self.truth_under(condition, body)))
        self.locals, self.quantified = outer, around
        return found

    def quantify(self, forall: bool, binders: tuple[Local, ...], where: Term | None, body: Term) -> int:
        logic, parts = self.logic, self.each(binders, where, body)
        if forall:
            return logic.conj(*(logic.forall(vars, logic.implies(w, b)) for vars, w, b in parts))
        return logic.disj(*(logic.exists(vars, logic.conj(w, b)) for vars, w, b in parts))

    def count(
        self, binders: tuple[Local, ...], where: Term | None, body: Term, span: Span | None
    ) -> AnyValue:
        parts = [(vars, self.logic.conj(w, b)) for vars, w, b in self.each(binders, where, body)]
        sort = next((s for b in binders if (s := self.vocabulary.sort_of(b.type)) is not None), None)
        return self.tally(parts, span, sort)

    def size(self, container: Term, span: Span | None) -> AnyValue:
        type, contains = container.type, self.members(container).contains
        assert isinstance(type, SetType)
        sort = self.vocabulary.sort_of(type.element)
        if sort is not None:
            var = self.logic.var(sort)
            return self.tally([((var,), contains(Element(var)))], span, sort)
        values = self.vocabulary.values(type.element, span)
        return self.tally([((), contains(value)) for value in values], span, None)

    def tally(
        self, parts: list[tuple[tuple[int, ...], int]], span: Span | None, sort: str | None
    ) -> AnyValue:
        """How many things there are of which some formulas are true."""
        if not any(vars for vars, _ in parts):
            total: Cases = {0: TRUE}
            for _, truth in parts:
                one = merged(self.logic, ((1, truth), (0, self.logic.neg(truth))))
                total = self.compute(ArithmeticOp.ADD, total, one, span)
            return total

        def at_least(number: int) -> int:
            if number > MOST_COUNTED:
                raise OutsideError(
                    f"elements are counted up to {number}",
                    span,
                    f"compare with no more than {MOST_COUNTED}, or fix the size of the sort",
                    sort,
                )
            ways = combinations_with_replacement(range(len(parts)), max(number, 0))
            return self.logic.disj(*(self.some([parts[i] for i in way], way) for way in ways))

        return Tally(at_least, span, sort)

    def some(self, parts: list[tuple[tuple[int, ...], int]], way: tuple[int, ...]) -> int:
        """That there are different things, one of each of these parts."""
        logic, bound, truths = self.logic, [], []
        for vars, truth in parts:
            own = tuple(logic.var(logic.sort(v)) for v in vars)
            bound.append(own)
            truths.append(logic.substitute(truth, dict(zip(vars, own, strict=True))))
        for i, j in combinations(range(len(way)), 2):
            if way[i] == way[j]:
                pairs = zip(bound[i], bound[j], strict=True)
                truths.append(logic.neg(logic.conj(*(logic.eq(a, b) for a, b in pairs))))
        return logic.exists([v for own in bound for v in own], logic.conj(*truths))

    # --- sets and conversions ----------------------------------------------------------------------------

    def combine(self, operation: SetOp, left: Members, right: Members) -> Members:
        logic, a, b = self.logic, left.contains, right.contains
        match operation:
            case SetOp.UNION:
                return Members(lambda leaf: logic.disj(a(leaf), b(leaf)))
            case SetOp.INTERSECTION:
                return Members(lambda leaf: logic.conj(a(leaf), b(leaf)))
            case SetOp.DIFFERENCE:
                return Members(lambda leaf: logic.conj(a(leaf), logic.neg(b(leaf))))
            case _:
                assert_never(operation)

    def coerce(self, term: terms.Coerce) -> AnyValue:
        """The value as one of the type; an error where it is none."""
        value, wanted = self.value(term.arg), term.type
        match value:
            case dict():
                return self.fitted(value, wanted)
            case Tally():
                return self.fitted(self.counted(value, wanted), wanted)
            case Members() if isinstance(wanted, SetType) and isinstance(wanted.element, RangeType):
                given = term.arg.type
                assert isinstance(given, SetType)
                own = set(self.vocabulary.values(wanted.element, term.span))
                beyond = [v for v in self.vocabulary.values(given.element, term.span) if v not in own]
                self.fail(self.logic.disj(*map(value.contains, beyond)))
                return value
            case _:
                return value

    def fitted(self, cases: Cases, wanted: Type) -> Cases:
        """Those of the things that are of a type; an error where it is another."""
        bounds = wanted.base if isinstance(wanted, OptionalType) else wanted

        def fits(leaf: Leaf) -> bool:
            if leaf is None:
                return isinstance(wanted, OptionalType)
            if isinstance(bounds, RangeType) and isinstance(leaf, int):
                return bounds.includes(RangeType(leaf, leaf))
            return True

        self.fail(self.logic.disj(*(guard for leaf, guard in cases.items() if not fits(leaf))))
        return {leaf: guard for leaf, guard in cases.items() if fits(leaf)}

    def counted(self, tally: Tally, wanted: Type) -> Cases:
        """A number of elements as numbers, one more than the greatest that fits standing for all beyond."""
        bounds = wanted.base if isinstance(wanted, OptionalType) else wanted
        assert isinstance(bounds, RangeType) and bounds.hi is not None
        if bounds.hi >= MOST_COUNTED:
            raise uncounted(tally)
        beyond = max(bounds.hi, -1) + 1
        found = [
            (n, self.logic.conj(tally.at_least(n), self.logic.neg(tally.at_least(n + 1))))
            for n in range(beyond)
        ]
        return merged(self.logic, [*found, (beyond, tally.at_least(beyond))])


def _joined(logic: Logic, test: int, then: Content, orelse: Content) -> Content:
    return lambda at: choose(logic, test, then(at), orelse(at))


def _element_in(content: Content, args: tuple[int, ...], leaf: Leaf) -> int:
    if not isinstance(leaf, Element):
        return FALSE
    truth = content((*args, leaf.term))
    assert isinstance(truth, int)
    return truth


def _value_in(each: Mapping[Value, Content], args: tuple[int, ...], leaf: Leaf) -> int:
    if isinstance(leaf, Element) or leaf not in each:
        return FALSE
    truth = each[leaf](args)
    assert isinstance(truth, int)
    return truth


def _part(value: AnyValue, path: tuple[str, ...]) -> AnyValue:
    for name in path:
        assert isinstance(value, Parts)
        value = value.fields[name]
    return value


def _at(value: AnyValue, type: Type, member: Value) -> Callable[[tuple[int, ...]], AnyValue]:
    """What is written to one slot: of a set whether it has the member, or the element that is asked for."""
    if not isinstance(type, SetType):
        return lambda extra: value
    assert isinstance(value, Members)
    contains = value.contains
    return lambda extra: contains(Element(extra[0]) if extra else member)


def _wider(left: Type, right: Type) -> Type:
    """The type of which both sides are, where sets of numbers have different bounds."""
    match left, right:
        case SetType(RangeType(a, b)), SetType(RangeType(c, d)):
            bounds = (a, b, c, d)
            if None not in bounds:
                known = [n for n in bounds if n is not None]
                return SetType(RangeType(min(known), max(known)))
        case _:
            pass
    return left


def _numbers(cases: Cases) -> Iterator[tuple[int, int]]:
    return ((leaf, guard) for leaf, guard in cases.items() if isinstance(leaf, int))


def _is_ordered(comparison: Comparison, a: Leaf, b: Leaf) -> bool:
    if not isinstance(a, int) or not isinstance(b, int):
        return False
    return a < b if comparison is Comparison.LT else a <= b
