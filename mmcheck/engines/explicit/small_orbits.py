"""The canonical form with NumPy alone: the same as in `orbits`, for searches too small for a compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mmcheck.engines.explicit.canonical import Tables

Ints = NDArray[np.int64]
Rows = NDArray[np.uint64]


def canonicalise(rows: Rows, t: Tables) -> Rows:
    """The canonical form of each row; see `canonical` for what the tables mean."""
    words, records = int(t.layout[0]), int(t.layout[1])
    shifts, masks = t.slots[:, 1].astype(np.uint64), t.slots[:, 2].astype(np.uint64)
    codes = ((rows[:, t.slots[:, 0]] >> shifts) & masks).astype(np.int64)
    keys = _keys(codes, t)
    best: Ints | None = None
    for p in range(len(t.sources)):
        order = t.orders[p].reshape(-1, 2)
        sorted_pairs = keys[:, order[:, 0]] <= keys[:, order[:, 1]]
        allowed: NDArray[np.bool_] = np.all(sorted_pairs, axis=1)
        vector = _vector(codes, t, p, words + records)
        vector[:, words:].sort(axis=1)
        if best is None:
            # A row that no permutation so far may stand for is larger than any vector.
            best = np.where(allowed[:, None], vector, np.iinfo(np.int64).max)
            continue
        less = allowed & _less(vector, best)
        best[less] = vector[less]
    if best is None:
        raise ValueError("there is always the identity")
    result = np.zeros_like(rows)
    for (word, shift), cell in zip(t.packed, t.targets, strict=True):
        code = (best[:, word] >> shift) & t.slots[cell, 2]
        result[:, t.slots[cell, 0]] |= code.astype(np.uint64) << np.uint64(t.slots[cell, 1])
    return result


def _keys(codes: Ints, t: Tables) -> Rows:
    """The key of each element of the enumerated sorts: a sum over the cells that speak of it."""
    from mmcheck.engines.explicit.canonical import SET

    keys = np.zeros((len(codes), int(t.layout[4])), np.uint64)
    for cell, key, seed, mark in t.keys.tolist():
        code = codes[:, cell]
        counts = np.ones(len(codes), np.bool_)
        if mark >= SET:
            counts = (code >> (mark - SET)) & 1 == 1
        elif mark >= 0:
            counts = code == mark
        value = code if mark < 0 else np.ones(len(codes), np.int64)
        mixed = (value.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
        keys[:, key] += np.where(counts, mixed, np.uint64(0))
    return keys


def _vector(codes: Ints, t: Tables, p: int, length: int) -> Ints:
    """The permuted states, packed for comparison; records not yet sorted."""
    vector = np.zeros((len(codes), length), np.int64)
    for q, (word, shift) in enumerate(t.packed.tolist()):
        code = codes[:, t.sources[p, q]]
        if t.maps[q] >= 0:
            code = t.values[p, t.maps[q]][code]
        vector[:, word] |= code << shift
    return vector


def _less(left: Ints, right: Ints) -> NDArray[np.bool_]:
    """Where a row comes before another, word by word."""
    differ = left != right
    first = differ.argmax(axis=1)
    rows = np.arange(len(left))
    less: NDArray[np.bool_] = left[rows, first] < right[rows, first]
    return np.asarray(less & np.any(differ, axis=1))
