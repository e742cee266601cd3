"""The difference between two systems: whether both take the same steps from the states that one can reach.

Two systems with the same initial states have the same reachable graph when in every state that is reachable
in the first both take the same steps: then every run of either is one of the other. So the second is never
searched. One state of each orbit is enough, as both systems are the same up to permutations of sorts.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from mmcheck.core.ground import GroundAction, Grounder
from mmcheck.core.instance import Instance
from mmcheck.core.semantics import initial_states
from mmcheck.core.system import Transition
from mmcheck.core.trace import Failure
from mmcheck.core.types import Value
from mmcheck.engines.explicit.canonical import canonical_form
from mmcheck.engines.explicit.layout import Layout
from mmcheck.engines.explicit.vectorize import Block

BLOCK = 16_384

Rows: TypeAlias = NDArray[np.uint64]

Label: TypeAlias = tuple[str, tuple[Value, ...]]
"""The name of a transition, and its arguments."""


class Difference(Enum):
    """How the steps of two systems differ. One that changes nothing leads from a state to itself."""

    NONE = "none"
    STUTTERING = "only in steps that change nothing, where the same action does nothing else"
    BESIDE = "only in steps that change nothing, beside others of the same action"
    STEPS = "in steps that lead somewhere"


def difference(states: Rows, one: Instance, other: Instance, changed: frozenset[str]) -> Difference:
    """How the steps from all these states differ in two instances, alike but for some transitions."""
    if one.cells != other.cells:
        return Difference.STEPS
    systems = [_Steps(_stripped(instance, changed)) for instance in (one, other)]
    actions = [_by_label(system.actions) for system in systems]
    found = Difference.NONE
    for rows in _blocks(states):
        blocks = [system.block(rows) for system in systems]
        for label in actions[0].keys() | actions[1].keys():
            first, second = (
                system.taken(block, ways.get(label, []))
                for system, block, ways in zip(systems, blocks, actions, strict=True)
            )
            if not (np.array_equal(first.fails, second.fails) and np.array_equal(first.moves, second.moves)):
                return Difference.STEPS
            stuttering = first.stays != second.stays
            if stuttering[first.moves[:, 0].astype(np.intp)].any():
                found = Difference.BESIDE
            elif stuttering.any() and found is Difference.NONE:
                found = Difference.STUTTERING
    return found


def _stripped(instance: Instance, transitions: frozenset[str] | None = None) -> Instance:
    """The instance without its properties, and only with some of its transitions."""

    def chosen(transition: Transition) -> bool:
        return transitions is None or transition.name in transitions

    kept = tuple(filter(chosen, instance.system.transitions))
    return Instance(replace(instance.system, transitions=kept, properties=()), instance.sizes)


def _blocks(rows: Rows) -> Iterator[Rows]:
    return (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))


def _by_label(actions: list[GroundAction]) -> dict[Label, list[GroundAction]]:
    """The actions, with all ways to make the choices of one together."""
    found: dict[Label, list[GroundAction]] = {}
    for ground in actions:
        found.setdefault((ground.action.transition.name, ground.action.args), []).append(ground)
    return found


# --- the states ------------------------------------------------------------------------------------------


def reachable_states(instance: Instance, most: int) -> Rows | None:
    """A state of each orbit that is reachable; None where there are more than `most`."""
    system = _Steps(_stripped(instance))

    def found(rows: Rows) -> Rows:
        """One row for each orbit of those states that satisfy the assumptions."""
        kept = system.assumed(rows)
        return _distinct(kept if system.canonical is None else system.canonical.rows(kept))

    initial = [state for state in initial_states(instance) if not isinstance(state, Failure)]
    reached = frontier = found(system.layout.pack(initial))
    while len(frontier):
        candidates = _distinct(np.concatenate([reached[:0], *map(found, system.targets(frontier))]))
        frontier = candidates[~np.isin(_keys(candidates), _keys(reached))]
        reached = _distinct(np.concatenate([reached, frontier]))
        if len(reached) > most:
            return None
    return reached


def _distinct(rows: Rows) -> Rows:
    return np.unique(rows, axis=0)


def _keys(rows: Rows) -> NDArray[Any]:
    """Each row as one value that can be compared."""
    contiguous = np.ascontiguousarray(rows)
    if contiguous.shape[1] == 1:
        return contiguous[:, 0]
    return contiguous.view([(f"w{i}", np.uint64) for i in range(rows.shape[1])])[:, 0]


# --- the steps -------------------------------------------------------------------------------------------


class _Taken(Struct, frozen=True):
    """What an action does in the states of a block: the pairs of a state and another that it leads to, each
    once; the states that it leads to themselves; those in which it fails."""

    moves: Rows
    stays: NDArray[np.bool_]
    fails: NDArray[np.bool_]


class _Steps:
    """Every step of an instance, taken from packed states. The search leaves out steps that lead nowhere new;
    here each counts, so that nothing is shared with it but how states are packed and terms evaluated."""

    def __init__(self, instance: Instance) -> None:
        self.grounder = Grounder(instance)
        # The same for both systems, as it depends on nothing but their cells.
        self.canonical, _ = canonical_form(instance)
        self.layout = Layout.of(instance) if self.canonical is None else self.canonical.layout
        self.actions = list(self.grounder.actions)
        assumptions = instance.system.assumptions
        self.assumptions = [self.grounder.predicate(a.body, (), {}) for a in assumptions]

    def block(self, rows: Rows) -> Block:
        return Block(self.layout, self.grounder.dag, np.ascontiguousarray(rows.T))

    def assumed(self, rows: Rows) -> Rows:
        """Those of some states in which every assumption holds."""
        if not self.assumptions or not len(rows):
            return rows
        block, holds = self.block(rows), np.ones(len(rows), np.bool_)
        for predicate in self.assumptions:
            holds &= block.truth(predicate.holds) & ~block.truth(predicate.fails)
        return rows[holds]

    def targets(self, states: Rows) -> Iterator[Rows]:
        """Where the steps from some states lead, in parts."""
        for rows in _blocks(states):
            block = self.block(rows)
            for ground in self.actions:
                chosen = np.flatnonzero(block.truth(ground.guard))
                if len(chosen):
                    yield self.after(block, ground, chosen)

    def after(self, block: Block, ground: GroundAction, chosen: NDArray[np.intp]) -> Rows:
        """The states that an action leads to from those chosen of a block."""
        rows = block.words[:, chosen].T.copy()
        for cell, node in ground.updates.items():
            slot, column = self.layout.slots[cell], block.column(node)
            codes = (column[chosen] if column.shape else column).astype(np.int64) - slot.least
            rows[:, slot.word] &= ~np.uint64(slot.mask << slot.shift)
            rows[:, slot.word] |= codes.astype(np.uint64) << np.uint64(slot.shift)
        return rows

    def taken(self, block: Block, ways: list[GroundAction]) -> _Taken:
        """What an action does, made of all its ways to choose."""
        fails, stays = np.zeros(block.size, np.bool_), np.zeros(block.size, np.bool_)
        pairs = [np.zeros((0, 1 + self.layout.words), np.uint64)]
        for way in ways:
            fails |= block.truth(way.fails)
            chosen = np.flatnonzero(block.truth(way.guard))
            if not len(chosen):
                continue
            targets = self.after(block, way, chosen)
            idle = (targets == block.words[:, chosen].T).all(axis=1)
            stays[chosen[idle]] = True
            pairs.append(np.column_stack([chosen.astype(np.uint64), targets])[~idle])
        return _Taken(_distinct(np.concatenate(pairs)), stays, fails)
