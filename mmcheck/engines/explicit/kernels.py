"""The hash-set kernels: the only compiled code of the search, the same for every spec.

A table is an array of rows of words; a row that begins with all ones is empty (no packed state is, see
`layout`). Rows are found by open addressing with linear probing. The top 4 bits of a hash choose a table, the
32 bits below them a slot in it. The functions get the memory that they work with, since what allocates cannot
be kept as machine code (see `compiled`). Those whose names end in `_words` are for states of one word, the
common case: they are twice as fast.

References: D. E. Knuth, The art of computer programming, vol. 3, 6.4 (multiplicative hashing); D. Lemire,
Fast random integer generation in an interval, TOMACS 2019 (a slot by multiplication, not by division).
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
PARTS = 16

Words = NDArray[np.uint64]
Rows = NDArray[np.uint64]


@numba.njit(inline="always")
def _hash_word(word: np.uint64) -> np.uint64:
    return word * np.uint64(0x9E3779B97F4A7C15)


@numba.njit(inline="always")
def _hash_row(rows: Rows, i: int, mask: np.uint64) -> np.uint64:
    mixed = np.uint64(0)
    for w in range(rows.shape[1]):
        mixed = (mixed ^ (rows[i, w] if w else rows[i, 0] & mask)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(29)
    return _hash_word(mixed)


@numba.njit(inline="always")
def _slot(hashed: np.uint64, capacity: np.uint64) -> np.uint64:
    return (((hashed >> np.uint64(28)) & np.uint64(0xFFFFFFFF)) * capacity) >> np.uint64(32)


# --- states of one word ----------------------------------------------------------------------------------


@numba.njit(cache=True, nogil=True)
def partition_words(
    words: Words, mask: np.uint64, ordered: Words, ends: NDArray[np.int64], starts: NDArray[np.int64]
) -> None:
    """Copy words into `ordered`, table by table; those of table p end at `ends[p]`. `starts` are `PARTS + 1`
    numbers, to work with, and 0."""
    for i in range(words.shape[0]):
        starts[(_hash_word(words[i] & mask) >> np.uint64(60)) + np.uint64(1)] += 1
    for p in range(PARTS):
        starts[p + 1] += starts[p]
        ends[p] = starts[p + 1]
    for i in range(words.shape[0]):
        part = _hash_word(words[i] & mask) >> np.uint64(60)
        at = starts[part]
        starts[part] = at + 1
        ordered[at] = words[i]


@numba.njit(cache=True, nogil=True)
def insert_words(
    table: Words, words: Words, mask: np.uint64, start: int, room: int, fresh: Words, scratch: Rows
) -> tuple[int, int]:
    """Insert words from `start` on until all are in or `room` new ones are; new ones are copied to `fresh`.

    The table only gets what is in the mask; two words that differ elsewhere are the same state. Returns the
    word to go on with, and how many were new. `scratch` are two rows to work with, as long as
    slots are read ahead."""
    capacity = np.uint64(table.shape[0])
    slots, there = scratch[0], scratch[1]
    found = 0
    first = start
    while first < words.shape[0]:
        # Reading many slots that do not depend on each other, the processor waits for all of them at once.
        size = min(slots.shape[0], words.shape[0] - first)
        for i in range(size):
            slots[i] = _slot(_hash_word(words[first + i] & mask), capacity)
            there[i] = table[slots[i]]
        for i in range(size):
            word = words[first + i] & mask
            if there[i] == word:
                continue
            if found == room:
                return first + i, found
            slot = slots[i]
            while table[slot] != word:
                if table[slot] == EMPTY:
                    table[slot] = word
                    fresh[found] = words[first + i]
                    found += 1
                    break
                slot += np.uint64(1)
                if slot == capacity:
                    slot = np.uint64(0)
        first += size
    return words.shape[0], found


@numba.njit(cache=True, nogil=True)
def rehash_words(table: Words, larger: Words) -> None:
    """Copy the words of a table into a larger, empty one."""
    capacity = np.uint64(larger.shape[0])
    for i in range(table.shape[0]):
        if table[i] != EMPTY:
            slot = _slot(_hash_word(table[i]), capacity)
            while larger[slot] != EMPTY:
                slot += np.uint64(1)
                if slot == capacity:
                    slot = np.uint64(0)
            larger[slot] = table[i]


@numba.njit(cache=True, nogil=True)
def leave_out_repeated_words(words: Words, recent: Words) -> int:
    """Move words to the front, in their order, but hardly one that was there a while before; gives how many.

    `recent` is a table of empty slots. What finds its slot taken takes it over."""
    capacity = np.uint64(recent.shape[0])
    found = 0
    for i in range(words.shape[0]):
        word = words[i]
        slot = _slot(_hash_word(word), capacity)
        if recent[slot] != word:
            recent[slot] = word
            words[found] = word
            found += 1
    return found


# --- wider states ----------------------------------------------------------------------------------------


@numba.njit(cache=True, nogil=True)
def partition_rows(
    rows: Rows, mask: np.uint64, ordered: Rows, ends: NDArray[np.int64], starts: NDArray[np.int64]
) -> None:
    """As `partition_words`, for rows of several words."""
    for i in range(rows.shape[0]):
        starts[(_hash_row(rows, i, mask) >> np.uint64(60)) + np.uint64(1)] += 1
    for p in range(PARTS):
        starts[p + 1] += starts[p]
        ends[p] = starts[p + 1]
    for i in range(rows.shape[0]):
        part = _hash_row(rows, i, mask) >> np.uint64(60)
        at = starts[part]
        starts[part] = at + 1
        for w in range(rows.shape[1]):
            ordered[at, w] = rows[i, w]


@numba.njit(cache=True, nogil=True)
def insert_rows(
    table: Rows, rows: Rows, mask: np.uint64, start: int, room: int, fresh: Rows
) -> tuple[int, int]:
    """As `insert_words`, for rows of several words; the mask is for word 0."""
    capacity = np.uint64(table.shape[0])
    found = 0
    for i in range(start, rows.shape[0]):
        if found == room:
            return i, found
        slot = _slot(_hash_row(rows, i, mask), capacity)
        while True:
            if table[slot, 0] == EMPTY:
                for w in range(rows.shape[1]):
                    table[slot, w] = rows[i, w]
                    fresh[found, w] = rows[i, w]
                table[slot, 0] &= mask
                found += 1
                break
            same = True
            for w in range(rows.shape[1]):
                if table[slot, w] != (rows[i, w] if w else rows[i, 0] & mask):
                    same = False
                    break
            if same:
                break
            slot += np.uint64(1)
            if slot == capacity:
                slot = np.uint64(0)
    return rows.shape[0], found


@numba.njit(cache=True, nogil=True)
def rehash_rows(table: Rows, larger: Rows) -> None:
    """As `rehash_words`, for rows of several words."""
    capacity = np.uint64(larger.shape[0])
    for i in range(table.shape[0]):
        if table[i, 0] != EMPTY:
            slot = _slot(_hash_row(table, i, EMPTY), capacity)
            while larger[slot, 0] != EMPTY:
                slot += np.uint64(1)
                if slot == capacity:
                    slot = np.uint64(0)
            for w in range(table.shape[1]):
                larger[slot, w] = table[i, w]


@numba.njit(cache=True, nogil=True)
def leave_out_repeated_rows(rows: Rows, recent: Rows) -> int:
    """As `leave_out_repeated_words`, for rows of several words."""
    capacity = np.uint64(recent.shape[0])
    found = 0
    for i in range(rows.shape[0]):
        slot = _slot(_hash_row(rows, i, EMPTY), capacity)
        same = True
        for w in range(rows.shape[1]):
            same &= recent[slot, w] == rows[i, w]
        if not same:
            for w in range(rows.shape[1]):
                recent[slot, w] = rows[found, w] = rows[i, w]
            found += 1
    return found
