"""The kernel that brings packed states into canonical form; `moves` says what its tables mean.

States are taken a batch at a time, in columns: every step is a loop over the states of a batch without a
branch, which the compiler turns into vector instructions. Elements are first put in the order of their keys;
where keys are equal, which is rare, all arrangements of such elements are columns of further batches, and the
least result is kept. The kernel gets flat arrays and allocates nothing. Numbers are `uint64` throughout, but
for those that count a loop.

References: P. Boncz, M. Zukowski, N. Nes, MonetDB/X100: hyper-pipelining query execution, CIDR 2005 (batches
that stay in the cache).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from mmcheck.engines.explicit.moves import BATCH, LINES

Table = NDArray[np.uint64]
Columns = NDArray[np.uint64]
"""[row, i]: a number of state i of a batch."""

ZERO, ONE = np.uint64(0), np.uint64(1)
WORD, ROTATED = np.uint64(64), np.uint64(63)
ELEMENT, SET = np.uint64(1), np.uint64(2)
SPREAD = np.uint64(0x9E3779B97F4A7C15)
NONE: Any = np.int64(0)
"""A number that is none to the compiler, which compiles a function once more for a literal."""
TIED, OWNER, AT, LABEL, BOUNDS = range(LINES)
FEW = 6
"""From more arrangements than this on it pays to find out which elements are interchangeable in a state."""


def _inner(function: Callable[..., Any]) -> Any:
    """Compile a function that only kernels call: without what it takes to be called from Python."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return numba.njit(**options)(function)


def _inlined(function: Callable[..., Any]) -> Any:
    """Put a function into those that call it."""
    return numba.njit(inline="always")(function)


@_inlined
def _mixed(value: np.uint64, seed: np.uint64) -> np.uint64:
    mixed = (value + seed) * SPREAD
    return mixed ^ (mixed >> np.uint64(29))


# --- keys ------------------------------------------------------------------------------------------------


@_inlined
def _clear(columns: Columns, size: int) -> None:
    for k in range(columns.shape[0]):
        for i in range(size):
            columns[k, i] = ZERO


@_inner
def _add_rows(
    given: Columns, size: int, rows: Table, records: Table, masks: Table, parts: Table, keys: Columns
) -> None:
    """What the rows of elements add to their keys, in records together with what stays in the record."""
    for k in range(rows.shape[0]):
        e, w, shift, mask, seed = rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3], rows[k, 4]
        for i in range(size):
            keys[e, i] += _mixed((given[w, i] >> shift) & mask, seed)
    still = masks[1]
    for r in range(records.shape[0] if parts.shape[0] else 0):
        w, place = records[r, 0], records[r, 1]
        for k in range(parts.shape[0]):
            e, shift, mask, seed = parts[k, 0], parts[k, 1] + place, parts[k, 2], parts[k, 3]
            for i in range(size):
                told = ((given[w, i] >> place) & still) * SPREAD
                keys[e, i] += _mixed(((given[w, i] >> shift) & mask) + told, seed)


@_inner
def _add_linked(
    given: Columns,
    size: int,
    records: Table,
    masks: Table,
    linked: Table,
    indices: Table,
    values: Columns,
    keys: Columns,
) -> None:
    """What linked cells add to the keys of the elements that they are indexed by, and have for values."""
    for k in range(linked.shape[0]):
        w, shift, mask, kind = linked[k, 0], linked[k, 1], linked[k, 2], linked[k, 3]
        low, first, end, seed = linked[k, 4], linked[k, 5], linked[k, 6], linked[k, 11]
        # What stays in the record, and what else there is to tell of the cell.
        record, place, still = w, ZERO, ZERO
        if linked[k, 10]:
            record, place = records[linked[k, 10] - ONE, 0], records[linked[k, 10] - ONE, 1]
            still = masks[1]
        plain = ZERO if kind else mask
        for i in range(size):
            values[0, i] = ((given[record, i] >> place) & still) * SPREAD
            values[1, i] = (given[w, i] >> shift) & plain
        for e in range(first, end):
            # An element of a set is there if its bit is, another if it is the value.
            wanted = ONE if kind == SET else e - first + low
            by, part = (shift + e - first, ONE) if kind == SET else (shift, mask)
            for i in range(size):
                there = ONE if (given[w, i] >> by) & part == wanted else ZERO
                values[1, i] += there
                keys[e, i] += there * _mixed(values[0, i], seed)
        for n in range(linked[k, 7], linked[k, 8]):
            e, seed = indices[n, 0], indices[n, 2]
            for i in range(size):
                keys[e, i] += _mixed(values[0, i] + values[1, i], seed)


