"""Expansion of a block of states by a bit-sliced circuit: successors and counts, without looking at anything.

What properties look for is part of the circuit, as counts of the states where it is to be seen. Nearly always
these are 0, or of something known; otherwise the search looks at the block once more, node by node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeAlias

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from mmcheck.core.coverage import Branch
from mmcheck.core.dag import Dag
from mmcheck.engines.explicit.alike import superfluous
from mmcheck.engines.explicit.canonical import Canonical
from mmcheck.engines.explicit.circuit import FALSE, TRUE, Circuit, Kind
from mmcheck.engines.explicit.compiled import Kernel
from mmcheck.engines.explicit.layout import ALL
from mmcheck.engines.explicit.levels import Rows, empty_rows
from mmcheck.engines.explicit.looking import DEADLOCK, ERROR, Key, Looks
from mmcheck.engines.explicit.program import Program

MOST_WORDS = 1 << 20
"""The most words that the planes of a thread take. With very large circuits blocks are cut into parts."""

_evaluate = Kernel("bitslice", "evaluate", "u64*2 i32*2 i32*2 i32*1 u64*2 i64*1 u64*1")
_emit = Kernel(
    "bitslice",
    "emit",
    "u64*2 u64*2 i32*1 i32*1 u64 bool*2 u64*2 i32*1 i32*1 i32*2 i32*1 u64*2 i64*1",
    results=1,
)

Watch: TypeAlias = Key | Branch
"""Something that may be seen: what is looked for, a premise (of a property that may have the same key), or a
branch on the way into a model error."""


class Watched(Struct, frozen=True):
    """One thing that may be seen, and whether it is a premise."""

    what: Watch
    premise: bool = False


class Steps(Struct, frozen=True):
    """What a block gave: the targets of the steps that are needed; in how many of its states each action is
    enabled, and takes each of its branches (for those actions that have some and are enabled); what is to
    be seen in it."""

    targets: Rows
    fired: list[int]
    taken: dict[int, list[int]]
    watched: frozenset[Watched]


class _Scratch(Struct):
    """The memory that one block is expanded in."""

    planes: NDArray[np.uint64]
    targets: Rows
    words: NDArray[np.uint64]
    common: NDArray[np.int64]


class Expander(Struct, dict=True):
    """The circuit of a program and of what is looked for, as tables for the kernels."""

    program: Program
    looks: Looks
    known: NDArray[np.bool_] | None
    """Which steps are needed, by action and tag, if that is known."""
    block: int
    """How many states are given at once, at most."""
    scratch: SimpleQueue[_Scratch] = field(default_factory=SimpleQueue)

    def __post_init__(self) -> None:
        program, actions = self.program, self.program.actions
        self.circuit = Circuit(program.dag, program.layout.slots)
        watches = list(self._watches())
        self.watched = [watched for watched, _ in watches]
        self.guards = self._literals(action.ground.guard for action in actions)
        self.branches = [
            (number, self._literals(program.dag.conj(a.ground.guard, b.taken) for b in a.ground.branches))
            for number, a in enumerate(actions)
            if a.ground.branches
        ]
        literals = [self.guards, self._literals(n for _, n in watches), *(some for _, some in self.branches)]
        self.roots = np.concatenate(literals)
        self.taken = self.guards if program.canonical is None else self._without_the_alike(program.canonical)
        # The last action makes most others superfluous: it comes first, so that it is the one that finds.
        self.order = np.arange(len(actions), dtype=np.int32)[::-1].copy()
        self.tag_mask = np.uint64(ALL & ~program.layout.state_mask)
        self.needed = (
            np.ones((len(actions), 1 + int(self.tag_mask)), np.bool_) if self.known is None else self.known
        )
        self._write_tables()
        self._circuit_tables()
        groups = min(-(-self.block // 64), MOST_WORDS // (len(self.circuit.registers) + 1))
        self.most = 64 * max(groups, 1)

    # --- expansion ---------------------------------------------------------------------------------------

    def expand(self, rows: Rows) -> Steps:
        """Take every step from the states of a block. Threads may do so at the same time."""
        counts = np.zeros(len(self.roots), np.int64)
        starts = range(0, len(rows), self.most)
        parts = [self._expand(rows[start : start + self.most], counts) for start in starts]
        actions, watches = len(self.guards), len(self.watched)
        seen = np.flatnonzero(counts[actions : actions + watches])
        return Steps(
            parts[0] if len(parts) == 1 else np.concatenate(parts),
            counts[:actions].tolist(),
            self._taken(counts),
            frozenset(self.watched[i] for i in seen.tolist()),
        )

    def _expand(self, rows: Rows, counts: NDArray[np.int64]) -> Rows:
        """The targets of the steps that are needed; what is counted is added to `counts`."""
        scratch, here = self._scratch(), np.empty(len(self.roots), np.int64)
        _evaluate(rows, self.inputs, self.gates, self.roots, scratch.planes, here, scratch.words)
        counts += here
        enabled = int(here[: len(self.guards)].sum())
        if len(scratch.targets) < enabled:
            scratch.targets = np.empty((enabled * 5 // 4, self.program.layout.words), np.uint64)
        found: int = _emit(
            rows,
            scratch.planes,
            self.taken,
            self.order,
            self.tag_mask,
            self.needed,
            self.writes,
            self.write_words,
            self.write_ends,
            self.bits,
            self.bit_ends,
            scratch.targets,
            scratch.common,
        )
        targets = empty_rows(found, self.program.layout.words)
        targets[:] = scratch.targets[:found]
        self.scratch.put(scratch)
        return targets

    def _taken(self, counts: NDArray[np.int64]) -> dict[int, list[int]]:
        at = len(self.guards) + len(self.watched)
        taken: dict[int, list[int]] = {}
        for action, literals in self.branches:
            if counts[action]:
                taken[action] = counts[at : at + len(literals)].tolist()
            at += len(literals)
        return taken

    def _scratch(self) -> _Scratch:
        # Asking first whether there is any would be too late, with other threads asking as well.
        with suppress(Empty):
            return self.scratch.get_nowait()
        groups = self.most // 64
        return _Scratch(
            np.empty((len(self.circuit.registers) + 1, groups), np.uint64),
            np.empty((0, self.program.layout.words), np.uint64),
            np.empty(64, np.uint64),
            np.empty(groups, np.int64),
        )

    # --- what may be seen --------------------------------------------------------------------------------

    def _watches(self) -> Iterator[tuple[Watched, int]]:
        """What may be seen, and where."""
        dag, actions = self.program.dag, [action.ground for action in self.program.actions]
        for look in self.looks.states:
            yield Watched(look.key), look.wanted
            yield Watched(ERROR), look.errs
        for action, looks in zip(actions, self.looks.steps, strict=True):
            for look in looks:
                yield Watched(look.key), dag.conj(action.guard, look.wanted)
                yield Watched(ERROR), dag.conj(action.guard, look.errs)
            yield Watched(ERROR), action.fails
            for branch in action.branches:
                yield Watched(branch.branch), branch.failed
        yield from self._premises(dag)
        yield Watched(DEADLOCK), dag.conj(*(dag.invert(dag.disj(a.guard, a.fails)) for a in actions))

    def _premises(self, dag: Dag) -> Iterator[tuple[Watched, int]]:
        for premise in self.looks.premises:
            for node in premise.states:
                yield Watched(premise.key, premise=True), node
            for action, steps in zip(self.program.actions, premise.steps, strict=False):
                for node in steps:
                    yield (
                        Watched(premise.key, premise=True),
                        dag.conj(action.ground.guard, action.changes, node),
                    )

    # --- tables ------------------------------------------------------------------------------------------

    def _without_the_alike(self, canonical: Canonical) -> NDArray[np.int32]:
        """Where each action is enabled, and no other leads to the same orbit in its place."""
        dag, actions = self.program.dag, [action.ground for action in self.program.actions]
        alike = superfluous(dag, self.program.instance, canonical.sorts, actions)
        return self._literals(
            dag.conj(action.guard, dag.invert(other)) for action, other in zip(actions, alike, strict=True)
        )

    def _literals(self, nodes: Iterable[int]) -> NDArray[np.int32]:
        return np.array([self.circuit.truth(node) for node in nodes], np.int32)

    def _write_tables(self) -> None:
        """What each action does to the words of a state, tag included."""
        writes: list[tuple[int, int]] = []
        words: list[int] = []
        bits: list[tuple[int, int, int]] = []
        write_ends, bit_ends = [0], [0]
        for number in range(len(self.program.actions)):
            for word, (clear, constant, computed) in sorted(self._writes(number).items()):
                writes.append((ALL & ~clear, constant))
                words.append(word)
                bits += [(word, place, literal) for place, literal in computed]
            write_ends.append(len(writes))
            bit_ends.append(len(bits))
        self.writes = np.array(writes, np.uint64).reshape(-1, 2)
        self.write_words = np.array(words, np.int32)
        self.write_ends = np.array(write_ends, np.int32)
        self.bits = np.array(bits, np.int32).reshape(-1, 3)
        self.bit_ends = np.array(bit_ends, np.int32)

    def _writes(self, number: int) -> dict[int, tuple[int, int, list[tuple[int, int]]]]:
        """For each word that an action changes: bits to clear, bits to set, places with the literals to put
        in."""
        written: dict[int, tuple[int, int, list[tuple[int, int]]]] = {}
        if self.tag_mask:
            written[0] = int(self.tag_mask), number + 1, []
        for update in self.program.actions[number].updates:
            clear, constant, computed = written.get(update.word, (0, 0, []))
            constant |= update.set
            for slot, node in update.computed:
                for i, literal in enumerate(self.circuit.code(node, slot)):
                    constant |= (literal == TRUE) << slot.shift + i
                    computed += [(slot.shift + i, literal)] if literal not in (FALSE, TRUE) else []
            written[update.word] = clear | update.clear, constant, computed
        return written

    def _circuit_tables(self) -> None:
        registers = list(enumerate(self.circuit.registers, start=1))
        inputs = [(r, word, bit) for r, (kind, word, bit) in registers if kind is Kind.INPUT]
        gates = [(r, kind is Kind.XOR, a, b) for r, (kind, a, b) in registers if kind is not Kind.INPUT]
        self.inputs = np.array(sorted(inputs, key=lambda i: i[1]), np.int32).reshape(-1, 3)
        self.gates = np.array(gates, np.int32).reshape(-1, 4)
