"""Grounding the parts of an instance, each once, into one graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TypeAlias

from msgspec import field

from mmcheck.core import terms
from mmcheck.core.codes import least
from mmcheck.core.ground.cells import Cells
from mmcheck.core.ground.evaluation import Evaluation
from mmcheck.core.ground.execution import Candidates, Execution, next_picks
from mmcheck.core.ground.nodes import Nodes
from mmcheck.core.ground.parts import Beginning, GroundAction, Predicate
from mmcheck.core.instance import Action
from mmcheck.core.symmetry import is_in_order
from mmcheck.core.terms import Local, Term
from mmcheck.core.types import Value

Binding: TypeAlias = tuple[tuple[str, Value], ...]


def nowhere() -> None:
    """Look at nothing."""


class Grounder(Cells, dict=True):
    """Grounds the parts of one instance into one graph."""

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
        met: dict[tuple[int, ...], Candidates] = {}
        while True:
            self.look()
            run = Execution(self, self.named(action.transition.params, action.bindings), picks=picks, met=met)
            run.body(action.transition.body)
            changed = enumerate(zip(run.state, self.unchanged, strict=True))
            updates = {cell: new for cell, (new, old) in changed if new != old}
            guard = self.dag.conj(run.alive, self.dag.invert(run.fails))
            if guard != self.dag.false or run.fails != self.dag.false:
                chosen = tuple(run.chosen)
                yield GroundAction(action, guard, run.fails, updates, tuple(run.branches()), chosen)
            picks = next_picks(run.picked)
            if not picks:
                return

    def beginning(self) -> Beginning:
        """The initial states. Every choice that leads to one becomes an input: a cell with a number behind
        those of the state, `dag.cell_bounds` saying what it may be."""
        run = Execution(self, {}, free=True)
        run.restore([self.dag.const(least(cell.type)) for cell in self.instance.cells], run.stopped)
        for statement in self.instance.system.init:
            run.statement(statement)
        guard = self.dag.conj(run.alive, self.dag.invert(run.fails))
        return Beginning(guard, run.fails, tuple(run.state))

    def predicate(self, body: Term, params: tuple[Local, ...], binding: Mapping[str, Value]) -> Predicate:
        """A predicate over a state."""
        self.look()
        run = Evaluation(self, self.named(params, binding))
        holds = run.truth(body)
        return Predicate(holds, run.fails)

    def value(self, body: Term) -> tuple[Nodes, int]:
        """A value of a state: a node for each scalar in it, and where it runs into a model error."""
        run = Evaluation(self, {})
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
            self.asking[id(body)] = asks_who(body)
            self.kept.append(body)
        return self.asking[id(body)]

    def _general(
        self, body: Term, params: tuple[Local, ...], binding: Mapping[str, Value], by: str
    ) -> Predicate:
        key = (id(body), tuple(binding.items()), by)
        if key not in self.general:
            run = Evaluation(self, self.named(params, binding))
            run.after = list(self.afterwards)
            run.by = by
            holds = run.truth(body)
            self.kept.append(body)
            self.general[key] = Predicate(holds, run.fails)
        return self.general[key]


def asks_who(term: Term) -> bool:
    """Whether a predicate asks which transition made the step."""
    return isinstance(term, terms.By) or any(asks_who(child) for child in terms.children(term))
