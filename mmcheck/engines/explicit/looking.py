"""Looking: what is to be seen in a block of states, and in the steps of one action from it.

Looks change nothing: they give what they see, and the search keeps the first of each kind, in the order of
blocks, so that threads may look at different blocks at the same time.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mmcheck.core.dag import Dag
from mmcheck.core.ground import Predicate
from mmcheck.core.symmetry import between
from mmcheck.core.system import Invariant, Liveness, Property, Reachable, StepInvariant
from mmcheck.core.vacuity import premises_of
from mmcheck.engines.explicit.program import Program
from mmcheck.engines.explicit.vectorize import Block

Key: TypeAlias = tuple[str, int]
"""What was looked for: a property, and (for `reachable`, whose instances count each) which instance of it."""

ERROR: Key = ("no model error", 0)
DEADLOCK: Key = ("deadlock free", 0)


class Found(Struct, frozen=True):
    """Where something was seen: in a state (its packed words) of a level, or in a step from it."""

    words: tuple[int, ...]
    level: int


Sighting: TypeAlias = tuple[Key, Found]


class _StateLook(Struct, frozen=True):
    """A predicate over states, and what it means that it is `wanted`."""

    key: Key
    wanted: int
    """True where this is what is looked for."""
    errs: int


class _PremiseLook(Struct, frozen=True):
    """A premise, true in a state or in a step of one of the actions."""

    key: Key
    text: str
    states: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]


class Looks(Struct, dict=True):
    """Everything that one run looks for."""

    program: Program
    properties: list[Property]

    def __post_init__(self) -> None:
        self.states: list[_StateLook] = []
        self.steps: list[list[_StateLook]] = [[] for _ in self.program.actions]
        self.premises: list[_PremiseLook] = []
        self.orbits: dict[Key, frozenset[Key]] = {}
        for prop in self.properties:
            match prop:
                case Invariant():
                    self._invariant(prop)
                case Reachable():
                    self._reachable(prop)
                case StepInvariant():
                    self._step_invariant(prop)
                case Liveness():
                    self._liveness(prop)
                case _:
                    pass
        self.keys = {look.key for look in self.states} | {k.key for looks in self.steps for k in looks}

    @property
    def dag(self) -> Dag:
        return self.program.dag

    def _violated(self, predicate: Predicate) -> int:
        return self.dag.disj(self.dag.invert(predicate.holds), predicate.fails)

    def _invariant(self, prop: Invariant) -> None:
        for claim in self.program.claims(prop):
            wanted = self._violated(claim.predicate)
            if wanted != self.dag.false:
                self.states.append(_StateLook((prop.name, 0), wanted, claim.predicate.fails))
        self._premises(prop)

    def _reachable(self, prop: Reachable) -> None:
        claims = self.program.claims(prop)
        for number, claim in enumerate(claims):
            reached = self.dag.conj(claim.predicate.holds, self.dag.invert(claim.predicate.fails))
            self.states.append(_StateLook((prop.name, number), reached, claim.predicate.fails))
        values = [tuple(claim.binding.values()) for claim in claims]
        for number, value in enumerate(values):
            mates = (
                i for i, v in enumerate(values) if between(value, v, self.program.instance.sizes) is not None
            )
            self.orbits[prop.name, number] = frozenset((prop.name, mate) for mate in mates)

    def _step_invariant(self, prop: StepInvariant) -> None:
        for _, predicates in self.program.step_claims(prop):
            for number, (action, predicate) in enumerate(zip(self.program.actions, predicates, strict=True)):
                violated = self._violated(predicate)
                if violated == self.dag.false:
                    continue
                wanted = self.dag.conj(violated, action.changes)
                if wanted != self.dag.false:
                    errs = self.dag.conj(predicate.fails, action.changes)
                    self.steps[number].append(_StateLook((prop.name, 0), wanted, errs))
        self._premises(prop)

    def _liveness(self, prop: Liveness) -> None:
        """Where a part of it has no value, and its premise; what happens in the end is not seen here."""
        triggers: list[int] = []
        for binding in self.program.instance.claims(prop):
            for part in (prop.goal,) if prop.trigger is None else (prop.trigger, prop.goal):
                predicate = self.program.grounder.predicate(part, prop.params, binding)
                if predicate.fails != self.dag.false:
                    self.states.append(_StateLook((prop.name, 0), predicate.fails, predicate.fails))
                if part is prop.trigger:
                    triggers.append(self.dag.conj(predicate.holds, self.dag.invert(predicate.fails)))
        for premise in premises_of(prop) if triggers else ():
            text = premise.span.text if premise.span else ""
            self.premises.append(_PremiseLook((prop.name, 0), text, tuple(triggers), ()))

    def _premises(self, prop: Invariant | StepInvariant) -> None:
        for number, possible in enumerate(self.program.premises(prop)):
            self.premises.append(
                _PremiseLook((prop.name, number), possible.text, possible.states, possible.steps)
            )

    # --- looking -----------------------------------------------------------------------------------------

    def at_states(self, block: Block, level: int, known: Container[Key]) -> Iterator[Sighting]:
        """What is seen in the states of a block, of what is not known yet."""
        for look in self.states:
            yield from self._see(look, block, level, known, None)

    def at_steps(
        self, block: Block, level: int, action: int, enabled: NDArray[np.bool_], known: Container[Key]
    ) -> Iterator[Sighting]:
        """What is seen in the steps of one action from the states where it is enabled."""
        for look in self.steps[action]:
            yield from self._see(look, block, level, known, enabled)

    def _see(
        self,
        look: _StateLook,
        block: Block,
        level: int,
        known: Container[Key],
        enabled: NDArray[np.bool_] | None,
    ) -> Iterator[Sighting]:
        for key, node in ((look.key, look.wanted), (ERROR, look.errs)):
            if node == self.dag.false or key in known:
                continue
            seen = block.truth(node) if enabled is None else block.truth(node) & enabled
            if seen.any():
                yield key, Found(block.row(int(np.argmax(seen))), level)

    def premises_at_states(self, block: Block, met: Container[Key]) -> Iterator[Key]:
        """The premises that are true in some state of a block, of those not met before."""
        for premise in self.premises:
            if premise.key not in met and any(block.truth(node).any() for node in premise.states):
                yield premise.key

    def premises_at_steps(
        self, block: Block, action: int, enabled: NDArray[np.bool_], met: Container[Key]
    ) -> Iterator[Key]:
        """The premises that are true in some step of an action."""
        changes = self.program.actions[action].changes
        for premise in self.premises:
            if premise.steps and premise.key not in met:
                moving = enabled & block.truth(changes)
                if any((block.truth(node) & moving).any() for node in premise.steps[action]):
                    yield premise.key