@_inner
def _rank(starts: Table, keys: Columns, size: int, images: Columns, lines: Columns) -> None:
    """The permutation that puts the elements of each sort in the order of their keys, and of their numbers
    where keys are equal; in line TIED whether some are."""
    for i in range(size):
        lines[TIED, i] = ZERO
    for s in range(starts.shape[0] - 1):
        for e in range(starts[s], starts[s + 1]):
            for i in range(size):
                images[e, i] = ZERO
            for d in range(starts[s], e):
                for i in range(size):
                    later = ONE if keys[d, i] > keys[e, i] else ZERO
                    images[d, i] += later
                    images[e, i] += ONE - later
                    lines[TIED, i] |= ONE if keys[d, i] == keys[e, i] else ZERO


# --- permutations ----------------------------------------------------------------------------------------


@_inner
def _move_rows(
    given: Columns, images: Columns, size: int, still: Table, ends: Table, moves: Table, result: Columns
) -> None:
    """Put the rows of elements where they go, beside what stays."""
    for w in range(result.shape[0]):
        mask = still[w]
        for i in range(size):
            result[w, i] = given[w, i] & mask
    count = images.shape[0]
    most = (ends.shape[0] - 1) // max(count, 1)
    for e in range(count):
        for b in range(most):
            image = np.uint64(b)
            for m in range(ends[e * most + b], ends[e * most + b + 1]):
                source, target, mask = moves[m, 0], moves[m, 1], moves[m, 2]
                left, right = moves[m, 3], (WORD - moves[m, 3]) & ROTATED
                for i in range(size):
                    bits = given[source, i] & (mask if images[e, i] == image else ZERO)
                    result[target, i] |= (bits << left) | (bits >> right)


@_inner
def _move_linked(
    given: Columns,
    images: Columns,
    size: int,
    linked: Table,
    indices: Table,
    places: Table,
    values: Columns,
    result: Columns,
) -> None:
    """Put linked cells where they go, with the images of what they have for values."""
    for k in range(linked.shape[0]):
        w, shift, mask, kind, low = linked[k, 0], linked[k, 1], linked[k, 2], linked[k, 3], linked[k, 4]
        first, end, place = linked[k, 5], linked[k, 6], linked[k, 9]
        plain = ZERO if kind else mask
        for i in range(size):
            # Null, which is 0, stays null.
            values[0, i] = (given[w, i] >> shift) & plain
        for e in range(first, end):
            number = e - first
            if kind == SET:
                for i in range(size):
                    values[0, i] |= ((given[w, i] >> (shift + number)) & ONE) << images[e, i]
            else:
                for i in range(size):
                    values[0, i] |= (
                        images[e, i] + low if (given[w, i] >> shift) & mask == number + low else ZERO
                    )
        if linked[k, 7] == linked[k, 8]:
            target, to = places[place, 0], places[place, 1]
            for i in range(size):
                result[target, i] |= values[0, i] << to
            continue
        for i in range(size):
            values[1, i] = place
        for n in range(linked[k, 7], linked[k, 8]):
            e, stride = indices[n, 0], indices[n, 1]
            for i in range(size):
                values[1, i] += stride * images[e, i]
        for i in range(size):
            result[places[values[1, i], 0], i] |= values[0, i] << places[values[1, i], 1]


