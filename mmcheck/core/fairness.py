"""Fairness: which runs count when a property says that something happens at some time.

A *run* goes on for ever. It begins in an initial state; each next state is one that a step leads to, or the
same again, for the system may always stutter. A run that cannot go on, in a deadlock, stutters for ever.

A *unit* is what is owed its turn: a transition with arguments, a step of a process with the parameters of an
instance, or, where the fairness is written before the process, all steps of one instance that do not say
their own. All ways to make the choices of an action belong to its unit. A unit is *enabled* in a state where
some step of it is possible, and *taken* by each such step, even by one that changes nothing. A step that
runs into a model error is not possible; one that an assumption forbids is, but is not taken.

A run is *fair* if no unit is wronged:
    weak      it is not so that from some time on the unit is enabled in every state, and never taken
    strong    it is not so that the unit is enabled again and again, but from some time on never taken
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.semantics import Dynamics
from mmcheck.core.system import Fairness, System, Transition
from mmcheck.core.trace import Step
from mmcheck.core.types import Value, show_value


class Unit(Struct, frozen=True):
    """What is owed its turn. `name` is the transition, the step or the process."""

    name: str
    args: tuple[Value, ...]
    strong: bool
    transitions: frozenset[str]

    @property
    def label(self) -> str:
        """As an action is written: `wake(Task#0)`."""
        return f"{self.name}({', '.join(map(show_value, self.args))})"

    def owns(self, action: Action) -> bool:
        """Whether the unit is taken by a step of the action."""
        return action.transition.name in self.transitions and action.args == self.args

    def is_enabled(self, state: State, dynamics: Dynamics) -> bool:
        """Whether some step of the unit is possible in a state."""
        return any(
            isinstance(step, Step)
            for name in self.transitions
            for step in dynamics.steps(state, Action.of(dynamics.instance.system.transition(name), self.args))
        )


def units(instance: Instance) -> tuple[Unit, ...]:
    """The units of an instance, in the order of declaration."""
    found: dict[tuple[str, Fairness], list[Transition]] = {}
    for transition in instance.system.transitions:
        if transition.fairness is not Fairness.NONE:
            found.setdefault((_owner(transition), transition.fairness), []).append(transition)
    return tuple(
        Unit(name, args, fairness is Fairness.STRONG, frozenset(t.name for t in members))
        for (name, fairness), members in found.items()
        for args in instance.values(members[0].params)
    )


def demands(system: System) -> tuple[str, ...]:
    """What is fair and how, each declaration once: `fair wake`, `strong fair process remap`. What the
    constants of the check forbid is left out."""
    return tuple(dict.fromkeys(_demands(system)))


def _demands(system: System) -> Iterator[str]:
    for transition in system.transitions:
        if transition.fairness is not Fairness.NONE and not transition.impossible:
            word = "strong fair" if transition.fairness is Fairness.STRONG else "fair"
            yield f"{word} {'process ' if transition.of_process else ''}{_owner(transition)}"


def _owner(transition: Transition) -> str:
    """Whose turn it is: that of the process, where the fairness is written before it."""
    return transition.process if transition.of_process and transition.process else transition.name
