"""Symbolic execution over uninterpreted sorts: what a transition requires, what it does, what goes wrong.

A transition is executed once for all elements. Its parameters and choices become fresh constants (functions
of the bound elements, inside a bulk update), what it writes a new content of slots, worked out where it is
read: so a predicate over the state after a step is evaluated to a formula over the state before it, and no
axiom says that anything else stays as it is.
"""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct, field

from mmcheck.core import system, terms
from mmcheck.core.system import Body, Statement, Transition
from mmcheck.core.terms import Local, Place, Quantifier, Term
from mmcheck.core.types import Type
from mmcheck.engines.parametric.contents import State, joined, write
from mmcheck.engines.parametric.evaluation import Evaluation
from mmcheck.engines.parametric.flow import Flow
from mmcheck.engines.parametric.logic import FALSE, TRUE, Logic
from mmcheck.engines.parametric.operations import equal
from mmcheck.engines.parametric.values import AnyValue
from mmcheck.engines.parametric.vocabulary import Vocabulary


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
        value = vocabulary.anything(f"{transition.name}({param.name})", (), param.type)
        run.terms.locals[param.name] = value
    run.body(transition.body)
    return run.outcome()


def run_init(vocabulary: Vocabulary) -> Outcome:
    """The way to some initial state."""
    run = Run(vocabulary, "init")
    run.restore({slot: vocabulary.unset(slot) for slot in vocabulary.slots()})
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
    flow = Flow(vocabulary.logic)
    evaluation = Evaluation(vocabulary, flow, reads=now or {}, after=after or {}, by=by)
    claim = terms.Quantified(Quantifier.FORALL, params, None, body) if params else body
    return Judgement(evaluation.truth(claim), flow.fails)


def changes(vocabulary: Vocabulary, outcome: Outcome) -> int:
    """Where a step does not lead back to the state that it leaves."""
    logic = vocabulary.logic
    found = []
    for slot, content in outcome.writes.items():
        at = tuple(map(logic.var, slot.args))
        same = equal(logic, content(at), vocabulary.before(slot)(at))
        found.append(logic.exists(at, logic.neg(same)))
    return logic.disj(*found)


class Run(Struct, dict=True):
    """One execution of statements: what they have written so far is in `state`."""

    vocabulary: Vocabulary
    name: str
    state: State = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        self.flow = Flow(self.vocabulary.logic)
        self.terms = Evaluation(self.vocabulary, self.flow)

    @property
    def logic(self) -> Logic:
        return self.vocabulary.logic

    def outcome(self) -> Outcome:
        """What it came to."""
        before, flow = self.vocabulary.before, self.flow
        writes = {slot: content for slot, content in self.state.items() if content is not before(slot)}
        return Outcome(self.logic.conj(flow.alive, self.logic.neg(flow.fails)), flow.fails, writes)

    def restore(self, state: State) -> None:
        """Go on with a state. What a bulk update writes it does not read."""
        self.state = state
        if self.flow.bulk is None:
            self.terms.reads = state

    def body(self, body: Body) -> None:
        """Execute statements one after the other."""
        for statement in body:
            self._statement(statement)

    def _statement(self, statement: Statement) -> None:
        match statement:
            case system.Require(condition):
                self.flow.demand(self.terms.truth(condition))
            case system.Assert(condition):
                self.flow.fail(self.logic.neg(self.terms.truth(condition)))
            case system.Assign(place, value):
                self._write(place, self.terms.value(value))
            case system.Havoc(place):
                self._write(place, self._fresh(place.variable, place.type))
            case system.Let(local, value):
                self.terms.locals[local.name] = self.terms.value(value)
            case system.Choose(binders, where):
                self._choose(binders, where)
            case system.If(condition, then, orelse):
                self._branch(self.terms.truth(condition), then, orelse)
            case system.ForAll(binders, where, body):
                self._for_all(binders, where, body)
            case system.Stop():
                self.flow.stop()
            case _:
                assert_never(statement)

    def _fresh(self, what: str, type: Type) -> AnyValue:
        """Some value, for all elements that are bound around a choice of its own."""
        self.made += 1
        return self.vocabulary.anything(f"{self.name}({what} {self.made})", self.flow.bulk or (), type)

    def _write(self, place: Place, value: AnyValue) -> None:
        state, bulk = dict(self.state), frozenset(self.flow.bulk or ())
        for guard, indices in list(self.terms.located(place)):
            condition = self.logic.conj(guard, self.flow.running)
            if condition != FALSE:
                write(self.vocabulary, state, place, indices, value, condition, bulk)
        self.restore(state)

    def _choose(self, binders: tuple[Local, ...], where: Term | None) -> None:
        """Some binding; but an error in `where` for any of them is one."""
        if where is not None:
            self.terms.quantify(False, binders, None, where)
        for binder in binders:
            self.terms.locals[binder.name] = self._fresh(binder.name, binder.type)
        if where is not None:
            flow = self.flow
            known = flow.alive, flow.local, flow.fails
            fits = self.terms.truth(where)
            flow.alive, flow.local, flow.fails = known
            flow.demand(fits)

    def _branch(self, test: int, then: Body, orelse: Body) -> None:
        """Both branches. What one writes under its condition the other does not see, as the conditions
        exclude each other; outside of bulk updates the second begins with the state before all the same."""
        logic, flow = self.logic, self.flow
        outer, before, stopped = flow.path, self.state, flow.stopped
        flow.path = logic.conj(outer, test)
        if flow.path != FALSE:
            self.body(then)
        taken, stopped_there = self.state, flow.stopped
        flow.path = logic.conj(outer, logic.neg(test))
        if flow.bulk is None:
            self.restore(before)
            flow.stopped = stopped
        if flow.path != FALSE:
            self.body(orelse)
        flow.path = outer
        if flow.bulk is None:
            flow.stopped = logic.ite(test, stopped_there, flow.stopped)
            if taken is not self.state:
                # Where the first branch is the only one, its state is known without a test.
                self.restore(taken if test == TRUE else joined(self.vocabulary, test, taken, self.state))

    def _for_all(self, binders: tuple[Local, ...], where: Term | None, body: Body) -> None:
        """The body for all bindings: reads see the state before, writes add up."""
        logic, flow, outer = self.logic, self.flow, dict(self.terms.locals)
        path, bulk, local = flow.path, flow.bulk, flow.local
        for names, vars in self.terms.alternatives(binders):
            self.terms.locals |= names
            flow.bulk, flow.local = (*(bulk or ()), *vars), TRUE if bulk is None else local
            inside = TRUE if where is None else self.terms.truth(where)
            flow.path = logic.conj(path, inside)
            self.body(body)
            flow.path = path
            if bulk is None:
                flow.alive = logic.conj(flow.alive, logic.forall(vars, flow.local))
                local = TRUE
            else:
                local = logic.conj(local, logic.forall(vars, flow.local))
        self.terms.locals, flow.bulk, flow.local = outer, bulk, local
        if bulk is None:
            self.terms.reads = self.state