@_inner
def _sort_records(result: Columns, size: int, records: Table, masks: Table, values: Columns) -> None:
    """Put the records of the states in order, by exchanging neighbours."""
    count, mask = records.shape[0], masks[0]
    if count == 0:
        return
    for r in range(count):
        w, shift = records[r, 0], records[r, 1]
        for i in range(size):
            values[r, i] = (result[w, i] >> shift) & mask
    for last in range(count - 1, 0, -1):
        for r in range(last):
            for i in range(size):
                less, greater = min(values[r, i], values[r + 1, i]), max(values[r, i], values[r + 1, i])
                values[r, i] = less
                values[r + 1, i] = greater
    for w in range(result.shape[0]):
        other = masks[w + 2]
        for i in range(size):
            result[w, i] &= other
    for r in range(count):
        w, shift = records[r, 0], records[r, 1]
        for i in range(size):
            result[w, i] |= values[r, i] << shift


# --- equal keys ------------------------------------------------------------------------------------------


@_inner
def _classes(starts: Table, keys: Columns, i: int, lines: Columns) -> int:
    """The elements of a state in their order, in line AT, each labelled with its place there; gives how many
    classes of equal keys there are, which begin as line BOUNDS says."""
    classes = 0
    for s in range(starts.shape[0] - 1):
        for e in range(starts[s], starts[s + 1]):
            to: Any = e
            while to > starts[s] and keys[lines[AT, to - ONE], i] > keys[e, i]:
                lines[AT, to] = lines[AT, to - ONE]
                to -= ONE
            lines[AT, to] = e
        for p in range(starts[s], starts[s + 1]):
            if p == starts[s] or keys[lines[AT, p], i] != keys[lines[AT, p - ONE], i]:
                lines[BOUNDS, classes] = p
                classes += 1
            lines[LABEL, lines[AT, p]] = p
    lines[BOUNDS, classes] = starts[starts.shape[0] - 1]
    return classes


@_inner
def _are_many(lines: Columns, classes: int) -> bool:
    """Whether there are more than few permutations that sort the elements by their keys."""
    total = 1
    for c in range(classes):
        for size in range(2, np.int64(lines[BOUNDS, c + 1] - lines[BOUNDS, c]) + 1):
            total = min(total * size, FEW + 1)
    return total > FEW


@_inlined
def _exchange(lines: Columns, p: int, q: int) -> None:
    lines[AT, p], lines[AT, q] = lines[AT, q], lines[AT, p]


@_inlined
def _label(lines: Columns, p: int) -> Any:
    """The label of the element at a place."""
    return lines[LABEL, lines[AT, p]]


@_inner
def _next(lines: Columns, classes: int) -> bool:
    """Go on to the next arrangement of each class by labels; back at the first there is none."""
    for c in range(classes):
        low, high = np.int64(lines[BOUNDS, c]), np.int64(lines[BOUNDS, c + 1])
        i = high - 1
        while i > low and _label(lines, i - 1) >= _label(lines, i):
            i -= 1
        more = i > low
        if more:
            j = high - 1
            while _label(lines, j) <= _label(lines, i - 1):
                j -= 1
            _exchange(lines, i - 1, j)
        left, right = i, high - 1
        while left < right:
            _exchange(lines, left, right)
            left += 1
            right -= 1
        if more:
            return True
    return False


@_inner
def _put(
    given: Columns, i: int, starts: Table, lines: Columns, others: Columns, orders: Columns, n: int
) -> None:
    """Put a state with an arrangement of its elements into the batch of others."""
    for w in range(given.shape[0]):
        others[w, n] = given[w, i]
    for s in range(starts.shape[0] - 1):
        for p in range(starts[s], starts[s + 1]):
            orders[lines[AT, p], n] = p - starts[s]
    lines[OWNER, n] = np.uint64(i)


@_inner
def _put_pairs(
    given: Columns, i: int, starts: Table, lines: Columns, classes: int, others: Columns, orders: Columns
) -> int:
    """Put a state with two elements of a class exchanged into the batch of others, for all such pairs."""
    size: int = NONE
    for c in range(classes):
        for p in range(lines[BOUNDS, c], lines[BOUNDS, c + 1]):
            for q in range(lines[BOUNDS, c], p):
                _exchange(lines, p, q)
                _put(given, i, starts, lines, others, orders, size)
                _exchange(lines, p, q)
                size += 1
    return size


