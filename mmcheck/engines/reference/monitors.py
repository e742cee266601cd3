"""Monitors: what a search watches for, a kind of property each.

A monitor is told every state, step and end that the search meets, in breadth-first order, and remembers the
first that decides its property. It is `open` while another state could still tell it something new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct, field

from mmcheck.core.instance import Instance, State
from mmcheck.core.semantics import Meaning, ModelError, at, denote
from mmcheck.core.system import Invariant, Liveness, Reachable, StepInvariant
from mmcheck.core.trace import FailedStep, Failure, Step
from mmcheck.core.types import Value
from mmcheck.core.vacuity import Premise, premises_of

Bindings: TypeAlias = Mapping[str, Value]


class Found(Struct, frozen=True):
    """Where a property was decided: in a state, after a last step if there is one, or at an end."""

    state: State
    binding: Bindings
    step: Step | None = None
    end: FailedStep | Failure | None = None


class Premises(Struct):
    """The premises of a property that were never true so far."""

    unmet: list[tuple[Premise, Meaning]]

    @classmethod
    def of(cls, prop: Invariant | StepInvariant | Liveness, instance: Instance) -> Premises:
        return cls([(p, denote(p.possible, instance)) for p in premises_of(prop)])

    def see(self, state: State, claims: list[Bindings], after: State = (), by: str = "") -> None:
        if self.unmet:
            self.unmet = [
                (premise, meaning)
                for premise, meaning in self.unmet
                if not any(_is_true(meaning, state, claim, after, by) for claim in claims)
            ]

    def texts(self) -> tuple[str, ...]:
        return tuple(premise.span.text for premise, _ in self.unmet if premise.span is not None)


def _is_true(meaning: Meaning, state: State, claim: Bindings, after: State, by: str) -> bool:
    try:
        return bool(meaning(at(state, claim, after, by)))
    except ModelError:
        return False


class ErrorMonitor(Struct):
    """No model error: the first failure, wherever it is met."""

    found: Found | None = None

    @property
    def open(self) -> bool:
        return self.found is None

    def see(
        self, state: State, end: FailedStep | Failure, binding: Bindings, step: Step | None = None
    ) -> None:
        if self.found is None:
            self.found = Found(state, binding, step, end)


class InvariantMonitor(Struct, dict=True):
    prop: Invariant
    instance: Instance
    errors: ErrorMonitor
    found: Found | None = None

    def __post_init__(self) -> None:
        self.claims: list[Bindings] = list(self.instance.claims(self.prop))
        self.meaning = denote(self.prop.body, self.instance)
        self.premises = Premises.of(self.prop, self.instance)

    @property
    def open(self) -> bool:
        return self.found is None

    def see_state(self, state: State) -> None:
        """Once it is violated, it is evaluated on for the sake of the model errors that it may meet."""
        if self.found is None:
            self.premises.see(state, self.claims)
        elif not self.errors.open:
            return
        for claim in self.claims:
            end: Failure | None = None
            try:
                holds = bool(self.meaning(at(state, claim)))
            except ModelError as error:
                holds, end = False, error.failure
                self.errors.see(state, end, claim)
            if not holds and self.found is None:
                self.found = Found(state, claim, end=end)


class StepMonitor(Struct, dict=True):
    prop: StepInvariant
    instance: Instance
    errors: ErrorMonitor
    found: Found | None = None

    def __post_init__(self) -> None:
        self.claims: list[Bindings] = list(self.instance.claims(self.prop))
        self.meaning = denote(self.prop.body, self.instance)
        self.premises = Premises.of(self.prop, self.instance)

    @property
    def open(self) -> bool:
        return self.found is None

    def see_state(self, state: State) -> None:
        """A step that changes nothing is possible in every state, and may make a premise true."""
        if self.found is None:
            self.premises.see(state, self.claims, state)

    def see_step(self, state: State, step: Step) -> None:
        """A step that changes nothing satisfies every step invariant."""
        if state == step.target or not (self.open or self.errors.open):
            return
        by = step.action.transition.name
        if self.found is None:
            self.premises.see(state, self.claims, step.target, by)
        for claim in self.claims:
            end: Failure | None = None
            try:
                holds = bool(self.meaning(at(state, claim, step.target, by)))
            except ModelError as error:
                holds, end = False, error.failure
                self.errors.see(state, end, claim, step)
            if not holds and self.found is None:
                self.found = Found(state, claim, step, end)


class ReachableMonitor(Struct, dict=True):
    prop: Reachable
    instance: Instance
    errors: ErrorMonitor
    reached: list[Found] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.claims: list[Bindings] = list(self.instance.claims(self.prop))
        self.pending = list(self.claims)
        self.meaning = denote(self.prop.body, self.instance)

    @property
    def open(self) -> bool:
        return bool(self.pending)

    def see_state(self, state: State) -> None:
        """What was reached is evaluated on for the sake of the model errors that it may meet."""
        for claim in self.claims if self.errors.open else self.pending[:]:
            if self._is_reached(state, claim) and claim in self.pending:
                self.reached.append(Found(state, claim))
                self.pending.remove(claim)

    def _is_reached(self, state: State, claim: Bindings) -> bool:
        try:
            return bool(self.meaning(at(state, claim)))
        except ModelError as error:
            self.errors.see(state, error.failure, claim)
            return False


class LivenessMonitor(Struct, dict=True):
    """Sees only where a part of the property has no value; whether it holds is decided at the end."""

    prop: Liveness
    instance: Instance
    errors: ErrorMonitor
    found: Found | None = None

    def __post_init__(self) -> None:
        self.claims: list[Bindings] = list(self.instance.claims(self.prop))
        parts = (self.prop.goal,) if self.prop.trigger is None else (self.prop.trigger, self.prop.goal)
        self.meanings = [denote(part, self.instance) for part in parts]
        self.premises = Premises.of(self.prop, self.instance)

    @property
    def open(self) -> bool:
        """What happens in the end is known only once every state was visited."""
        return self.found is None

    def see_state(self, state: State) -> None:
        if self.found is None:
            self.premises.see(state, self.claims)
        elif not self.errors.open:
            return
        for claim in self.claims:
            for meaning in self.meanings:
                try:
                    meaning(at(state, claim))
                except ModelError as error:
                    self.errors.see(state, error.failure, claim)
                    self.found = self.found or Found(state, claim, end=error.failure)


class DeadlockMonitor(Struct):
    found: Found | None = None

    @property
    def open(self) -> bool:
        return self.found is None

    def see_end(self, state: State) -> None:
        if self.found is None:
            self.found = Found(state, {})
