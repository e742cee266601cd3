"""Breadth-first search over packed states, a block of states at a time.

A level is expanded in blocks; the candidates of several blocks go to the visited set together, which gives
the next level. Blocks are expanded by several threads (NumPy and the kernels release the interpreter's lock),
and joined in their order, so that results and counts do not depend on the number of threads. No parent
pointers are kept: `traces` finds a way back by expanding the levels before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import add
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mmcheck.core.coverage import Branch, Taken
from mmcheck.core.ground import GroundAction
from mmcheck.core.instance import Instance, State
from mmcheck.core.semantics import initial_states
from mmcheck.core.system import DeadlockFree, Liveness, NoModelError, Property, Scenario
from mmcheck.core.trace import Failure
from mmcheck.engines.engine import Limits, Observe, Progress
from mmcheck.engines.explicit.looking import DEADLOCK, ERROR, Found, Key, Looks, Sighting
from mmcheck.engines.explicit.program import Program, Rows
from mmcheck.engines.explicit.vectorize import Block
from mmcheck.engines.explicit.visited import FIRST_CAPACITY, SWITCH, Visited
from mmcheck.engines.limits import Watch, resident_memory

NAME = "explicit"


@dataclass(frozen=True, slots=True)
class Tuning:
    """Sizes that change speed and memory, never a result: tests make them tiny."""

    block: int = 16_384
    """States evaluated at once."""
    batch: int = 4_000_000
    """Candidates inserted at once, about."""
    threads: int = 2
    switch: int = SWITCH
    first_capacity: int = FIRST_CAPACITY
    symmetry: bool = True


Origin: TypeAlias = tuple[Block, NDArray[np.intp]]
"""Where candidates come from: a block, and the states chosen in it."""


@dataclass
class Expansion:
    """What expanding one block gave: candidates, how often each action was taken, what was seen."""

    candidates: list[Rows] = field(default_factory=list)
    fired: list[int] = field(default_factory=list)
    taken: dict[int, list[int]] = field(default_factory=dict)
    """For each action that was taken, in how many steps it took each of its branches."""
    failed: set[Branch] = field(default_factory=set)
    """The branches that were taken on the way into a model error."""
    sightings: list[Sighting] = field(default_factory=list)
    met: set[Key] = field(default_factory=set)
    excluding: set[str] = field(default_factory=set)


@dataclass
class Search:
    """One run over one instance. After `run`, the attributes say what happened."""

    instance: Instance
    properties: list[Property]
    limits: Limits
    observe: Observe
    tuning: Tuning = field(default_factory=Tuning)
    stopped: str | None = None
    """Why the search ended before every state was visited; None when it did not."""
    decided_early: bool = False
    transitions: int = 0
    depth: int = 0
    initial_failure: Failure | None = None
    found: dict[Key, Found] = field(default_factory=dict)
    met: set[Key] = field(default_factory=set)
    excluding: set[str] = field(default_factory=set)
    levels: list[Rows] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = Watch(self.limits)
        self.searching = any(not isinstance(p, Scenario | Liveness) for p in self.properties)
        self.executor = ThreadPoolExecutor(self.tuning.threads)
        self.program = Program(self.instance, self.tuning.symmetry)
        self.looks = Looks(self.program, self.properties)
        self.visited = Visited(
            self.program.layout.words,
            self.executor,
            self.tuning.threads,
            self.tuning.switch,
            self.tuning.first_capacity,
        )
        self.assumptions = [(a.name, self.program.assumption(a)) for a in self.instance.system.assumptions]
        self.fired = [0] * len(self.program.actions)
        self.taken = [[0] * len(action.ground.branches) for action in self.program.actions]
        self.failed: set[Branch] = set()
        self.open = set(self.looks.keys)
        self.open |= {ERROR} if any(isinstance(p, NoModelError) for p in self.properties) else set()
        self.open |= {DEADLOCK} if any(isinstance(p, DeadlockFree) for p in self.properties) else set()

    def run(self) -> None:
        """Visit every reachable state, or stop for a limit, or when everything is decided."""
        if not self.searching:
            return
        try:
            self._search()
        finally:
            self.executor.shutdown(wait=True, cancel_futures=True)

    def _search(self) -> None:
        frontier = self._begin()
        while len(frontier) and not self._is_over():
            self.levels.append(frontier)
            last = self.depth == self.limits.max_depth
            frontier = self._expand(frontier, last)
            if last:
                self.stopped = self.stopped or f"none up to depth {self.depth}, the limit"
            self.depth += bool(len(frontier))

    def _is_over(self) -> bool:
        self.decided_early = not self.open
        return self.decided_early or self.stopped is not None

    def _begin(self) -> Rows:
        states: list[State] = []
        for state in initial_states(self.instance):
            if isinstance(state, Failure):
                self.initial_failure = self.initial_failure or state
                continue
            states.append(state)
            if len(states) % 4096 == 0:
                self.stopped = self.watch.exceeded(len(states))
            if self.stopped is not None:
                break
        expansion = Expansion()
        rows = self._assumed(self.program.layout.pack(states), None, expansion)
        self._keep(expansion)
        return self.visited.insert([self.program.canonical_rows(rows)])

    def branches(self) -> dict[Branch, Taken]:
        """The branches that were taken."""
        steps: Counter[Branch] = Counter()
        for action, counts in zip(self.program.actions, self.taken, strict=True):
            for found, count in zip(action.ground.branches, counts, strict=True):
                steps[found.branch] += count
        return {b: Taken(steps[b], b in self.failed) for b in steps.keys() | self.failed}

    def same_orbit(self, key: Key) -> frozenset[Key]:
        """The instances of a property that are decided together: permutations take them to each other."""
        if self.program.canonical is None:
            return frozenset((key,))
        return self.looks.orbits.get(key, frozenset((key,)))

    # --- a level -----------------------------------------------------------------------------------------

    def _expand(self, frontier: Rows, last: bool) -> Rows:
        """The next level; nothing behind the `last` one, which is only looked at."""
        fresh: list[Rows] = []
        pending: list[Rows] = []
        done = 0
        for group in self._groups(frontier):
            for expansion in self.executor.map(lambda rows: self._expand_block(rows, last), group):
                self._keep(expansion)
                pending += expansion.candidates
            done += sum(map(len, group))
            if sum(map(len, pending)) >= self.tuning.batch:
                fresh.append(self.visited.insert(pending))
                pending = []
            self._report(len(frontier) - done + sum(map(len, fresh)))
            if self.stopped is not None:
                break
        fresh.append(self.visited.insert(pending))
        return np.concatenate(fresh)

    def _groups(self, frontier: Rows) -> Iterator[list[Rows]]:
        """The blocks of a level, as many at a time as there are threads."""
        size, threads = self.tuning.block, self.tuning.threads
        blocks = [frontier[i : i + size] for i in range(0, len(frontier), size)]
        for i in range(0, len(blocks), threads):
            yield blocks[i : i + threads]

    def _keep(self, expansion: Expansion) -> None:
        """Take over what a block gave: of every kind of sighting the first."""
        for action, count in enumerate(expansion.fired):
            self.fired[action] += count
            self.transitions += count
        for action, counts in expansion.taken.items():
            self.taken[action] = list(map(add, self.taken[action], counts))
        self.failed |= expansion.failed
        self.met |= expansion.met
        self.excluding |= expansion.excluding
        for key, found in expansion.sightings:
            self.found.setdefault(key, found)
            self.open -= self.same_orbit(key)

    def _report(self, frontier: int) -> None:
        self.stopped = self.watch.exceeded(self.visited.size)
        self.observe(
            Progress(
                NAME,
                "search",
                self.visited.size,
                self.transitions,
                self.depth,
                frontier,
                self.watch.seconds,
                resident_memory(),
            )
        )

    # --- a block -----------------------------------------------------------------------------------------

    def _expand_block(self, rows: Rows, last: bool) -> Expansion:
        """Look at the states of a block and take every step from them. Changes nothing but its result."""
        block = self.program.block(rows)
        expansion = Expansion()
        expansion.sightings += self.looks.at_states(block, self.depth, self.found)
        expansion.met.update(self.looks.premises_at_states(block, self.met))
        live = np.zeros(block.size, np.bool_)
        for number in range(len(self.program.actions)):
            self._take(block, number, last, expansion)
            if DEADLOCK in self.open:
                ground = self.program.actions[number].ground
                live |= block.truth(ground.guard) | block.truth(ground.fails)
        if DEADLOCK in self.open and not live.all():
            found = Found(block.row(int(np.argmin(live))), self.depth)
            expansion.sightings.append((DEADLOCK, found))
        if self.program.canonical is not None and expansion.candidates:
            expansion.candidates = [self.program.canonical_rows(np.concatenate(expansion.candidates))]
        return expansion

    def _take(self, block: Block, number: int, last: bool, expansion: Expansion) -> None:
        """Take one action from all states of a block that enable it; none in the last level."""
        if last:
            return
        ground = self.program.actions[number].ground
        enabled = block.truth(ground.guard)
        if ground.fails != self.program.dag.false and ERROR not in self.found:
            failing = block.truth(ground.fails)
            if failing.any():
                row = block.row(int(np.argmax(failing)))
                expansion.sightings.append((ERROR, Found(row, self.depth)))
        expansion.failed.update(self._failed(block, ground))
        chosen = np.flatnonzero(enabled)
        targets = self.program.actions[number].targets(block, chosen)
        if self.assumptions:
            kept = self._kept(targets, (block, chosen), expansion)
            targets, chosen = targets[kept], chosen[kept]
            taken = np.zeros(block.size, np.bool_)
            taken[chosen] = True
        else:
            taken = enabled
        expansion.fired.append(len(chosen))
        if len(chosen):
            expansion.taken[number] = _taken(block, ground, taken)
            expansion.candidates.append(targets)
            expansion.sightings += self.looks.at_steps(block, self.depth, number, taken, self.found)
            expansion.met.update(self.looks.premises_at_steps(block, number, taken, self.met))

    def _failed(self, block: Block, ground: GroundAction) -> Iterator[Branch]:
        """The branches, of those not known yet, that an action takes on the way into a model error."""
        for found in ground.branches:
            unknown = found.failed != self.program.dag.false and found.branch not in self.failed
            if unknown and block.truth(found.failed).any():
                yield found.branch

    def _assumed(self, rows: Rows, origin: Origin | None, expansion: Expansion) -> Rows:
        return rows[self._kept(rows, origin, expansion)] if self.assumptions else rows

    def _kept(self, rows: Rows, origin: Origin | None, expansion: Expansion) -> NDArray[np.bool_]:
        """Which of some states satisfy all assumptions; those in which one has no value do not."""
        block = self.program.block(rows)
        kept = np.ones(len(rows), np.bool_)
        for name, predicate in self.assumptions:
            holds, errs = block.truth(predicate.holds), block.truth(predicate.fails)
            if (kept & errs).any():
                expansion.sightings.append((ERROR, self._erring(block, int(np.argmax(kept & errs)), origin)))
            if (kept & ~holds & ~errs).any():
                expansion.excluding.add(name)
            kept &= holds & ~errs
        return kept

    def _erring(self, block: Block, row: int, origin: Origin | None) -> Found:
        """An error met while an assumption was evaluated, in a state that a step from `origin` leads to."""
        if origin is None:
            return Found(block.row(row), 0)
        before, chosen = origin
        return Found(before.row(int(chosen[row])), self.depth)


def _taken(block: Block, ground: GroundAction, chosen: NDArray[np.bool_]) -> list[int]:
    """In how many of the chosen states an action takes each of its branches."""
    return [int(np.count_nonzero(block.truth(b.taken) & chosen)) for b in ground.branches]
