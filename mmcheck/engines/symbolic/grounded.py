"""A ground instance, and what its properties ask for, as predicates over one state.

What a step shows is a condition of the state that it leaves: the updates of the action are put in the place
of the cells after it. So invariants, step invariants, model errors and deadlocks all become predicates over a
state, and an engine needs one way to look for them, and one way to prove them absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from msgspec import Struct, field

from mmcheck.core.dag import Dag
from mmcheck.core.ground import Beginning, GroundAction, Grounder, Predicate, nowhere
from mmcheck.core.instance import Instance
from mmcheck.core.symmetry import is_in_order
from mmcheck.core.system import (
    DeadlockFree,
    Invariant,
    Liveness,
    NoModelError,
    Property,
    Reachable,
    StepInvariant,
)
from mmcheck.core.types import Value
from mmcheck.core.verdict import Binding


class Goal(Struct, frozen=True):
    """What to look for on behalf of a property: where `state` is true, the state shows it; where `step` is,
    some step from the state does; where `beginning` is, an initial state does, whether it is assumed or not.

    For `reachable` it is one instance of the property that is looked for, for all others a violation."""

    prop: Property
    binding: Binding
    state: int
    step: int
    beginning: int

    @property
    def name(self) -> str:
        """The property, with the values of its parameters where each instance counts."""
        if not self.binding:
            return self.prop.name
        return f"{self.prop.name}({', '.join(f'{name} = {value!r}' for name, value in self.binding)})"


def parts_of(action: GroundAction) -> tuple[Value, ...]:
    """The values that an action is about: a permutation that leaves them alone leaves the action as it is."""
    return (*action.action.args, *action.choices)


class Grounded(Struct, dict=True):
    """One instance as a ground transition system. Cells are numbered as in the instance; their values after a
    step come behind them, and the inputs of the beginning behind these.

    With `representative`, only one at least of the actions that differ by a permutation of the sorts is
    there, and of the steps that a goal is about: enough for what is asked of sets of states that are closed
    under permutations, as all sets are that a predicate of the language describes. (NOTE(representatives):
    the language has no literals of a sort and no order on one, so a permutation takes steps to steps; from a
    state of such a set with a step that leaves it, some permutation makes one with a representative.)"""

    instance: Instance
    representative: bool = False
    look: Callable[[], None] = nowhere
    """Called before each part; what it raises comes through."""
    _after: dict[int, dict[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.grounder = Grounder(self.instance, look=self.look)
        grounder = self.grounder
        self.actions = grounder.representatives if self.representative else grounder.actions
        self.beginning: Beginning = self.grounder.beginning()

    @property
    def dag(self) -> Dag:
        return self.grounder.dag

    @property
    def count(self) -> int:
        """How many cells a state has."""
        return len(self.instance.cells)

    # --- the transition system ---------------------------------------------------------------------------

    @cached_property
    def assumptions(self) -> tuple[Predicate, ...]:
        system = self.instance.system
        return tuple(self.grounder.predicate(a.body, (), {}) for a in system.assumptions)

    @cached_property
    def assumed(self) -> int:
        """Where all assumptions are true."""
        return self.dag.conj(*map(self.true, self.assumptions))

    @cached_property
    def senseless(self) -> int:
        """Where some assumption runs into a model error, those before it being true."""
        found, before = self.dag.false, self.dag.true
        for predicate in self.assumptions:
            found = self.dag.disj(found, self.dag.conj(before, predicate.fails))
            before = self.dag.conj(before, self.true(predicate))
        return found

    @cached_property
    def enabled(self) -> int:
        """Where some action is enabled, or runs into a model error."""
        return self.dag.disj(*(node for a in self.grounder.actions for node in (a.guard, a.fails)))

    def after(self, number: int, node: int) -> int:
        """A predicate over states, as a condition of the state that an action (by its number) leaves."""
        self.look()
        memo = self._after.setdefault(number, {})
        return self.dag.substitute(node, self.actions[number].updates, memo)

    def at_beginning(self, node: int) -> int:
        """A predicate over states, as a condition of the inputs that an initial state is made from."""
        values = dict(enumerate(self.beginning.values))
        return self.dag.substitute(node, values, self._beginning_memo)

    @cached_property
    def _beginning_memo(self) -> dict[int, int]:
        return {}

    def true(self, predicate: Predicate) -> int:
        """Where a predicate is true, and has a value."""
        return self.dag.conj(predicate.holds, self.dag.invert(predicate.fails))

    def changes(self, action: GroundAction) -> int:
        """Where an action does not lead back to the state that it leaves."""
        dag = self.dag
        return dag.invert(dag.conj(*(dag.eq(dag.cell(c), node) for c, node in action.updates.items())))

    # --- properties --------------------------------------------------------------------------------------

    def holds(self, invariant: Invariant) -> int:
        """Where every instance of an invariant is true."""
        return self.dag.conj(*map(self.true, self._claims(invariant)))

    def goals(self, properties: tuple[Property, ...]) -> Iterator[Goal]:
        """What to look for on behalf of these properties; nothing for liveness and scenarios."""
        dag = self.dag
        for prop in properties:
            match prop:
                case Invariant():
                    yield Goal(prop, (), dag.invert(self.holds(prop)), dag.false, dag.false)
                case StepInvariant():
                    yield Goal(prop, (), dag.false, self.wrong_steps(prop), dag.false)
                case Reachable():
                    for claim, predicate in zip(self.instance.claims(prop), self._claims(prop), strict=True):
                        yield Goal(prop, tuple(claim.items()), self.true(predicate), dag.false, dag.false)
                case DeadlockFree():
                    yield Goal(prop, (), dag.invert(self.enabled), dag.false, dag.false)
                case NoModelError():
                    yield self._errors(prop, properties)
                case _:
                    pass

    def claims(self, prop: Invariant) -> list[tuple[dict[str, Value], Predicate]]:
        """Every instance of an invariant."""
        return list(zip(self.instance.claims(prop), self._claims(prop), strict=True))

    def _claims(self, prop: Invariant | Reachable) -> list[Predicate]:
        return [self.grounder.predicate(prop.body, prop.params, c) for c in self.instance.claims(prop)]

    def wrong_steps(self, prop: StepInvariant, transition: str | None = None) -> int:
        """Where some step (of one transition) makes an instance false, or leaves it without a value."""
        wrong = (
            self.dag.conj(taken, self.dag.invert(self.true(predicate)))
            for action, taken, predicate in self._judged_steps(prop)
            if transition is None or action.action.transition.name == transition
        )
        return self.dag.disj(*wrong)

    def _judged_steps(self, prop: StepInvariant) -> Iterator[tuple[GroundAction, int, Predicate]]:
        """Every action with every instance of a property: where the step is one to be judged, as it changes
        something and breaks no assumption, and the property of it."""
        dag = self.dag
        claims = list(self.instance.claims(prop))
        for number, action in enumerate(self.actions):
            taken = dag.conj(action.guard, self.changes(action), self.after(number, self.assumed))
            if taken == dag.false:
                continue
            for claim in claims:
                if self.representative and not is_in_order(tuple(claim.values()), parts_of(action)):
                    continue
                yield action, taken, self.grounder.step_predicate(prop.body, prop.params, claim, action)

    def _errors(self, prop: NoModelError, properties: tuple[Property, ...]) -> Goal:
        """Model errors: in an action, in an assumption, and in the properties that are judged."""
        dag = self.dag
        states, steps = [dag.false], [action.fails for action in self.actions]
        for number, action in enumerate(self.actions):
            steps.append(dag.conj(action.guard, self.after(number, self.senseless)))
        for other in properties:
            match other:
                case Invariant() | Reachable():
                    states += [predicate.fails for predicate in self._claims(other)]
                case StepInvariant():
                    steps += [dag.conj(taken, p.fails) for _, taken, p in self._judged_steps(other)]
                case Liveness(_, params, _, trigger, goal):
                    for claim in self.instance.claims(other):
                        parts = (goal,) if trigger is None else (trigger, goal)
                        states += [self.grounder.predicate(part, params, claim).fails for part in parts]
                case _:
                    pass
        return Goal(prop, (), dag.disj(*states), dag.disj(*steps), self.senseless)
