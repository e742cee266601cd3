"""The set of visited states: exact, in parts that grow one by one.

Small sets are kept sorted, with NumPy alone. From `SWITCH` states on they live in hash tables, one for each
value of the top bits of the hash: a batch of candidates is first ordered by table, so that each table stays
in a processor's cache while it is worked on, and different threads own different tables.

References: the sorted form is that of U. Stern and D. Dill (Using magnetic disk instead of main memory in the
Murphi verifier, CAV 1998), in memory; the partitioned one follows P. Boncz, S. Manegold and M. Kersten
(Database architecture optimized for the new bottleneck: memory access, VLDB 1999).
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.uint64]

SWITCH = 60_000
"""From how many states on hash tables pay for the time that their kernels take to load."""

PARTS = 256
FIRST_CAPACITY = 512
FULL = 0.7
"""How full a table may be before it grows, by half."""


@dataclass
class Visited:
    """All states seen so far, as packed rows."""

    words: int
    executor: Executor
    threads: int
    switch: int = SWITCH
    first_capacity: int = FIRST_CAPACITY
    size: int = 0
    sorted: NDArray[Any] | None = None
    tables: list[_Table] | None = None

    def insert(self, batches: list[Rows]) -> Rows:
        """Insert candidates; give those that were not there before, each once. The order of the result
        depends on the candidates only, not on the number of threads."""
        batches = [batch for batch in batches if len(batch)]
        if not batches:
            return np.empty((0, self.words), np.uint64)
        if self.tables is None and self.size + sum(map(len, batches)) > self.switch:
            self._build_tables()
        fresh = self._insert_sorted(batches) if self.tables is None else self._insert_hashed(batches)
        self.size += len(fresh)
        return fresh

    @property
    def bytes(self) -> int:
        """The memory that the set takes."""
        if self.tables is not None:
            return sum(table.rows.nbytes for table in self.tables)
        return 0 if self.sorted is None else self.sorted.nbytes

    # --- sorted ------------------------------------------------------------------------------------------

    def _insert_sorted(self, batches: list[Rows]) -> Rows:
        candidates = np.unique(_keys(np.concatenate(batches)))
        if self.sorted is None:
            self.sorted = candidates
            return _rows(candidates, self.words)
        places = np.searchsorted(self.sorted, candidates)
        known = self.sorted[np.minimum(places, len(self.sorted) - 1)] == candidates
        fresh = candidates[~known]
        self.sorted = np.insert(self.sorted, places[~known], fresh)
        return _rows(fresh, self.words)

    # --- hashed ------------------------------------------------------------------------------------------

    def _build_tables(self) -> None:
        self.tables = [_Table(self.words, self.first_capacity) for _ in range(PARTS)]
        if self.sorted is not None:
            known = _rows(self.sorted, self.words)
            self.sorted = None
            self._insert_hashed([known])

    def _insert_hashed(self, batches: list[Rows]) -> Rows:
        """Order the candidates by table, a share for each thread, then let threads own tables."""
        if self.tables is None:
            raise RuntimeError("the tables are not built yet")
        tables = self.tables
        candidates = np.concatenate(batches) if len(batches) > 1 else batches[0]
        shares = np.array_split(candidates, self.threads)
        ordered = list(self.executor.map(_partitioned, shares))

        def fill(thread: int) -> list[Rows]:
            found: list[Rows] = []
            for part in range(thread * PARTS // self.threads, (thread + 1) * PARTS // self.threads):
                for rows, ends in ordered:
                    start = int(ends[part - 1]) if part else 0
                    found += tables[part].insert(rows[start : int(ends[part])])
            return found

        parts = self.executor.map(fill, range(self.threads))
        return np.concatenate([rows for found in parts for rows in found] or [candidates[:0]])


def _partitioned(rows: Rows) -> tuple[Rows, NDArray[np.int64]]:
    # Numba is loaded where it is first needed: most specs are small and never need it.
    from mmcheck.engines.explicit import kernels

    ordered, ends = np.empty_like(rows), np.empty(PARTS, np.int64)
    if rows.shape[1] == 1:
        kernels.partition_words(rows[:, 0], ordered[:, 0], ends)
    else:
        kernels.partition_rows(rows, ordered, ends)
    return ordered, ends


@dataclass
class _Table:
    """One hash table."""

    words: int
    capacity: int
    count: int = 0
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.rows = self._empty(self.capacity)

    def _empty(self, capacity: int) -> Rows:
        return np.full((capacity, self.words), np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64)

    def insert(self, rows: Rows) -> list[Rows]:
        from mmcheck.engines.explicit import kernels

        fresh: list[Rows] = []
        start = 0
        while start < len(rows):
            room = int(FULL * self.capacity) - self.count
            if room <= 0:
                self._grow()
                continue
            new = np.empty((min(room, len(rows) - start), self.words), np.uint64)
            if self.words == 1:
                start, found = kernels.insert_words(self.rows[:, 0], rows[:, 0], start, room, new[:, 0])
            else:
                start, found = kernels.insert_rows(self.rows, rows, start, room, new)
            self.count += found
            if found:
                fresh.append(new[:found])
        return fresh

    def _grow(self) -> None:
        from mmcheck.engines.explicit import kernels

        larger = self._empty(self.capacity + self.capacity // 2)
        if self.words == 1:
            kernels.rehash_words(self.rows[:, 0], larger[:, 0])
        else:
            kernels.rehash_rows(self.rows, larger)
        self.rows, self.capacity = larger, len(larger)


def _keys(rows: Rows) -> NDArray[Any]:
    """One sortable key for each row."""
    rows = np.ascontiguousarray(rows)
    if rows.shape[1] == 1:
        return rows[:, 0]
    return rows.view(np.dtype((np.void, rows.shape[1] * 8)))[:, 0]


def _rows(keys: NDArray[Any], words: int) -> Rows:
    return np.ascontiguousarray(keys).view(np.uint64).reshape(-1, words)
