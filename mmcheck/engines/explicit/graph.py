"""The graph of the reachable states: every step between them, made from the levels of a finished search.

States are numbered in the order of the search, level by level. The steps are found by expanding every block
once more; where a step leads is looked up in the sorted words of all states. For each step the graph keeps
which unit of fairness it belongs to, for each state which units are enabled in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mmcheck.core.fairness import Unit, units
from mmcheck.core.ground import Predicate
from mmcheck.engines.explicit.levels import Level
from mmcheck.engines.explicit.program import Program, Rows

NOBODY = -1
"""The unit of a step that is not fair."""
BITS = 64
"""Units to a word of those that are enabled."""
ODD = np.uint64(0x9E3779B97F4A7C15)

Look = Callable[[int], None]
"""Looks at the limits: told how many states were done, raises where one is reached."""


class Index(Struct, frozen=True):
    """The states by number, and back: `keys` are sorted, `numbers` those of the states that have them."""

    rows: Rows
    keys: NDArray[np.uint64]
    numbers: NDArray[np.int32]
    seed: int

    @classmethod
    def of(cls, rows: Rows) -> Index:
        """A state of one word is its own key. Wider ones are mixed to one, with another seed where two states
        would have one key."""
        for seed in range(16):
            keys = _keys(rows, seed)
            numbers = np.argsort(keys, kind="stable").astype(np.int32)
            keys = keys[numbers]
            if not (keys[1:] == keys[:-1]).any():
                return cls(rows, keys, numbers, seed)
        raise RuntimeError("a state was visited twice")

    def find(self, rows: Rows) -> NDArray[np.int32]:
        """The numbers of some states, all of which must be there."""
        keys = _keys(rows, self.seed)
        # Sorted questions find their answers near each other.
        order = np.argsort(keys)
        places = np.searchsorted(self.keys, keys[order])
        numbers = np.empty(len(rows), np.int32)
        numbers[order] = self.numbers[np.minimum(places, len(self.keys) - 1)]
        if not (self.rows[numbers] == rows).all():
            raise RuntimeError("a step leads to a state that was not visited")
        return numbers


def _keys(rows: Rows, seed: int) -> NDArray[np.uint64]:
    if rows.shape[1] == 1:
        return rows[:, 0].copy()
    mixed = np.full(len(rows), seed, np.uint64)
    for word in range(rows.shape[1]):
        mixed = (mixed ^ rows[:, word]) * ODD
        mixed ^= mixed >> np.uint64(29)
    return mixed


class Graph(Struct, frozen=True, dict=True):
    """States, steps, units. `level[s]` is the distance of a state from an initial one."""

    program: Program
    rows: Rows
    level: NDArray[np.int32]
    offsets: NDArray[np.int64]
    targets: NDArray[np.int32]
    units: tuple[Unit, ...]
    taken: NDArray[Any]
    """For each step the number of its unit, or NOBODY."""
    enabled: NDArray[np.uint64]
    """A row of words for each state, a bit for each unit."""

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def sources(self) -> NDArray[np.int32]:
        """For each step the state that it leaves."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.offsets))

    def is_enabled(self, unit: int) -> NDArray[np.bool_]:
        """In which states a unit is enabled."""
        bits = self.enabled[:, unit // BITS] >> np.uint64(unit % BITS)
        return (bits & np.uint64(1)).astype(np.bool_)

    def truth(self, predicate: Predicate, block: int) -> NDArray[np.bool_]:
        """In which states a predicate is true."""
        parts = [
            self.program.block(self.rows[start : start + block]).truth(predicate.holds)
            for start in range(0, len(self), block)
        ]
        return np.concatenate(parts)


def bytes_needed(states: int, steps: int, words: int, units: int) -> int:
    """About how much memory a graph takes, with all that is computed on it."""
    return steps * (4 + 4 + 2 + 18) + states * (8 * words + 12 + 8 * (units // BITS + 1) + 8 + 4 + 64)


class Builder(Struct, dict=True):
    """Makes the graph of a finished search that was not reduced by symmetry."""

    program: Program
    assumptions: Sequence[Predicate]
    levels: Sequence[Level]
    block: int
    threads: int
    look: Look

    def build(self, steps: int) -> Graph:
        """The graph, which probably has so many steps."""
        rows = self._rows()
        self.index = Index.of(rows)
        self.units = units(self.program.instance)
        self.unit_of = [self._unit(a.ground.action) for a in self.program.actions]
        sizes = [len(level) for level in self.levels]
        level = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        offsets = np.zeros(len(rows) + 1, np.int64)
        targets = np.empty(steps, np.int32)
        taken = np.empty(steps, np.int16 if len(self.units) < 2**15 else np.int32)
        enabled = np.zeros((len(rows), len(self.units) // BITS + 1), np.uint64)
        states = done = 0
        for part in self._expand(rows):
            end = done + len(part.targets)
            if end > len(targets):
                targets, taken = (np.resize(array, end + end // 4) for array in (targets, taken))
            counts = np.cumsum(part.counts)
            offsets[states + 1 : states + 1 + len(counts)] = done + counts
            targets[done:end], taken[done:end] = part.targets, part.taken
            enabled[states : states + len(counts)] = part.enabled
            states, done = states + len(counts), end
        targets, taken = targets[:done], taken[:done]
        for array in (offsets, targets, level):
            array.setflags(write=False)
        return Graph(self.program, rows, level, offsets, targets, self.units, taken, enabled)

    def _rows(self) -> Rows:
        """All states in the order of levels, but for bits that belong to no cell."""
        masks = np.zeros(self.program.layout.words, np.uint64)
        for slot in self.program.layout.slots:
            masks[slot.word] |= np.uint64(slot.mask << slot.shift)
        chunks = list(chain.from_iterable(level.chunks for level in self.levels))
        return np.concatenate([chunk & masks for chunk in chunks])

    def _unit(self, action: Any) -> int:
        return next((n for n, unit in enumerate(self.units) if unit.owns(action)), NOBODY)

    def _expand(self, rows: Rows) -> Iterator[_Part]:
        several = self.block * self.threads
        with ThreadPoolExecutor(self.threads) as executor:
            for done in range(0, len(rows), several):
                self.look(done)
                group = range(done, min(done + several, len(rows)), self.block)
                yield from executor.map(lambda start: self._part(rows[start : start + self.block]), group)

    def _part(self, rows: Rows) -> _Part:
        """The steps from the states of a block, in the order of these."""
        block = self.program.block(rows)
        enabled = np.zeros((len(rows), len(self.units) // BITS + 1), np.uint64)
        leaving: list[NDArray[Any]] = [np.empty(0, np.intp)]
        leading: list[Rows] = [rows[:0]]
        taken: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
        for action, unit in zip(self.program.actions, self.unit_of, strict=True):
            guard = block.truth(action.ground.guard)
            if unit != NOBODY:
                enabled[:, unit // BITS] |= guard.astype(np.uint64) << np.uint64(unit % BITS)
            chosen = np.flatnonzero(guard)
            targets = action.targets(block, chosen)
            if self.assumptions and len(chosen):
                kept = self._kept(targets)
                chosen, targets = chosen[kept], targets[kept]
            leaving.append(chosen)
            leading.append(targets)
            taken.append(np.full(len(chosen), unit, np.int32))
        sources = np.concatenate(leaving)
        order = np.argsort(sources, kind="stable")
        found = self.index.find(np.concatenate(leading))
        counts = np.bincount(sources, minlength=len(rows))
        return _Part(counts, found[order], np.concatenate(taken)[order], enabled)

    def _kept(self, rows: Rows) -> NDArray[np.bool_]:
        """Which of some states satisfy all assumptions; those in which one has no value do not."""
        block = self.program.block(rows)
        kept = np.ones(len(rows), np.bool_)
        for predicate in self.assumptions:
            kept &= block.truth(predicate.holds) & ~block.truth(predicate.fails)
        return kept


class _Part(Struct, frozen=True):
    """The steps from one block of states."""

    counts: NDArray[Any]
    targets: NDArray[np.int32]
    taken: NDArray[np.int32]
    enabled: NDArray[np.uint64]
