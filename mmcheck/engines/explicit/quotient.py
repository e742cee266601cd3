"""The state graph of an instance, collapsed while it is searched: a class for each row of key values.

Every state is visited, without symmetry, since the elements of a sort are told apart by most keys. Then the
levels of the search are expanded once more. Of the states of a block, and of the targets of their steps, only
the keys are computed, packed into one word where they fit, so that the graph is never in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from mmcheck.core.check import Check
from mmcheck.core.codes import decode
from mmcheck.core.ground import Nodes
from mmcheck.core.instance import Instance, assemble, leaves
from mmcheck.core.stategraph import StateClass, StateEdge, StateGraph, StateKey, Tally, TooManyClassesError
from mmcheck.core.system import Invariant, NoModelError, Property, Reachable, StepInvariant
from mmcheck.core.types import Type, Value
from mmcheck.engines.engine import Limits, Observe
from mmcheck.engines.explicit.looking import Key, Looks
from mmcheck.engines.explicit.search import Search, Tuning
from mmcheck.engines.explicit.vectorize import Block

BITS = 63
"""How many bits of keys go into one word."""
NEVER: Key = ("", -1)
"""Something to look for that is never found, so that a search goes on to the end."""


class _Column(Struct, frozen=True):
    """One scalar of a key: its node, the least code, and how many codes there are. A code of -1 below the
    least stands for a state in which the key has no value."""

    node: int
    least: int
    count: int


class _Class(Struct):
    values: tuple[Value, ...]
    depth: int
    states: int = 0
    initial: int = 0
    deadlocks: int = 0
    violating: Counter[str] = field(default_factory=Counter)
    goals: Counter[str] = field(default_factory=Counter)


def quotient(
    instance: Instance,
    check: Check,
    keys: Sequence[StateKey],
    collapsed: bool,
    most: int,
    limits: Limits,
    observe: Observe,
    tuning: Tuning | None = None,
) -> StateGraph:
    """The state graph by some keys. Raises TooManyClassesError when there are more than `most` classes."""
    search = Search(instance, [NoModelError()], limits, observe, tuning or Tuning(symmetry=False))
    search.open.add(NEVER)
    try:
        search.run()
        builder = _Builder(search, check, keys, most)
        builder.build()
    finally:
        search.close()
    return builder.graph(check.name, collapsed)


class _Builder:
    """Expands the levels of a finished search, block by block."""

    def __init__(self, search: Search, check: Check, keys: Sequence[StateKey], most: int) -> None:
        self.search = search
        self.program = search.program
        self.keys = keys
        self.most = most
        properties: list[Property] = [
            p
            for p in search.instance.system.properties
            if isinstance(p, Invariant | StepInvariant | Reachable) and p.name in check.properties
        ]
        self.invariants = {p.name for p in properties if isinstance(p, Invariant)}
        self.looks = Looks(self.program, properties)
        grounded = [self.program.grounder.value(key.term) for key in keys]
        self.columns = [self._columns(nodes) for nodes, _ in grounded]
        self.failing = [fails for _, fails in grounded]
        self.classes: list[_Class] = []
        self.numbers: dict[tuple[int, ...], int] = {}
        self.edges: Counter[tuple[int, int, str]] = Counter()
        self.bad: dict[tuple[int, int, str], Counter[str]] = {}
        self.steps = 0

    def build(self) -> None:
        """Visit every block of every level."""
        for depth, level in enumerate(self.search.levels):
            for rows in level.blocks(self.search.tuning.block):
                self._block(self.program.block(rows), depth)

    def graph(self, check: str, collapsed: bool) -> StateGraph:
        classes = tuple(
            StateClass(
                c.values, c.states, c.depth, c.initial, c.deadlocks, _tallies(c.violating), _tallies(c.goals)
            )
            for c in self.classes
        )
        edges = tuple(
            StateEdge(*edge, steps, _tallies(self.bad.get(edge, Counter())))
            for edge, steps in sorted(self.edges.items())
        )
        return StateGraph(
            self.search.instance.system.name,
            check,
            tuple(key.label for key in self.keys),
            classes,
            edges,
            sum(c.states for c in classes),
            self.steps,
            collapsed,
            self.search.stopped or "",
        )

    # --- a block -----------------------------------------------------------------------------------------

    def _block(self, block: Block, depth: int) -> None:
        here = self._classes_of(block, depth)
        self._count(here, "states")
        if depth == 0:
            self._count(here, "initial")
        self._properties(block, here)
        moving = np.zeros(block.size, np.bool_)
        for number, action in enumerate(self.program.actions):
            guard, fails = block.truth(action.ground.guard), block.truth(action.ground.fails)
            moving |= guard | fails
            self._tally(here[fails], "violating", "no model error")
            chosen = np.flatnonzero(guard)
            if len(chosen):
                self._action(number, block, here, chosen, depth)
        self._count(here[~moving], "deadlocks")

    def _action(
        self, number: int, block: Block, here: NDArray[np.int64], chosen: NDArray[np.intp], depth: int
    ) -> None:
        """The steps of one action from the states where it is enabled."""
        action = self.program.actions[number]
        after = self.program.block(action.targets(block, chosen))
        kept = np.ones(len(chosen), np.bool_)
        for _, assumption in self.search.assumptions:
            kept &= after.truth(assumption.holds) & ~after.truth(assumption.fails)
        there = self._classes_of(after, depth + 1, kept)
        name = action.ground.action.transition.name
        pairs = (here[chosen] << 32 | there)[kept]
        self._count_edges(pairs, name)
        for look in self.looks.steps[number]:
            violated = block.truth(look.wanted)[chosen]
            for pair, count in _counted((here[chosen] << 32 | there)[kept & violated]):
                tallies = self.bad.setdefault((pair >> 32, pair & 0xFFFFFFFF, name), Counter())
                tallies[look.key[0]] += count

    def _count_edges(self, pairs: NDArray[np.int64], name: str) -> None:
        self.steps += len(pairs)
        for pair, count in _counted(pairs):
            self.edges[pair >> 32, pair & 0xFFFFFFFF, name] += count

    def _properties(self, block: Block, here: NDArray[np.int64]) -> None:
        """Which states violate an invariant, or reach what is to be reachable."""
        seen: dict[str, NDArray[np.bool_]] = {}
        for look in self.looks.states:
            truth = block.truth(look.wanted)
            name = look.key[0]
            seen[name] = seen[name] | truth if name in seen else truth
        for name, truth in seen.items():
            self._tally(here[truth], "violating" if name in self.invariants else "goals", name)

    def _tally(self, here: NDArray[np.int64], what: str, name: str) -> None:
        for number, count in _counted(here):
            tallies: Counter[str] = getattr(self.classes[number], what)
            tallies[name] += count

    def _count(self, here: NDArray[np.int64], what: str) -> None:
        for number, count in _counted(here):
            found = self.classes[number]
            setattr(found, what, getattr(found, what) + count)

    # --- classes -----------------------------------------------------------------------------------------

    def _classes_of(
        self, block: Block, depth: int, among: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """The class of each state; without those that assumptions exclude, no new class comes of these."""
        codes = self._codes(block)
        if codes.shape[1] == 1:
            single, inverse = np.unique(codes[:, 0], return_inverse=True)
            packed = single[:, None]
        else:
            packed, inverse = np.unique(codes, axis=0, return_inverse=True)
        inverse = inverse.reshape(-1)
        wanted = np.ones(len(packed), np.bool_)
        if among is not None:
            wanted[:] = False
            wanted[inverse[among]] = True
        numbers = np.zeros(len(packed), np.int64)
        for row in np.flatnonzero(wanted):
            numbers[row] = self._number(tuple(packed[row].tolist()), depth)
        return numbers[inverse]

    def _number(self, words: tuple[int, ...], depth: int) -> int:
        number = self.numbers.get(words)
        if number is None:
            if len(self.classes) == self.most:
                raise TooManyClassesError(self.most)
            number = self.numbers[words] = len(self.classes)
            self.classes.append(_Class(self._values(words), depth))
        return number

    def _codes(self, block: Block) -> NDArray[np.int64]:
        """A row of words for each state: the keys, packed."""
        words: list[NDArray[np.int64]] = [np.zeros(block.size, np.int64)]
        room = BITS
        for columns, failing in zip(self.columns, self.failing, strict=True):
            bad = block.truth(failing)
            for column in columns:
                bits = column.count.bit_length()
                if bits > room:
                    words.append(np.zeros(block.size, np.int64))
                    room = BITS
                code = np.broadcast_to(block.column(column.node), (block.size,)).astype(np.int64)
                words[-1] <<= bits
                words[-1] |= np.where(bad, 0, code - column.least + 1)
                room -= bits
        return np.stack(words, axis=1)

    def _values(self, words: tuple[int, ...]) -> tuple[Value, ...]:
        """The values of the keys: the inverse of `_codes`."""
        codes: list[int] = []
        placed = list(self._places())
        for word, shift, column in placed:
            codes.append((words[word] >> shift) & ((1 << column.count.bit_length()) - 1))
        values: list[Value] = []
        at = 0
        for key, columns in zip(self.keys, self.columns, strict=True):
            own = codes[at : at + len(columns)]
            values.append(_value(key.term.type, columns, own))
            at += len(columns)
        return tuple(values)

    def _places(self) -> list[tuple[int, int, _Column]]:
        """For each column its word, and how far from the right it lies there."""
        flat = [column for columns in self.columns for column in columns]
        word, room = 0, BITS
        words: list[list[_Column]] = [[]]
        for column in flat:
            bits = column.count.bit_length()
            if bits > room:
                words.append([])
                word, room = word + 1, BITS
            words[word].append(column)
            room -= bits
        places: list[tuple[int, int, _Column]] = []
        for word, columns in enumerate(words):
            shift = sum(column.count.bit_length() for column in columns)
            for column in columns:
                shift -= column.count.bit_length()
                places.append((word, shift, column))
        return places

    def _columns(self, nodes: Nodes) -> tuple[_Column, ...]:
        bounds = [self.program.dag.bounds[node] for node in nodes]
        if any((high - low + 1).bit_length() > BITS for low, high in bounds):
            raise OverflowError(f"a key needs more than {BITS} bits")
        return tuple(_Column(n, low, high - low + 1) for n, (low, high) in zip(nodes, bounds, strict=True))


def _value(type: Type, columns: Sequence[_Column], codes: Sequence[int]) -> Value:
    if 0 in codes:
        return None
    known = [code - 1 + column.least for code, column in zip(codes, columns, strict=True)]
    decoded = (decode(code, leaf) for code, leaf in zip(known, leaves(type), strict=True))
    return assemble(type, decoded)


def _counted(items: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The different items, each with how often it is there."""
    if not len(items):
        return []
    found, counts = np.unique(items, return_counts=True)
    return list(zip(found.tolist(), counts.tolist(), strict=True))


def _tallies(counts: Counter[str]) -> tuple[Tally, ...]:
    return tuple(Tally(name, count) for name, count in sorted(counts.items()))
