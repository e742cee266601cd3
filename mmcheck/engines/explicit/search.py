"""Breadth-first search over packed states, a block of states at a time.

A level is expanded in blocks; the candidates of several blocks go to the visited set together, which gives
the next level. Blocks are expanded by several threads (NumPy and the kernels release the interpreter's lock),
and joined in their order, so that results and counts do not depend on the number of threads. No parent
pointers are kept: `traces` finds a way back by expanding the levels before.
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from operator import add
from pathlib import Path
from typing import TypeAlias

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from mmcheck.core.coverage import Branch, Taken
from mmcheck.core.ground import GroundAction, Grounder, nowhere
from mmcheck.core.instance import Instance, State
from mmcheck.core.semantics import initial_states
from mmcheck.core.system import DeadlockFree, Liveness, NoModelError, Property, Scenario
from mmcheck.core.trace import Failure
from mmcheck.engines.engine import Limits, Observe, Progress
from mmcheck.engines.explicit.checkpoint import INTERVAL, Checkpoint, Position, fingerprint
from mmcheck.engines.explicit.expander import Expander, Watched
from mmcheck.engines.explicit.independence import needed_steps
from mmcheck.engines.explicit.levels import Level, unload
from mmcheck.engines.explicit.looking import DEADLOCK, ERROR, Found, Key, Looks, Sighting
from mmcheck.engines.explicit.program import Program, Rows
from mmcheck.engines.explicit.spill import Runs
from mmcheck.engines.explicit.vectorize import Block
from mmcheck.engines.explicit.visited import FIRST_CAPACITY, SWITCH, Visited, batch_size, bytes_per_state
from mmcheck.engines.limits import Watch, resident_memory
from mmcheck.engines.scratch import Scratch

NAME = "explicit"
PRUNE = 2_000
"""From how many states on it pays to find out which steps are not needed."""


TICK = 0.05
"""Seconds between two words about where a long insertion is."""
PIECES = 2
"""Into how many blocks a level is cut, unless they are larger than a block may be, ..."""
LEAST_BLOCK = 1_024
"""... or smaller than this."""


class Tuning(Struct, frozen=True):
    """Sizes that change speed and memory, never a result: tests make them tiny."""

    block: int = 16_384
    """States evaluated at once."""
    batch: int = 1_000_000
    """Candidates inserted at once, at least."""
    threads: int = 2
    prune: int = PRUNE
    switch: int = SWITCH
    first_capacity: int = FIRST_CAPACITY
    symmetry: bool = True
    spill: Path | None = None
    """Where to go on when the memory limit is reached."""
    spill_after: int | None = None
    """How many states in tables are as good as the memory limit."""
    checkpoint: Path | None = None
    checkpoint_interval: float = INTERVAL
    stop_at: frozenset[str] = frozenset()
    """The properties whose first violation ends the search."""


Origin: TypeAlias = tuple[Block, NDArray[np.intp]]
"""Where candidates come from: a block, and the states chosen in it."""


class Expansion(Struct):
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


class Search(Struct, dict=True):
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
    levels: list[Level] = field(default_factory=list)
    seconds_before: float = 0.0
    """What earlier runs took, from whose checkpoint this one went on."""
    grounder: Grounder | None = None
    """What grounds the instance, or has done so before. It looks around until the search can begin."""

    def __post_init__(self) -> None:
        self.watch = Watch(self.limits)
        self.told = 0.0
        self.next: Level | None = None
        self.expander: Expander | None = None
        self.needed: NDArray[np.bool_] | None = None
        self.frontier = 0
        self.largest = 0
        self.out_of_memory = False
        self.scratch: Scratch | None = None
        self.runs: Runs | None = None
        self.unloaded = 0
        self.checkpoint: Checkpoint | None = None
        self.searching = any(not isinstance(p, Scenario) for p in self.properties)
        self.executor = ThreadPoolExecutor(self.tuning.threads)
        self.program = Program(self.grounder or Grounder(self.instance), self.tuning.symmetry)
        self.looks = Looks(self.program, self.properties)
        self.program.grounder.look = nowhere
        self.visited = Visited(
            self.program.layout.words,
            self.executor,
            self.tuning.threads,
            self.program.layout.state_mask,
            self.tuning.switch,
            self.tuning.first_capacity,
            tick=self._tick,
        )
        self.assumptions = [(a.name, self.program.assumption(a)) for a in self.instance.system.assumptions]
        self.fired = [0] * len(self.program.actions)
        self.taken = [[0] * len(action.ground.branches) for action in self.program.actions]
        self.failed: set[Branch] = set()
        self.open = set(self.looks.keys)
        self.open |= {ERROR} if any(isinstance(p, NoModelError) for p in self.properties) else set()
        # What happens in the end is known only once every state was visited.
        self.open |= {(p.name, 0) for p in self.properties if isinstance(p, Liveness)}
        self.open |= {DEADLOCK} if any(isinstance(p, DeadlockFree) for p in self.properties) else set()

    def run(self) -> None:
        """Visit every reachable state, or stop for a limit, or when everything is decided."""
        if not self.searching:
            return
        try:
            self._look_at_the_clock(True)
            self._search()
        except LateError as error:
            self.stopped = str(error)
        except (OSError, MemoryError) as error:
            self.stopped = self._shortage(error)
        finally:
            self._look_at_the_clock(False)
            self.executor.shutdown(wait=True, cancel_futures=True)

    def _look_at_the_clock(self, during: bool) -> None:
        """Whether canonical forms, which may take long for a block, are to be broken off when time is up."""
        if self.program.canonical is not None:
            self.program.canonical.look = self._look if during else nowhere

    def _look(self) -> None:
        if (reason := self.watch.late()) is not None:
            raise LateError(reason)

    def _search(self) -> None:
        if self.tuning.checkpoint is not None:
            self.checkpoint = self._checkpoint(self.tuning.checkpoint)
        frontier = self._resume() or self._begin()
        while len(frontier) and not self._is_over():
            self.levels.append(frontier)
            if self.checkpoint is not None:
                self.checkpoint.reach(self._position(), self.levels)
            last = self.limits.max_depth is not None and self.depth >= self.limits.max_depth
            frontier = self._expand(frontier, last)
            if last:
                self.stopped = self.stopped or f"none up to depth {self.depth}, the limit"
            self.depth += bool(len(frontier))

    def _is_over(self) -> bool:
        if any(name in self.tuning.stop_at for name, _ in self.found):
            self.stopped = self.stopped or "the search ended at the first violation, as was asked for"
        self.decided_early = not self.open
        return self.decided_early or self.stopped is not None

    def _begin(self) -> Level:
        states: list[State] = []
        for state in initial_states(self.instance):
            if isinstance(state, Failure):
                self.initial_failure = self.initial_failure or state
                continue
            states.append(state)
            if len(states) % 4096 == 0:
                self.stopped = self.watch.exceeded(len(states))
                self._tell(len(states))
            if self.stopped is not None:
                break
        expansion = Expansion()
        rows = self._assumed(self.program.layout.pack(states), None, expansion)
        self._keep(expansion)
        return Level(self.words, [self.visited.insert([self.program.canonical_rows(rows)])])

    @property
    def words(self) -> int:
        return self.program.layout.words

    @property
    def seconds(self) -> float:
        """What the search took, with what it took before it was resumed."""
        return self.seconds_before + self.watch.seconds

    @property
    def bytes_per_state(self) -> int:
        """The most memory that a state takes."""
        return bytes_per_state(self.words)

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

    def _expand(self, frontier: Level, last: bool) -> Level:
        """The next level; nothing behind the `last` one, which is only looked at."""
        self.next = level = Level(self.words)
        if self.needed is None and self.program.layout.tag_bits and self.visited.size >= self.tuning.prune:
            self.needed = needed_steps(self.program.dag, [action.ground for action in self.program.actions])
            self.expander = None  # One that was made before knows of no steps that are not needed.
        if self.expander is None and self.visited.tables is not None and not self.assumptions:
            self.expander = Expander(self.program, self.looks, self.needed, self.tuning.block)
        pending: list[Rows] = []
        done = 0
        for group in self._groups(frontier):
            before = sum(map(len, pending))
            for expansion in self.executor.map(lambda rows: self._expand_block(rows, last), group):
                self._keep(expansion)
                pending += expansion.candidates
                if sum(map(len, pending)) >= self._batch_size():
                    self._insert(pending, level)
                    pending, before = [], 0
                # Asked for every block: the number of blocks in a group depends on the number of threads.
                self.stopped = self.stopped or self.watch.too_many(self.visited.size)
                if self.stopped is not None:
                    break
            done += sum(map(len, group))
            # The next group may need as much as the largest so far, in candidates and in columns.
            self.largest = max(self.largest, 8 * self.words * (sum(map(len, pending)) - before))
            self._make_room(2 * self.largest)
            self._report(len(frontier) - done + len(level))
            if self.stopped is not None:
                break
        else:
            if done != len(frontier):
                raise RuntimeError(f"{done:,} of {len(frontier):,} states of a level were expanded")
        self._insert(pending, level)
        return level

    def _batch_size(self) -> int:
        return batch_size(self.tuning.batch, self.visited.size, self.limits.max_memory, self.words)

    def _insert(self, pending: list[Rows], level: Level) -> None:
        """Add what is new of some candidates to a level, unless there is no memory for that."""
        if self._make_room(self.visited.needed(sum(map(len, pending)))):
            level.append(self.visited.insert(pending))

    def _groups(self, frontier: Level) -> Iterator[list[Rows]]:
        """The blocks of a level, as many at a time as there are threads. Several threads have something to do
        in a small level as well; where it is cut does not depend on how many there are."""
        size = max(-(-len(frontier) // PIECES), LEAST_BLOCK)
        blocks = frontier.blocks(min(size, self.tuning.block))
        while group := list(islice(blocks, self.tuning.threads)):
            yield group

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
        self.stopped = self.stopped or self.watch.exceeded(self.visited.size)
        self.frontier = frontier
        self._tell(frontier)

    def _tick(self) -> None:
        """Tell where the search is, if it did not just do so."""
        if self.watch.seconds - self.told >= TICK:
            self._tell(self.frontier)

    def _tell(self, frontier: int) -> None:
        self.told = self.watch.seconds
        self.observe(
            Progress(
                NAME,
                "search",
                self.visited.size,
                self.transitions,
                self.depth,
                frontier,
                self.seconds,
                resident_memory(),
                self.bytes_per_state,
                decided=frozenset({name for name, _ in self.found} - {name for name, _ in self.open}),
            )
        )

    # --- memory and disk ---------------------------------------------------------------------------------

    def _make_room(self, bytes: int) -> bool:
        """Whether so much more memory can be taken, perhaps after what there is was moved to disk; the search
        is stopped where it cannot."""
        if self.out_of_memory:
            return False
        after = self.tuning.spill_after
        reason = self.watch.exceeded_by(bytes)
        if reason is None and (after is None or self.visited.in_tables < after):
            return True
        if self.tuning.spill is not None:
            self._unload(self.tuning.spill)
            reason = self.watch.exceeded_by(bytes)
        self.out_of_memory = reason is not None
        self.stopped = self.stopped or reason
        return reason is None

    def _unload(self, folder: Path) -> None:
        """Move the visited set and the levels to disk."""
        if self.scratch is None:
            self.scratch = Scratch(folder)
            self.runs = Runs(self.scratch.folder, self.words, self.program.layout.state_mask)
        if self.runs is not None:
            self.visited.unload(self.runs)
        self.unloaded += 1
        levels = self.levels if self.next is None else [*self.levels, self.next]
        unload(levels, self.scratch.folder / f"levels-{self.unloaded:05}.npy")

    def _shortage(self, error: OSError | MemoryError) -> str:
        """What there is too little of. An error that has nothing to do with that is raised again."""
        if isinstance(error, MemoryError) or error.errno == errno.ENOMEM:
            return "the machine has no more memory"
        if self.tuning.spill is None and self.tuning.checkpoint is None:
            raise error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return "the disk is full"
        return f"the disk cannot be used: {error.strerror or error}"

    def save(self) -> None:
        """Write a checkpoint of where the search stood last, if it was stopped; remove it if it was not."""
        if self.checkpoint is None:
            return
        try:
            if self.stopped is None:
                self.checkpoint.remove()
            else:
                self.checkpoint.write()
        except OSError as error:
            self.stopped = self.stopped or self._shortage(error)

    def close(self) -> None:
        """Remove what the search has on disk, but for its checkpoint."""
        if self.runs is not None:
            self.runs.close()
        if self.scratch is not None:
            self.scratch.close()
        if self.checkpoint is not None:
            self.checkpoint.close()

    # --- checkpoints -------------------------------------------------------------------------------------

    def _checkpoint(self, folder: Path) -> Checkpoint:
        tuning = self.tuning
        names = sorted(p.name for p in self.properties)
        sizes = (tuning.symmetry, tuning.block, tuning.batch, tuning.prune, tuning.switch)
        layout = self.program.layout
        digest = fingerprint(self.instance, names, layout.slots, layout.tag_bits, *sizes)
        return Checkpoint(folder, digest, self.words, tuning.checkpoint_interval)

    def _position(self) -> Position:
        branches = [[b.branch for b in action.ground.branches] for action in self.program.actions]
        return Position(
            [len(level) for level in self.levels],
            self.visited.tables is not None,
            self.initial_failure is not None,
            self.transitions,
            self.seconds,
            list(self.fired),
            [list(counts) for counts in self.taken],
            [[a, b] for a, some in enumerate(branches) for b, one in enumerate(some) if one in self.failed],
            [(*key, list(found.words), found.level) for key, found in self.found.items()],
            sorted(self.met),
            sorted(self.excluding),
        )

    def _resume(self) -> Level | None:
        """Go back to where an earlier run stood; gives the level that it was to expand."""
        loaded = self.checkpoint.load() if self.checkpoint is not None else None
        if loaded is None:
            return None
        position, rows = loaded
        self.transitions, self.seconds_before = position.transitions, position.seconds
        self.fired, self.taken = list(position.fired), [list(counts) for counts in position.taken]
        actions = self.program.actions
        self.failed = {actions[a].ground.branches[b].branch for a, b in position.failed}
        self.met = {(name, number) for name, number in position.met}
        self.excluding = set(position.excluding)
        for name, number, words, level in position.found:
            self.found[name, number] = Found(tuple(words), level)
            self.open -= self.same_orbit((name, number))
        if position.failed_at_first:
            failures = (state for state in initial_states(self.instance) if isinstance(state, Failure))
            self.initial_failure = next(failures, None)
        if position.hashed:
            self.visited.build_tables()
        for states in rows:
            self._revisit(states)
        *self.levels, frontier = [Level(self.words, [states], 1) for states in rows]
        self.depth = len(self.levels)
        return frontier

    def _revisit(self, states: Rows) -> None:
        """Put the states of a level into the visited set again."""
        for start in range(0, len(states), self.tuning.batch):
            batch = states[start : start + self.tuning.batch]
            if self._make_room(self.visited.needed(len(batch))):
                self.visited.insert([batch])
                self._report(len(states))

    # --- a block -----------------------------------------------------------------------------------------

    def _expand_block(self, rows: Rows, last: bool) -> Expansion:
        """Look at the states of a block and take every step from them. Changes nothing but its result."""
        if self.expander is None or last:
            return self._expand_slowly(rows, last)
        steps = self.expander.expand(rows)
        if any(map(self._is_news, steps.watched)):
            expansion = self._expand_slowly(rows, last)
        else:
            expansion = Expansion(fired=steps.fired, taken=steps.taken)
        expansion.candidates = [self.program.candidates(steps.targets)]
        return expansion

    def _is_news(self, watched: Watched) -> bool:
        """Whether something that may be seen in a block is still looked for."""
        match watched:
            case Watched(Branch(), _):
                return watched.what not in self.failed
            case Watched(_, premise=True):
                return watched.what not in self.met
            case _:
                return watched.what not in self.found and (watched.what != DEADLOCK or DEADLOCK in self.open)

    def _expand_slowly(self, rows: Rows, last: bool) -> Expansion:
        """As `_expand_block`, node by node."""
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
            expansion.candidates = [self.program.candidates(np.concatenate(expansion.candidates))]
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
        taken = self._targets(block, number, enabled, expansion)
        expansion.fired.append(int(np.count_nonzero(taken)))
        if expansion.fired[-1]:
            expansion.taken[number] = _taken(block, ground, taken)
            expansion.sightings += self.looks.at_steps(block, self.depth, number, taken, self.found)
            expansion.met.update(self.looks.premises_at_steps(block, number, taken, self.met))

    def _targets(
        self, block: Block, number: int, enabled: NDArray[np.bool_], expansion: Expansion
    ) -> NDArray[np.bool_]:
        """Take one action where it is enabled and needed; gives where it leads to a state that is assumed."""
        needed = enabled if self.needed is None else enabled & self.needed[number][_tags(block)]
        chosen = np.flatnonzero(needed)
        targets = self.program.actions[number].targets(block, chosen)
        if self.assumptions:
            kept = self._kept(targets, (block, chosen), expansion)
            targets, enabled = targets[kept], np.zeros(block.size, np.bool_)
            enabled[chosen[kept]] = True
        if self.program.layout.tag_bits:
            targets[:, 0] |= np.uint64(number + 1)
        if len(targets):
            expansion.candidates.append(targets)
        return enabled

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


class LateError(Exception):
    """The time is up in the middle of a block, which counts for nothing then."""


def _taken(block: Block, ground: GroundAction, chosen: NDArray[np.bool_]) -> list[int]:
    """In how many of the chosen states an action takes each of its branches."""
    return [int(np.count_nonzero(block.truth(b.taken) & chosen)) for b in ground.branches]


def _tags(block: Block) -> NDArray[np.intp]:
    if block.tags is None:
        raise RuntimeError("which steps are needed is known, but not how the states were found")
    return block.tags