@_inner
def _find_alike(found: Columns, best: Columns, i: int, lines: Columns, classes: int) -> None:
    """Give elements that can be exchanged without a change the same label: the order of these in an
    arrangement does not change what it leads to."""
    n = 0
    for c in range(classes):
        low, high = np.int64(lines[BOUNDS, c]), np.int64(lines[BOUNDS, c + 1])
        for p in range(low, high):
            for q in range(low, p):
                same = True
                for w in range(best.shape[0]):
                    same &= found[w, n] == best[w, i]
                if same:
                    lines[LABEL, lines[AT, p]] = _label(lines, q)
                n += 1
        for p in range(low + 1, high):
            q = p
            while q > low and _label(lines, q - 1) > _label(lines, q):
                _exchange(lines, q - 1, q)
                q -= 1


@_inner
def _keep_less(found: Columns, size: int, lines: Columns, best: Columns) -> None:
    """Take over what is less for the state that it belongs to."""
    for n in range(size):
        i = lines[OWNER, n]
        w = 0
        while w < best.shape[0] - 1 and found[w, n] == best[w, i]:
            w += 1
        if found[w, n] < best[w, i]:
            for v in range(best.shape[0]):
                best[v, i] = found[v, n]


# --- batches ---------------------------------------------------------------------------------------------


@_inner
def _gather(rows: Columns, start: int, given: Columns, others: Columns, best: Columns, lines: Columns) -> int:
    """The columns of the next batch of states; gives how many these are."""
    size: int = min(rows.shape[0] - start, BATCH)
    for i in range(size):
        lines[OWNER, i] = np.uint64(i)
    for w in range(rows.shape[1]):
        for i in range(size):
            given[w, i] = rows[start + i, w]
            others[w, i] = rows[start + i, w]
            best[w, i] = ~ZERO
    return size


@_inner
def _scatter(best: Columns, size: int, result: Columns, start: int) -> None:
    for i in range(size):
        for w in range(best.shape[0]):
            result[start + i, w] = best[w, i]


@numba.njit(cache=True, nogil=True)
def canonicalise(
    rows: Columns,
    result: Columns,
    starts: Table,
    still: Table,
    ends: Table,
    moves: Table,
    units: Table,
    records: Table,
    masks: Table,
    parts: Table,
    linked: Table,
    indices: Table,
    places: Table,
    given: Columns,
    best: Columns,
    others: Columns,
    found: Columns,
    keys: Columns,
    orders: Columns,
    values: Columns,
    lines: Columns,
) -> None:
    """Write the canonical form of each row into `result`, which may be the rows themselves.

    What follows the tables is memory to work with, columns of batches: four times as many as words, twice as
    many as elements, then as many as records and at least two, and LINES."""
    start = NONE
    while start < rows.shape[0]:
        size = _gather(rows, start, given, others, best, lines)
        _clear(keys, size)
        _add_rows(given, size, units, records, masks, parts, keys)
        _add_linked(given, size, records, masks, linked, indices, values, keys)
        _rank(starts, keys, size, orders, lines)
        i, trying, pairs, classes = NONE, False, False, NONE
        # First the arrangements that keys give, then the others of equal keys.
        waiting = size
        while waiting:
            _move_rows(others, orders, waiting, still, ends, moves, found)
            _move_linked(others, orders, waiting, linked, indices, places, values, found)
            _sort_records(found, waiting, records, masks, values)
            if pairs:
                _find_alike(found, best, i, lines, classes)
                # The elements may be in another order now than when their keys were ranked.
                _put(given, i, starts, lines, others, orders, NONE)
                waiting, pairs = NONE + 1, False
            else:
                _keep_less(found, waiting, lines, best)
                waiting = NONE
            while i < size and waiting < BATCH and not pairs:
                if trying:
                    trying = _next(lines, classes)
                    if trying:
                        _put(given, i, starts, lines, others, orders, waiting)
                        waiting += 1
                    else:
                        i += 1
                elif not lines[TIED, i]:
                    i += 1
                else:
                    classes = _classes(starts, keys, i, lines)
                    trying = True
                    if _are_many(lines, classes):
                        if waiting:
                            trying = False
                            break
                        waiting = _put_pairs(given, i, starts, lines, classes, others, orders)
                        pairs = True
        _scatter(best, size, result, start)
        start += size
