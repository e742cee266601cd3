"""The kernel that brings states into canonical form; `canonical` says what its tables mean."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Rows = NDArray[np.uint64]


@numba.njit(cache=True, nogil=True)
def canonicalise(
    rows: Rows,
    result: Rows,
    slots: Ints,
    sources: Ints,
    maps: Ints,
    values: Ints,
    packed: Ints,
    targets: Ints,
    orders: Ints,
    keys: Ints,
    layout: Ints,
) -> None:
    """Write the canonical form of each row into `result`, which is all zeros."""
    words, records, outside, fields, count = layout[0], layout[1], layout[2], layout[3], layout[4]
    cells = slots.shape[0]
    length = words + records
    codes = np.empty(cells, np.int64)
    key = np.empty(count, np.uint64)
    best = np.empty(length, np.int64)
    vector = np.empty(length, np.int64)
    for r in range(rows.shape[0]):
        for c in range(cells):
            code = (rows[r, slots[c, 0]] >> np.uint64(slots[c, 1])) & np.uint64(slots[c, 2])
            codes[c] = np.int64(code)
        for k in range(count):
            key[k] = np.uint64(0)
        for k in range(keys.shape[0]):
            code = codes[keys[k, 0]]
            mark = keys[k, 3]
            if mark >= 1000:
                code = (code >> (mark - 1000)) & 1
                if code == 0:
                    continue
            elif mark >= 0:
                if code != mark:
                    continue
                code = 1
            mixed = (np.uint64(code) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(keys[k, 2])
            mixed ^= mixed >> np.uint64(29)
            mixed *= np.uint64(0xBF58476D1CE4E5B9)
            mixed ^= mixed >> np.uint64(32)
            key[keys[k, 1]] += mixed
        first = True
        for p in range(sources.shape[0]):
            sorted_by_key = True
            for i in range(0, orders.shape[1], 2):
                if key[orders[p, i]] > key[orders[p, i + 1]]:
                    sorted_by_key = False
                    break
            if not sorted_by_key:
                continue
            for w in range(length):
                vector[w] = 0
            for q in range(outside + records * fields):
                code = codes[sources[p, q]]
                if maps[q] >= 0:
                    code = values[p, maps[q], code]
                vector[packed[q, 0]] |= code << packed[q, 1]
            for i in range(words + 1, length):
                record = vector[i]
                j = i - 1
                while j >= words and vector[j] > record:
                    vector[j + 1] = vector[j]
                    j -= 1
                vector[j + 1] = record
            less = first
            if not first:
                for w in range(length):
                    if vector[w] != best[w]:
                        less = vector[w] < best[w]
                        break
            if less:
                first = False
                for w in range(length):
                    best[w] = vector[w]
        for q in range(outside + records * fields):
            c = targets[q]
            code = (best[packed[q, 0]] >> packed[q, 1]) & slots[c, 2]
            result[r, slots[c, 0]] |= np.uint64(code) << np.uint64(slots[c, 1])
