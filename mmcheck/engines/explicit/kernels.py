"""The hash-set kernels: the only compiled code, the same for every spec.

A table is an array of rows of words; a row of all ones is empty (no packed state is, see `layout`). Rows are
found by open addressing with linear probing. The functions release the interpreter's lock, so that threads
which own different tables run side by side.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)


@numba.njit(inline="always")
def _mix(word: np.uint64) -> np.uint64:
    """A bijection of 64-bit words whose every output bit depends on every input bit.

    References: D. Stafford, Better bit mixing (the finaliser called Mix13), 2011."""
    word ^= word >> np.uint64(30)
    word *= np.uint64(0xBF58476D1CE4E5B9)
    word ^= word >> np.uint64(27)
    word *= np.uint64(0x94D049BB133111EB)
    word ^= word >> np.uint64(31)
    return word


@numba.njit(inline="always")
def _hash(rows: NDArray[np.uint64], i: int) -> np.uint64:
    word = _mix(rows[i, 0])
    for w in range(1, rows.shape[1]):
        word = _mix(word ^ rows[i, w])
    return word


@numba.njit(cache=True, nogil=True)
def partition(rows: NDArray[np.uint64], sorted_rows: NDArray[np.uint64], ends: NDArray[np.int64]) -> None:
    """Copy rows into `sorted_rows` ordered by the top bits of their hashes; part p ends at `ends[p]`."""
    parts = ends.shape[0]
    shift = np.uint64(64)
    count = parts
    while count > 1:
        count >>= 1
        shift -= np.uint64(1)
    n, words = rows.shape
    place = np.empty(n, np.uint16)
    starts = np.zeros(parts + 1, np.int64)
    for i in range(n):
        part = np.uint16(_hash(rows, i) >> shift)
        place[i] = part
        starts[part + 1] += 1
    for p in range(parts):
        starts[p + 1] += starts[p]
        ends[p] = starts[p + 1]
    for i in range(n):
        at = starts[place[i]]
        starts[place[i]] = at + 1
        for w in range(words):
            sorted_rows[at, w] = rows[i, w]


@numba.njit(cache=True, nogil=True)
def insert(
    table: NDArray[np.uint64], rows: NDArray[np.uint64], start: int, room: int, fresh: NDArray[np.uint64]
) -> tuple[int, int]:
    """Insert rows from `start` on until all are in or `room` new ones are; new ones are copied to `fresh`.

    Returns the row to go on with, and how many were new."""
    capacity = np.uint64(table.shape[0])
    words = table.shape[1]
    found = 0
    for i in range(start, rows.shape[0]):
        if found == room:
            return i, found
        # The top bits chose the table; the low 32 choose the slot.
        low = _hash(rows, i) & np.uint64(0xFFFFFFFF)
        slot = (low * capacity) >> np.uint64(32)
        while True:
            if table[slot, 0] == EMPTY:
                for w in range(words):
                    table[slot, w] = rows[i, w]
                    fresh[found, w] = rows[i, w]
                found += 1
                break
            same = True
            for w in range(words):
                if table[slot, w] != rows[i, w]:
                    same = False
                    break
            if same:
                break
            slot += np.uint64(1)
            if slot == capacity:
                slot = np.uint64(0)
    return rows.shape[0], found


@numba.njit(cache=True, nogil=True)
def rehash(table: NDArray[np.uint64], larger: NDArray[np.uint64]) -> None:
    """Copy the rows of a table into a larger, empty one."""
    capacity = np.uint64(larger.shape[0])
    for i in range(table.shape[0]):
        if table[i, 0] != EMPTY:
            low = _hash(table, i) & np.uint64(0xFFFFFFFF)
            slot = (low * capacity) >> np.uint64(32)
            while larger[slot, 0] != EMPTY:
                slot += np.uint64(1)
                if slot == capacity:
                    slot = np.uint64(0)
            for w in range(table.shape[1]):
                larger[slot, w] = table[i, w]
