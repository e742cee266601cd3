"""The set of visited states: exact, in parts that grow one by one.

Small sets are kept sorted, with NumPy alone. From `SWITCH` candidates on they live in hash tables, one for
each value of the top bits of the hash: a batch of candidates is first ordered by table, so that different
threads own different tables. Those that get too large go to disk, as sorted runs, and are begun anew.

References: the sorted form is that of U. Stern and D. Dill (Using magnetic disk instead of main memory in the
Murphi verifier, CAV 1998), in memory too; the partitioned one follows P. Boncz, S. Manegold and M. Kersten
(Database architecture optimized for the new bottleneck: memory access, VLDB 1999).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mmcheck.engines.explicit.compiled import Kernel
from mmcheck.engines.explicit.layout import ALL
from mmcheck.engines.explicit.levels import Rows, empty_rows, join
from mmcheck.engines.explicit.spill import Runs

SWITCH = 30_000
"""From how many candidates on hash tables and the kernels are used. They pay from a few thousand on, unless
the kernels are not compiled yet; the same number whether they are or not, so that results do not depend on
that."""

PARTS = 16
FIRST_CAPACITY = 8_192
EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
FULL = 0.8
"""How full a table may be before it grows."""
GROWTH = 1.2
"""By what a large table grows: the less, the less memory lies idle, and the more often states move."""
LARGE = 1 << 18
"""How many rows make a table large. Smaller ones double: idle memory does not matter there, and time does."""

TOUCHED = 128
"""How many slots the kernel reads ahead."""

_partition_words = Kernel("kernels", "partition_words", "u64*1 u64 u64*1 i64*1 i64*1")
_partition_rows = Kernel("kernels", "partition_rows", "u64*2 u64 u64*2 i64*1 i64*1")
_insert_words = Kernel("kernels", "insert_words", "u64*1 u64*1 u64 i64 i64 u64*1 u64*2", results=2)
_insert_rows = Kernel("kernels", "insert_rows", "u64*2 u64*2 u64 i64 i64 u64*2", results=2)
_rehash_words = Kernel("kernels", "rehash_words", "u64*1 u64*1")
_rehash_rows = Kernel("kernels", "rehash_rows", "u64*2 u64*2")


def bytes_per_state(words: int) -> int:
    """The most memory that a state of so many words takes once there are millions of them: once in its level,
    once in a table."""
    return round(8 * words * (1 + GROWTH / FULL))


def batch_size(least: int, size: int, room: int | None, words: int) -> int:
    """How many candidates to look up at once in a set of some size: the larger the set, the more, as what
    lies on disk is read for every batch. With a limit on memory they take no more than a sixth of it."""
    wanted = max(least, size // 32)
    return wanted if room is None else min(wanted, max(least, room // (6 * 3 * 8 * words)))


class Visited(Struct):
    """All states seen so far, as packed rows."""

    words: int
    executor: Executor
    threads: int
    mask: int = ALL
    """The bits of word 0 that tell states apart, all but its lowest; those stay with a row (not always, if it
    has several words), and are not stored."""
    switch: int = SWITCH
    first_capacity: int = FIRST_CAPACITY
    size: int = 0
    sorted: NDArray[Any] | None = None
    tables: list[_Table] | None = None
    runs: Runs | None = None
    tick: Callable[[], None] = lambda: None
    """Called now and then while candidates are inserted."""

    def insert(self, batches: list[Rows]) -> Rows:
        """Insert candidates; give those that were not there before, each once. The order of the result
        depends on the candidates only, not on the number of threads."""
        batches = [batch for batch in batches if len(batch)]
        if not batches:
            return np.empty((0, self.words), np.uint64)
        if self.tables is None and self.size + sum(map(len, batches)) > self.switch:
            self.build_tables()
        fresh = self._insert_sorted(batches) if self.tables is None else self._insert_hashed(batches)
        self.size += len(fresh)
        return fresh

    def needed(self, candidates: int) -> int:
        """The memory that inserting candidates takes in passing or for good, if all of them are new."""
        row = 8 * self.words
        if self.tables is None and self.size + candidates <= self.switch:
            return 4 * row * (self.size + candidates)
        # Ordered by table, as what is new from each table, and joined; on disk also sorted.
        passing = (3 if self.runs is None else 4) * row * candidates
        # A hash spreads candidates evenly, but for some: twice the mean is more than any table gets.
        each = 2 * candidates // PARTS + 100
        if self.tables is None:
            return passing + 2 * row * int((self.size + PARTS * each) * 2 / FULL)
        grown = [(table.capacity, table.capacity_for(table.count + each)) for table in self.tables]
        growth = sum(larger - capacity for capacity, larger in grown)
        return passing + row * (growth + self.threads * max(capacity for capacity, _ in grown))

    # --- on disk -----------------------------------------------------------------------------------------

    def unload(self, runs: Runs) -> None:
        """Move the tables, if there are any, to disk. Nothing is changed where that fails."""
        if self.tables is None or not any(table.count for table in self.tables):
            return
        runs.add(table.occupied() for table in self.tables)
        self.runs = runs
        self.tables = self._first_tables()

    @property
    def in_tables(self) -> int:
        """How many states are in tables."""
        return sum(table.count for table in self.tables or ())

    # --- sorted ------------------------------------------------------------------------------------------

    def _insert_sorted(self, batches: list[Rows]) -> Rows:
        fresh = self._distinct(np.concatenate(batches))
        keys = self._keys(fresh)
        if self.sorted is None:
            self.sorted = keys
            return fresh
        places = np.searchsorted(self.sorted, keys)
        new = self.sorted[np.minimum(places, len(self.sorted) - 1)] != keys
        self.sorted = np.insert(self.sorted, places[new], keys[new])
        return np.ascontiguousarray(fresh[new])

    def _distinct(self, rows: Rows) -> Rows:
        """Every state once, sorted by its key."""
        if self.words > 1:
            rows[:, 0] &= np.uint64(self.mask)
            return _rows(np.unique(self._keys(rows)), self.words)
        # What is beside the mask is below it: of the rows of one state the greatest comes last.
        rows = np.sort(rows, axis=0)
        keys = self._keys(rows)
        distinct: Rows = rows[np.append(keys[1:] != keys[:-1], True)]
        return distinct

    def _keys(self, rows: Rows) -> NDArray[Any]:
        """One sortable key for each row."""
        if self.words == 1:
            return np.asarray(rows[:, 0] & np.uint64(self.mask))
        return np.ascontiguousarray(rows).view(np.dtype((np.void, self.words * 8)))[:, 0]

    # --- hashed ------------------------------------------------------------------------------------------

    def _first_tables(self) -> list[_Table]:
        return [_Table(self.words, self.mask, self.first_capacity, part / PARTS) for part in range(PARTS)]

    def build_tables(self) -> None:
        """Go over to tables."""
        self.tables = self._first_tables()
        if self.sorted is not None:
            known = _rows(self.sorted, self.words)
            self.sorted = None
            self._insert_hashed([known])

    def _insert_hashed(self, batches: list[Rows]) -> Rows:
        """Order the candidates by table, a share for each thread, then let threads own tables."""
        if self.tables is None:
            raise RuntimeError("the tables are not built yet")
        tables = self.tables
        # Each thread orders a share of the batches. Where shares begin changes nothing, as all rows of a
        # table are inserted in the order of the batches.
        shares = _shares(batches, self.threads)
        ordered = list(self.executor.map(lambda share: _partitioned(share, self.mask), shares))

        def fill(part: int) -> list[Rows]:
            slices = [rows[int(ends[part]) : int(ends[part + 1])] for rows, ends in ordered]
            if self.runs is not None:
                slices = [self.runs.fresh(part, np.concatenate(slices))]
            found = [found for rows in slices for found in tables[part].insert(rows)]
            return [self._together(join(found, self.words))] if found else []

        fresh: list[Rows] = []
        for found in self.executor.map(fill, range(PARTS)):
            fresh += found
            self.tick()
        return join(fresh, self.words)

    def _together(self, rows: Rows) -> Rows:
        """The rows in an order in which those that are alike beside the mask are neighbours: what comes next
        does the same for all of them."""
        beside = ALL & ~self.mask
        if not 0 < beside < 1 << 16:
            return rows
        marks = (rows[:, 0] & np.uint64(beside)).astype(np.uint16)
        together = empty_rows(len(rows), self.words)
        return np.take(rows, np.argsort(marks, kind="stable"), axis=0, out=together)


def _shares(batches: list[Rows], count: int) -> list[list[Rows]]:
    """The batches in order, in shares of about the same size."""
    total = sum(map(len, batches))
    shares: list[list[Rows]] = [[] for _ in range(count)]
    before = 0
    for batch in batches:
        shares[before * count // total].append(batch)
        before += len(batch)
    return [share for share in shares if share]


def _partitioned(batches: list[Rows], mask: int) -> tuple[Rows, NDArray[np.int64]]:
    """The rows of batches ordered by table, and in which row those of each table end (after a first 0)."""
    rows = join(batches, batches[0].shape[1])
    ordered, ends = empty_rows(*rows.shape), np.zeros(PARTS + 1, np.int64)
    starts = np.zeros(PARTS + 1, np.int64)
    if rows.shape[1] == 1:
        _partition_words(rows[:, 0], np.uint64(mask), ordered[:, 0], ends[1:], starts)
    else:
        _partition_rows(rows, np.uint64(mask), ordered, ends[1:], starts)
    return ordered, ends


class _Table(Struct, dict=True):
    """One hash table."""

    words: int
    mask: int
    capacity: int
    phase: float
    """When it grows, from 0 to 1: a hash fills all tables alike, and they should not all grow together."""
    count: int = 0

    def __post_init__(self) -> None:
        self.rows = self._empty(self.capacity)

    def _empty(self, capacity: int) -> Rows:
        rows = empty_rows(capacity, self.words)
        rows.fill(EMPTY)
        return rows

    def capacity_for(self, count: int) -> int:
        """The capacity with so many rows."""
        capacity = self.capacity
        while int(FULL * capacity) <= count:
            if capacity >= LARGE:
                capacity = int(GROWTH * capacity) + 1
            else:
                capacity = 2 * capacity if 2 * capacity < LARGE else int(LARGE * GROWTH**self.phase)
        return capacity

    def occupied(self) -> Rows:
        """The rows, in no order."""
        rows: Rows = self.rows[self.rows[:, 0] != EMPTY]
        return rows

    def insert(self, rows: Rows) -> list[Rows]:
        fresh: list[Rows] = []
        scratch = np.empty((2, TOUCHED), np.uint64)
        start = 0
        while start < len(rows):
            room = int(FULL * self.capacity) - self.count
            if room <= 0:
                self._grow(self.capacity_for(self.count))
                continue
            new = empty_rows(min(room, len(rows) - start), self.words)
            mask = np.uint64(self.mask)
            if self.words == 1:
                words, into = rows[:, 0], self.rows[:, 0]
                start, found = _insert_words(into, words, mask, start, room, new[:, 0], scratch)
            else:
                start, found = _insert_rows(self.rows, rows, mask, start, room, new)
            self.count += found
            if found:
                fresh.append(new[:found])
        return fresh

    def _grow(self, capacity: int) -> None:
        larger = self._empty(capacity)
        if self.words == 1:
            _rehash_words(self.rows[:, 0], larger[:, 0])
        else:
            _rehash_rows(self.rows, larger)
        self.rows, self.capacity = larger, len(larger)


def _rows(keys: NDArray[Any], words: int) -> Rows:
    return np.ascontiguousarray(keys).view(np.uint64).reshape(-1, words)
