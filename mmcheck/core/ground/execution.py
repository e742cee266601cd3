"""Symbolic execution: what a body comes to, over the nodes of the state before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, assert_never

from msgspec import field

from mmcheck.core import system
from mmcheck.core.codes import code_bounds
from mmcheck.core.coverage import Branch, Side
from mmcheck.core.ground.evaluation import Evaluation
from mmcheck.core.ground.nodes import Nodes, convert, leaves
from mmcheck.core.ground.parts import GroundBranch
from mmcheck.core.instance import bindings
from mmcheck.core.system import Body, Statement
from mmcheck.core.terms import Local, Place, Term
from mmcheck.core.types import Value, domain
from mmcheck.source import Span

Candidates: TypeAlias = tuple[list[int], int, int]
"""Where each candidate of a choice is one, and what is then known: `fails` and `alive`."""


class Execution(Evaluation, dict=True):
    """One execution. `state` holds a node for each cell, as it is after the statements so far."""

    picks: list[int] = field(default_factory=list)
    picked: list[tuple[int, int]] = field(default_factory=list)
    chosen: list[Value] = field(default_factory=list)
    free: bool = False
    """Whether a choice is an input rather than one of `picks`."""
    met: dict[tuple[int, ...], Candidates] = field(default_factory=dict)
    """What other runs of the action have found at their choices: the same, where all choices before are."""
    marks: dict[Branch, list[tuple[int, int]]] = field(default_factory=dict)
    """For each branch, and each time that it stands to be taken: under which condition, and `alive` then."""

    def __post_init__(self) -> None:
        Evaluation.__post_init__(self)
        self.state = self.reads
        self.bulk = False

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
                bounds = [code_bounds(leaf, sizes) for leaf in leaves(place.type)]
                self.write(place, tuple(self.cells.input(*b) for b in bounds))
            case system.Havoc(place):
                values = tuple(domain(place.type, self.instance.sizes))
                self.chosen.append(values[self.pick(len(values))])
                self.write(place, self.cells.constant(self.chosen[-1], place.type))
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
                self.locals |= self.cells.named(binders, candidate)
                conditions.append(self.dag.true if where is None else self.truth(where))
            self.met[place] = conditions, self.fails, self.alive
        if self.free:
            self.choose_freely(candidates, binders, conditions)
            return
        pick = self.pick(len(candidates))
        self.chosen += candidates[pick].values()
        self.locals |= self.cells.named(binders, candidates[pick])
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
        number = self.cells.input(0, len(candidates) - 1)
        chosen = [dag.eq(number, dag.const(i)) for i in range(len(candidates))]
        possible = dag.disj(*(dag.conj(c, p) for c, p in zip(chosen, conditions, strict=True)))
        self.alive = dag.conj(self.alive, dag.disj(dag.invert(reached), possible))
        for position, candidate in enumerate(candidates):
            for name, nodes in self.cells.named(binders, candidate).items():
                known = nodes if position == 0 else self.locals[name]
                both = zip(nodes, known, strict=True)
                self.locals[name] = tuple(dag.ite(chosen[position], new, old) for new, old in both)

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
        bound = [self.cells.named(binders, bindings(binders, v)) for v in self.instance.values(binders)]
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


def next_picks(picked: list[tuple[int, int]]) -> list[int]:
    """The next sequence of choices, given the last one with the number of candidates of each; none when the
    last one was the last."""
    while picked and picked[-1][0] + 1 >= picked[-1][1]:
        picked = picked[:-1]
    if not picked:
        return []
    return [pick for pick, _ in picked[:-1]] + [picked[-1][0] + 1]
