"""An instance compiled for vectorised search: what to evaluate, and how successors are written."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mmcheck.core.dag import Dag
from mmcheck.core.ground import GroundAction, Grounder, Predicate
from mmcheck.core.system import Assumption, Invariant, Reachable, StepInvariant
from mmcheck.core.terms import Term
from mmcheck.core.types import Value
from mmcheck.core.vacuity import premises
from mmcheck.engines.explicit.canonical import canonical_form
from mmcheck.engines.explicit.layout import ALL, Layout, Slot
from mmcheck.engines.explicit.vectorize import Block

Rows = NDArray[np.uint64]


class WordUpdate(Struct, frozen=True):
    """What an action does to one word: bits to clear, bits to set, and computed cells to put in."""

    word: int
    clear: int
    set: int
    computed: tuple[tuple[Slot, int], ...]


class CompiledAction(Struct, frozen=True):
    """A ground action with its writes by word; `changes` is true where it does not lead back to the state."""

    ground: GroundAction
    updates: tuple[WordUpdate, ...]
    changes: int

    def targets(self, block: Block, chosen: NDArray[np.intp] | slice) -> Rows:
        """The successors of the chosen states of a block, as rows."""
        rows = block.words[0][chosen][:, None] if len(block.words) == 1 else block.words[:, chosen].T.copy()
        for update in self.updates:
            column = rows[:, update.word]
            column &= np.uint64(~update.clear & 0xFFFFFFFFFFFFFFFF)
            if update.set:
                column |= np.uint64(update.set)
            for slot, node in update.computed:
                code = block.column(node)
                values = code[chosen] if code.shape else code
                bits = (values.astype(np.int64) - slot.least).astype(np.uint64)
                column |= bits << np.uint64(slot.shift)
        return rows


class Claim(Struct, frozen=True):
    """One instance of a property: its parameters' values, and a predicate over states."""

    binding: Mapping[str, Value]
    predicate: Predicate


class Possibility(Struct, frozen=True):
    """A premise of a property, and where it is true: over states, and over the steps of each action."""

    text: str
    states: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...] = ()


class Program(Struct, dict=True):
    """The compiled form of a grounded instance; `symmetry` says whether states of one orbit count as one."""

    grounder: Grounder
    symmetry: bool = True

    def __post_init__(self) -> None:
        self.instance = self.grounder.instance
        self.canonical, self.not_permuted = canonical_form(self.instance) if self.symmetry else (None, ())
        self.layout = Layout.of(self.instance) if self.canonical is None else self.canonical.layout
        grounded = self.grounder.actions
        if self.canonical is None and not self.instance.system.assumptions:
            # Which steps are superfluous does not carry over from orbit to orbit, nor if states are left out.
            self.layout = Layout.tagged(self.instance, len(grounded) + 1)
        self.actions = [self._compile(ground) for ground in grounded]

    @property
    def dag(self) -> Dag:
        return self.grounder.dag

    def block(self, rows: Rows) -> Block:
        """A block of states, ready to be evaluated; without the tags of their rows."""
        words = np.ascontiguousarray(rows.T)
        if not self.layout.tag_bits:
            return Block(self.layout, self.dag, words)
        tags = (words[0] & np.uint64(~self.layout.state_mask & ALL)).astype(np.intp)
        words = words.copy() if np.shares_memory(words, rows) else words
        words[0] &= np.uint64(self.layout.state_mask)
        return Block(self.layout, self.dag, words, tags)

    def canonical_rows(self, rows: Rows) -> Rows:
        """One state for each state's orbit; the states themselves without symmetry."""
        return rows if self.canonical is None else self.canonical.rows(rows)

    def candidates(self, rows: Rows) -> Rows:
        """As `canonical_rows`, in the order of the states, but some that come more than once left out."""
        return rows if self.canonical is None else self.canonical.distinct(rows)

    def claims(self, prop: Invariant | Reachable) -> list[Claim]:
        """The instances of a property of states."""
        grounder = self.grounder
        return [Claim(b, grounder.predicate(prop.body, prop.params, b)) for b in self.instance.claims(prop)]

    def step_claims(self, prop: StepInvariant) -> list[tuple[Mapping[str, Value], list[Predicate]]]:
        """The instances of a property of steps, each with a predicate for every action."""
        return [
            (b, [self.grounder.step_predicate(prop.body, prop.params, b, a.ground) for a in self.actions])
            for b in self.instance.claims(prop)
        ]

    def assumption(self, assumption: Assumption) -> Predicate:
        return self.grounder.predicate(assumption.body, (), {})

    def premises(self, prop: Invariant | StepInvariant) -> list[Possibility]:
        """The premises of a property that are not true by the constants alone."""
        return [
            self._possibility(prop, premise.possible, premise.span.text if premise.span else "")
            for premise in premises(prop.body)
        ]

    def _possibility(self, prop: Invariant | StepInvariant, possible: Term, text: str) -> Possibility:
        claims = list(self.instance.claims(prop))
        if isinstance(prop, Invariant):
            states = [self.grounder.predicate(possible, prop.params, b) for b in claims]
            return Possibility(text, tuple(self._true(p) for p in states))
        stay = [self.grounder.step_predicate(possible, prop.params, b, None) for b in claims]
        steps = tuple(
            tuple(
                self._true(self.grounder.step_predicate(possible, prop.params, b, a.ground)) for b in claims
            )
            for a in self.actions
        )
        return Possibility(text, tuple(self._true(p) for p in stay), steps)

    def _true(self, predicate: Predicate) -> int:
        return self.dag.conj(predicate.holds, self.dag.invert(predicate.fails))

    def _compile(self, ground: GroundAction) -> CompiledAction:
        dag = self.dag
        words: dict[int, tuple[int, int, list[tuple[Slot, int]]]] = {}
        for cell, node in ground.updates.items():
            slot = self.layout.slots[cell]
            clear, bits, computed = words.get(slot.word, (0, 0, []))
            constant = dag.constant(node)
            if constant is not None:
                # A constant that does not fit is written only where the action fails, which is nowhere.
                bits |= (constant - slot.least & slot.mask) << slot.shift
            else:
                computed.append((slot, node))
            words[slot.word] = (clear | slot.mask << slot.shift, bits, computed)
        updates = tuple(WordUpdate(w, clear, bits, tuple(c)) for w, (clear, bits, c) in words.items())
        same = [dag.eq(dag.cell(cell), node) for cell, node in ground.updates.items()]
        return CompiledAction(ground, updates, dag.invert(dag.conj(*same)))
