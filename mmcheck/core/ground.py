"""Grounding: an instance without quantifiers, statements or names, as guarded updates over cells.

Each action is executed symbolically, once for each way to make its choices: what it requires becomes a guard,
what it assigns an expression for each cell, what goes wrong in it a condition. Engines that do not interpret
(the explicit engine, the solvers) work on this form; that it means what `core.semantics` means is tested on
random systems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TypeAlias, assert_never

from msgspec import Struct, field

from mmcheck.core import system, terms
from mmcheck.core.codes import code_bounds, encode, least
from mmcheck.core.coverage import Branch, Side
from mmcheck.core.dag import Dag
from mmcheck.core.instance import Action, Instance, bindings
from mmcheck.core.symmetry import is_in_order
from mmcheck.core.system import Body, Statement
from mmcheck.core.terms import ArithmeticOp, Comparison, Local, Place, Quantifier, SetOp, Term
from mmcheck.core.types import (
    OptionalType,
    RangeType,
    Record,
    Scalar,
    SetType,
    StructType,
    Type,
    Value,
    domain,
)
from mmcheck.source import Span

Nodes: TypeAlias = tuple[int, ...]
"""A value as nodes: one for a scalar, one for each leaf of a struct."""

Binding: TypeAlias = tuple[tuple[str, Value], ...]

_Join: TypeAlias = Callable[[int, int], int]
_Known: TypeAlias = Callable[[int], int]


class GroundBranch(Struct, frozen=True):
    """Where an action takes a branch: where `taken` is true, of the states where it is enabled; and where
    `failed` is true, on the way into a model error."""

    branch: Branch
    taken: int
    failed: int


class GroundAction(Struct, frozen=True):
    """An action with its choices made.

    It is enabled where `guard` is true, and fails, leading nowhere, where `fails` is. `updates` gives the new
    value of each cell that it may change; every other keeps its own."""

    action: Action
    guard: int
    fails: int
    updates: Mapping[int, int]
    branches: tuple[GroundBranch, ...] = ()
    choices: tuple[Value, ...] = ()
    """The values that were chosen. With the arguments, all that tells elements of a sort apart."""


class Beginning(Struct, frozen=True):
    """How the initial states come about, without naming each: `values` are the nodes of all cells, over
    inputs, which are cells of their own and take any value within their bounds.

    An initial state is one where `guard` is true of the inputs; where `fails` is, there was a model error."""

    guard: int
    fails: int
    values: tuple[int, ...]


class Predicate(Struct, frozen=True):
    """Where a predicate is true, and where it runs into a model error."""

    holds: int
    fails: int


def nowhere() -> None:
    """Look at nothing."""


class Grounder(Struct, dict=True):
    """Grounds the parts of one instance into one graph."""

    instance: Instance
    look: Callable[[], None] = nowhere
    """Called before each part; what it raises comes through."""
    general: dict[tuple[int, Binding, str], Predicate] = field(default_factory=dict)
    specialised: dict[Predicate, dict[tuple[tuple[int, int], ...], Predicate]] = field(default_factory=dict)
    """For each of those, what it comes to by the updates of a step."""
    reading: dict[Predicate, tuple[int, ...]] = field(default_factory=dict)
    kept: list[Term] = field(default_factory=list)
    """The terms whose identities are keys of `general` and `asking`."""
    asking: dict[int, bool] = field(default_factory=dict)
    """Whether a term asks which transition made the step."""
    places: dict[tuple[str, tuple[str, ...]], dict[tuple[int | None, ...], slice]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        sizes = self.instance.sizes
        bounds = tuple(code_bounds(cell.type, sizes) for cell in self.instance.cells)
        # The cells are there twice: as they are, and as they are after a step.
        self.dag = Dag(bounds + bounds)
        self.unchanged = tuple(self.dag.cell(i) for i in range(len(bounds)))
        self.afterwards = tuple(self.dag.cell(i + len(bounds)) for i in range(len(bounds)))

    @cached_property
    def actions(self) -> tuple[GroundAction, ...]:
        """Every action, in the order of the instance, with every way to make its choices."""
        return tuple(way for action in self.instance.actions for way in self.ways(action))

    @cached_property
    def representatives(self) -> tuple[GroundAction, ...]:
        """Of the ground actions that differ by a permutation of the sorts only, one at least."""
        return tuple(
            way
            for action in self.instance.actions
            if is_in_order(action.args)
            for way in self.ways(action)
            if is_in_order((*action.args, *way.choices))
        )

    def ways(self, action: Action) -> Iterator[GroundAction]:
        """Every way to make the choices of an action, in the order of the reference semantics."""
        picks: list[int] = []
        met: dict[tuple[int, ...], _Candidates] = {}
        while True:
            self.look()
            run = _Run(self, picks, self._named(action.transition.params, action.bindings), met=met)
            run.body(action.transition.body)
            changed = enumerate(zip(run.state, self.unchanged, strict=True))
            updates = {cell: new for cell, (new, old) in changed if new != old}
            guard = self.dag.conj(run.alive, self.dag.invert(run.fails))
            if guard != self.dag.false or run.fails != self.dag.false:
                chosen = tuple(run.chosen)
                yield GroundAction(action, guard, run.fails, updates, tuple(run.branches()), chosen)
            picks = _next_picks(run.picked)
            if not picks:
                return

    def beginning(self) -> Beginning:
        """The initial states. Every choice that leads to one becomes an input: a cell with a number behind
        those of the state, `dag.cell_bounds` saying what it may be."""
        run = _Run(self, [], {}, free=True)
        run.restore([self.dag.const(least(cell.type)) for cell in self.instance.cells], run.stopped)
        for statement in self.instance.system.init:
            run.statement(statement)
        guard = self.dag.conj(run.alive, self.dag.invert(run.fails))
        return Beginning(guard, run.fails, tuple(run.state))

    def input(self, low: int, high: int) -> int:
        """A new cell that belongs to no state."""
        self.dag.cell_bounds = (*self.dag.cell_bounds, (low, high))
        return self.dag.cell(len(self.dag.cell_bounds) - 1)

    def predicate(self, body: Term, params: tuple[Local, ...], binding: Mapping[str, Value]) -> Predicate:
        """A predicate over a state."""
        self.look()
        run = _Run(self, [], self._named(params, binding))
        holds = run.truth(body)
        return Predicate(holds, run.fails)

    def value(self, body: Term) -> tuple[Nodes, int]:
        """A value of a state: a node for each scalar in it, and where it runs into a model error."""
        run = _Run(self, [], {})
        nodes = run.value(body)
        return nodes, run.fails

    def step_predicate(
        self, body: Term, params: tuple[Local, ...], binding: Mapping[str, Value], step: GroundAction | None
    ) -> Predicate:
        """A predicate over the step that an action makes; None is the step that changes nothing, which nobody
        makes.

        The predicate is grounded once, over cells and cells after the step; a step then puts its updates in
        the place of the latter."""
        self.look()
        by = "" if step is None else step.action.transition.name
        general = self._general(body, params, binding, by if self._asks_who(body) else "")
        updates = {} if step is None else step.updates
        count = len(self.unchanged)
        cells = self._afterwards_in(general)
        changed = tuple([(c, updates[c - count]) for c in cells if c - count in updates])
        known = self.specialised.setdefault(general, {})
        if changed not in known:
            leaves = {c: self.unchanged[c - count] for c in cells} | dict(changed)
            memo: dict[int, int] = {}
            holds = self.dag.substitute(general.holds, leaves, memo)
            known[changed] = Predicate(holds, self.dag.substitute(general.fails, leaves, memo))
        return known[changed]

    def _afterwards_in(self, general: Predicate) -> tuple[int, ...]:
        """The cells after a step that a predicate reads."""
        if general not in self.reading:
            both = self.dag.support(general.holds) | self.dag.support(general.fails)
            self.reading[general] = tuple(cell for cell in sorted(both) if cell >= len(self.unchanged))
        return self.reading[general]

    def _asks_who(self, body: Term) -> bool:
        if id(body) not in self.asking:
            self.asking[id(body)] = _asks_who(body)
            self.kept.append(body)
        return self.asking[id(body)]

    def slices(self, variable: str, path: tuple[str, ...]) -> dict[tuple[int | None, ...], slice]:
        """As `Instance.slices`, by the codes of the indices (which are never None)."""
        known = self.places.get((variable, path))
        if known is None:
            types = self.instance.system.variable(variable).indices
            known = self.places[variable, path] = {
                tuple(encode(value, type) for value, type in zip(values, types, strict=True)): cells
                for values, cells in self.instance.slices(variable, path).items()
            }
        return known

    def _general(
        self, body: Term, params: tuple[Local, ...], binding: Mapping[str, Value], by: str
    ) -> Predicate:
        key = (id(body), tuple(binding.items()), by)
        if key not in self.general:
            run = _Run(self, [], self._named(params, binding))
            run.after = list(self.afterwards)
            run.by = by
            holds = run.truth(body)
            self.kept.append(body)
            self.general[key] = Predicate(holds, run.fails)
        return self.general[key]

    def _named(self, binders: tuple[Local, ...], binding: Mapping[str, Value]) -> dict[str, Nodes]:
        return {b.name: self.constant(binding[b.name], b.type) for b in binders}

    def constant(self, value: Value, type: Type) -> Nodes:
        """A value of a type as nodes."""
        if isinstance(type, StructType):
            assert isinstance(value, Record)
            parts = zip(value.values, type.fields, strict=True)
            return tuple(node for part, inner in parts for node in self.constant(part, inner.type))
        return (self.dag.const(encode(value, type)),)


def _next_picks(picked: list[tuple[int, int]]) -> list[int]:
    """The next sequence of choices, given the last one with the number of candidates of each; none when the
    last one was the last."""
    while picked and picked[-1][0] + 1 >= picked[-1][1]:
        picked = picked[:-1]
    if not picked:
        return []
    return [pick for pick, _ in picked[:-1]] + [picked[-1][0] + 1]


_Candidates: TypeAlias = tuple[list[int], int, int]
"""Where each candidate of a choice is one, and what is then known: `fails` and `alive`."""


class _Run(Struct, dict=True):
    """One symbolic execution. `state` holds a node for each cell, as it is after the statements so far.

    `path` is the condition under which the statement at hand is reached; `alive` that no requirement was
    false and no error met so far; `stopped` that the body has ended early; `fails` that an error was met."""

    grounder: Grounder
    picks: list[int]
    locals: dict[str, Nodes]
    picked: list[tuple[int, int]] = field(default_factory=list)
    chosen: list[Value] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    by: str = ""
    free: bool = False
    """Whether a choice is an input rather than one of `picks`."""
    met: dict[tuple[int, ...], _Candidates] = field(default_factory=dict)
    """What other runs of the action have found at their choices: the same, where all choices before are."""
    marks: dict[Branch, list[tuple[int, int]]] = field(default_factory=dict)
    """For each branch, and each time that it stands to be taken: under which condition, and `alive` then."""

    def __post_init__(self) -> None:
        self.dag = self.grounder.dag
        self.instance = self.grounder.instance
        self.state = list(self.grounder.unchanged)
        self.reads = self.state
        self.path = self.alive = self.dag.true
        self.stopped = self.fails = self.dag.false
        self.bulk = False

    # --- conditions --------------------------------------------------------------------------------------

    @property
    def reached(self) -> int:
        """Whether the statement at hand is executed."""
        return self.dag.conj(self.path, self.alive, self.dag.invert(self.stopped))

    def fail(self, condition: int) -> None:
        """An error where the condition is true."""
        error = self.dag.conj(self.reached, condition)
        self.fails = self.dag.disj(self.fails, error)
        self.alive = self.dag.conj(self.alive, self.dag.invert(error))

    def under(self, condition: int, term: Term) -> Nodes:
        """The value of a term that is evaluated only where the condition is true."""
        outer = self.path
        self.path = self.dag.conj(self.path, condition)
        nodes = self.value(term)
        self.path = outer
        return nodes

    # --- statements --------------------------------------------------------------------------------------

    def body(self, body: Body) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, statement: Statement) -> None:
        dag = self.dag
        match statement:
            case system.Require(condition):
                holds = self.truth(condition)
                self.alive = dag.conj(self.alive, dag.disj(dag.invert(self.reached), holds))
            case system.Assert(condition):
                self.fail(dag.invert(self.truth(condition)))
            case system.Assign(place, value):
                nodes = convert(dag, self.value(value), value.type, place.type)
                self.write(place, nodes)
            case system.Havoc(place) if self.free:
                sizes = self.instance.sizes
                bounds = [code_bounds(leaf, sizes) for leaf in _leaves(place.type)]
                self.write(place, tuple(self.grounder.input(*b) for b in bounds))
            case system.Havoc(place):
                values = tuple(domain(place.type, self.instance.sizes))
                self.chosen.append(values[self.pick(len(values))])
                self.write(place, self.grounder.constant(self.chosen[-1], place.type))
            case system.Let(local, value):
                self.locals[local.name] = self.value(value)
            case system.Choose(binders, where):
                self.choose(binders, where)
            case system.If(condition, then, orelse):
                test = self.truth(condition)
                self.mark(statement.span, Side.THEN, test)
                self.mark(statement.span, Side.ELSE, dag.invert(test))
                self.branch(test, then, orelse)
            case system.ForAll(binders, where, body):
                self.for_all(binders, where, body, statement.span)
            case system.Stop():
                self.stopped = dag.disj(self.stopped, dag.conj(self.path, dag.invert(self.stopped)))
            case _:
                assert_never(statement)

    def pick(self, count: int) -> int:
        """The next choice. Where the statement is not reached, only the first is a way on."""
        position = len(self.picked)
        pick = self.picks[position] if position < len(self.picks) else 0
        self.picked.append((pick, count))
        if pick:
            self.alive = self.dag.conj(self.alive, self.path, self.dag.invert(self.stopped))
        return pick

    def choose(self, binders: tuple[Local, ...], where: Term | None) -> None:
        candidates = [bindings(binders, values) for values in self.instance.values(binders)]
        place = tuple(pick for pick, _ in self.picked)
        if place in self.met and not self.free:
            conditions, self.fails, self.alive = self.met[place]
        else:
            conditions = []
            for candidate in candidates:
                self.locals |= self.named(binders, candidate)
                conditions.append(self.dag.true if where is None else self.truth(where))
            self.met[place] = conditions, self.fails, self.alive
        if self.free:
            self.choose_freely(candidates, binders, conditions)
            return
        pick = self.pick(len(candidates))
        self.chosen += candidates[pick].values()
        self.locals |= self.named(binders, candidates[pick])
        reached = self.reached
        self.alive = self.dag.conj(self.alive, self.dag.disj(self.dag.invert(reached), conditions[pick]))

    def choose_freely(
        self, candidates: list[dict[str, Value]], binders: tuple[Local, ...], conditions: list[int]
    ) -> None:
        """The candidate whose number an input is."""
        dag, reached = self.dag, self.reached
        if not candidates:
            self.alive = dag.conj(self.alive, dag.invert(reached))
            return
        number = self.grounder.input(0, len(candidates) - 1)
        chosen = [dag.eq(number, dag.const(i)) for i in range(len(candidates))]
        possible = dag.disj(*(dag.conj(c, p) for c, p in zip(chosen, conditions, strict=True)))
        self.alive = dag.conj(self.alive, dag.disj(dag.invert(reached), possible))
        for position, candidate in enumerate(candidates):
            for name, nodes in self.named(binders, candidate).items():
                known = nodes if position == 0 else self.locals[name]
                both = zip(nodes, known, strict=True)
                self.locals[name] = tuple(dag.ite(chosen[position], new, old) for new, old in both)

    def named(self, binders: tuple[Local, ...], binding: Mapping[str, Value]) -> dict[str, Nodes]:
        return {b.name: self.grounder.constant(binding[b.name], b.type) for b in binders}

    def branch(self, condition: int, then: Body, orelse: Body) -> None:
        """Both branches, each from the state before, then the one or the other for every cell."""
        dag, outer, before, stopped = self.dag, self.path, list(self.state), self.stopped
        self.path = dag.conj(outer, condition)
        self.body(then)
        taken, stopped_there = list(self.state), self.stopped
        self.restore(before, stopped)
        self.path = dag.conj(outer, dag.invert(condition))
        self.body(orelse)
        self.path = outer
        merged = [dag.ite(condition, a, b) for a, b in zip(taken, self.state, strict=True)]
        self.restore(merged, dag.ite(condition, stopped_there, self.stopped))

    def mark(self, span: Span | None, side: Side, condition: int) -> None:
        """A branch that is taken where the condition is true."""
        if span is not None:
            taken = self.dag.conj(self.path, condition, self.dag.invert(self.stopped))
            self.marks.setdefault(Branch(span, side), []).append((taken, self.alive))

    def branches(self) -> Iterator[GroundBranch]:
        """The branches that were met, once the body is through. Where the action is enabled nothing has gone
        wrong before any of them, so that `alive` need not be asked."""
        dag = self.dag
        for branch, marks in self.marks.items():
            failed = dag.false
            if self.fails != dag.false:
                failed = dag.conj(self.fails, dag.disj(*(dag.conj(taken, alive) for taken, alive in marks)))
            yield GroundBranch(branch, dag.disj(*(taken for taken, _ in marks)), failed)

    def restore(self, state: list[int], stopped: int) -> None:
        self.state, self.stopped = state, stopped
        if not self.bulk:
            self.reads = state

    def for_all(self, binders: tuple[Local, ...], where: Term | None, body: Body, span: Span | None) -> None:
        """The body for all bindings: reads see the state before, writes add up."""
        nested, self.bulk = self.bulk, True
        outer = dict(self.locals)
        if not nested:
            self.reads = list(self.state)
        bound = [self.named(binders, bindings(binders, v)) for v in self.instance.values(binders)]
        conditions = []
        for names in bound:
            self.locals |= names
            conditions.append(self.dag.true if where is None else self.truth(where))
        for names, condition in zip(bound, conditions, strict=True):
            self.locals |= names
            if where is not None:
                self.mark(span, Side.BODY, condition)
            self.branch(condition, body, ())
        self.bulk, self.locals = nested, outer
        if not nested:
            self.reads = self.state

    def write(self, place: Place, nodes: Nodes) -> None:
        dag = self.dag
        state = list(self.state)
        for condition, cells in self.locate(place):
            keep = dag.disj(dag.invert(condition), self.stopped)
            for cell, node in zip(range(cells.start, cells.stop), nodes, strict=True):
                state[cell] = dag.ite(keep, state[cell], node)
        self.state = state
        if not self.bulk:
            self.reads = state

    # --- places ------------------------------------------------------------------------------------------

    def locate(self, place: Place) -> list[tuple[int, slice]]:
        """The cells that a place may be, each with the condition under which it is."""
        slices = self.grounder.slices(place.variable, place.path)
        indices = [self.value(index)[0] for index in place.indices]
        constants = tuple(self.dag.constant(index) for index in indices)
        if None not in constants:
            return [(self.dag.true, slices[constants])] if constants in slices else []
        found = []
        for codes, cells in slices.items():
            pairs = zip(indices, codes, strict=True)
            equal = [self.dag.eq(i, self.dag.const(c)) for i, c in pairs if c is not None]
            condition = self.dag.conj(*equal)
            if condition != self.dag.false:
                found.append((condition, cells))
        return found

    def some_cells(self, place: Place) -> slice:
        return next(iter(self.instance.slices(place.variable, place.path).values()))

    def read(self, place: Place, primed: bool) -> Nodes:
        state = self.after if primed else self.reads
        # Where no cell can be meant, the place has no value (an index is null, say), and any will do.
        found = self.locate(place) or [(self.dag.false, self.some_cells(place))]
        # One of the conditions is true wherever the place has a value at all, so the last needs no test.
        nodes = state[found[-1][1]]
        for condition, cells in found[:-1]:
            nodes = [self.dag.ite(condition, a, b) for a, b in zip(state[cells], nodes, strict=True)]
        return tuple(nodes)

    # --- terms -------------------------------------------------------------------------------------------

    def truth(self, term: Term) -> int:
        return self.value(term)[0]

    def value(self, term: Term) -> Nodes:
        """The value of a term where it is reached and has one; where it has none, `fails` says so."""
        dag = self.dag
        match term:
            case terms.Literal(value, type):
                return self.grounder.constant(value, type)
            case terms.Local(name):
                return self.locals[name]
            case terms.Read(place, primed):
                return self.read(place, primed)
            case terms.FieldOf(record, name):
                return self.field(record, name)
            case terms.Not(arg):
                return (dag.invert(self.truth(arg)),)
            case terms.And(args):
                return (self.junction(args, dag.true, dag.conj, lambda known: known),)
            case terms.Or(args):
                return (self.junction(args, dag.false, dag.disj, dag.invert),)
            case terms.Implies(left, right):
                premise = self.truth(left)
                if premise == dag.false:
                    return (dag.true,)
                return (dag.disj(dag.invert(premise), self.under(premise, right)[0]),)
            case terms.Compare():
                return (self.compare(term),)
            case terms.Arithmetic(operator, left, right):
                first, second = self.truth(left), self.truth(right)
                add = operator is ArithmeticOp.ADD
                return (dag.add(first, second) if add else dag.sub(first, second),)
            case terms.Conditional(condition, then, orelse, type):
                return self.conditional(condition, then, orelse, type)
            case terms.Quantified(quantifier, binders, where, body):
                forall = quantifier is Quantifier.FORALL
                parts = self.each(binders, where, body)
                if forall:
                    return (dag.conj(*(dag.disj(dag.invert(w), b) for w, b in parts)),)
                return (dag.disj(*(dag.conj(w, b) for w, b in parts)),)
            case terms.Count(binders, where, body):
                total = dag.const(0)
                for matching, counted in self.each(binders, where, body):
                    total = dag.add(total, dag.conj(matching, counted))
                return (total,)
            case terms.SetLiteral(items, type):
                return (self.set(items, type),)
            case terms.SetOperation(operation, left, right, type):
                return (self.combine(operation, left, right, type),)
            case terms.Member(element, container):
                return (self.member(element, container),)
            case terms.Cardinality(container):
                return (dag.popcount(self.truth(container)),)
            case terms.Coerce():
                return self.coerce(term)
            case terms.Let(local, bound, body):
                given = convert(dag, self.value(bound), bound.type, local.type)
                outer = self.locals
                self.locals = {**outer, local.name: given}
                nodes = self.value(body)
                self.locals = outer
                return nodes
            case terms.By(transitions):
                return (dag.true if self.by in transitions else dag.false,)
            case _:
                assert_never(term)

    def junction(self, args: tuple[Term, ...], neutral: int, join: _Join, go_on: _Known) -> int:
        """A conjunction or disjunction, each part evaluated only where those before do not decide."""
        known = neutral
        for arg in args:
            further = go_on(known)
            if further == self.dag.false:
                break
            known = join(known, self.under(further, arg)[0])
        return known

    def conditional(self, condition: Term, then: Term, orelse: Term, type: Type) -> Nodes:
        test = self.truth(condition)
        if self.dag.constant(test) is not None:
            chosen = then if test == self.dag.true else orelse
            return convert(self.dag, self.value(chosen), chosen.type, type)
        taken = convert(self.dag, self.under(test, then), then.type, type)
        other = convert(self.dag, self.under(self.dag.invert(test), orelse), orelse.type, type)
        return tuple(self.dag.ite(test, a, b) for a, b in zip(taken, other, strict=True))

    def each(self, binders: tuple[Local, ...], where: Term | None, body: Term) -> list[tuple[int, int]]:
        """For every binding that may count, whether it does, and the truth of the body."""
        found = []
        outer = dict(self.locals)
        for values in self.instance.values(binders):
            self.locals |= self.named(binders, bindings(binders, values))
            condition = self.dag.true if where is None else self.truth(where)
            if condition != self.dag.false:
                found.append((condition, self.under(condition, body)[0]))
        self.locals = outer
        return found

    def field(self, record: Term, name: str) -> Nodes:
        nodes = iter(self.value(record))
        assert isinstance(record.type, StructType)
        for inner in record.type.fields:
            part = tuple(next(nodes) for _ in range(width(inner.type)))
            if inner.name == name:
                return part
        raise KeyError(name)

    def compare(self, term: terms.Compare) -> int:
        dag = self.dag
        common = _common(term.left.type, term.right.type)
        left = convert(dag, self.value(term.left), term.left.type, common)
        right = convert(dag, self.value(term.right), term.right.type, common)
        match term.op:
            case Comparison.EQ:
                return dag.conj(*(dag.eq(a, b) for a, b in zip(left, right, strict=True)))
            case Comparison.LT:
                return dag.lt(left[0], right[0])
            case Comparison.LE:
                return dag.le(left[0], right[0])
            case _:
                assert_never(term.op)

    def set(self, items: tuple[Term, ...], type: Type) -> int:
        assert isinstance(type, SetType)
        mask = self.dag.const(0)
        for item in items:
            mask = self.dag.union(mask, self.singleton(self.truth(item), type))
        return mask

    def singleton(self, element: int, type: SetType) -> int:
        return self.dag.bit(self.dag.sub(element, self.dag.const(least(type.element))))

    def combine(self, operation: SetOp, left: Term, right: Term, type: Type) -> int:
        a = convert(self.dag, self.value(left), left.type, type)[0]
        b = convert(self.dag, self.value(right), right.type, type)[0]
        match operation:
            case SetOp.UNION:
                return self.dag.union(a, b)
            case SetOp.INTERSECTION:
                return self.dag.intersection(a, b)
            case SetOp.DIFFERENCE:
                return self.dag.difference(a, b)
            case _:
                assert_never(operation)

    def member(self, element: Term, container: Term) -> int:
        dag = self.dag
        assert isinstance(container.type, SetType)
        code, mask = self.truth(element), self.truth(container)
        low, high = code_bounds(container.type.element, self.instance.sizes)
        inside = (
            dag.conj(
                dag.eq(code, dag.const(value)),
                dag.eq(dag.intersection(mask, dag.const(1 << (value - low))), dag.const(1 << (value - low))),
            )
            for value in range(low, high + 1)
        )
        return dag.disj(*inside)

    def coerce(self, term: terms.Coerce) -> Nodes:
        """The value as one of the type; an error where it is none."""
        nodes, actual, wanted = self.value(term.arg), term.arg.type, term.type
        if isinstance(actual, OptionalType) and not isinstance(wanted, OptionalType):
            null = self.dag.eq(nodes[0], self.dag.const(least(actual)))
            self.fail(null)
        self.fail(self.outside(nodes[0], actual, wanted))
        return convert(self.dag, nodes, actual, wanted)

    def outside(self, node: int, actual: Type, wanted: Type) -> int:
        """Whether a number, or an element of a set of numbers, lies outside of the wanted range."""
        dag = self.dag
        match _base(actual), _base(wanted):
            case RangeType() as own, RangeType(lo, hi):
                assert lo is not None and hi is not None
                out = dag.disj(dag.lt(node, dag.const(lo)), dag.lt(dag.const(hi), node))
                null = dag.const(least(OptionalType(own)))
                return dag.conj(out, dag.invert(dag.eq(node, null))) if own != actual else out
            case SetType(RangeType(first, last)), SetType(RangeType(lo, hi)):
                assert first is not None and last is not None and lo is not None and hi is not None
                mask = sum(1 << (v - first) for v in range(first, last + 1) if not lo <= v <= hi)
                return dag.invert(dag.eq(dag.intersection(node, dag.const(mask)), dag.const(0)))
            case _:
                return dag.false


def _asks_who(term: Term) -> bool:
    """Whether a predicate asks which transition made the step."""
    return isinstance(term, terms.By) or any(_asks_who(child) for child in terms.children(term))


def _leaves(type: Type) -> Iterator[Scalar]:
    """The types of the scalars that a value of the type has."""
    if isinstance(type, StructType):
        for inner in type.fields:
            yield from _leaves(inner.type)
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


def _common(left: Type, right: Type) -> Type:
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


def _base(type: Type) -> Type:
    return type.base if isinstance(type, OptionalType) else type
