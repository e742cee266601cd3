"""The canonical form with NumPy alone: the same as in `orbits`, for searches too small for a compiler."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, permutations, product

import numpy as np
from numpy.typing import NDArray

from mmcheck.engines.explicit.moves import ELEMENT, SET, Moves

Words = NDArray[np.uint64]
"""A row for each state, or a number for each."""

ONE = np.uint64(1)
SPREAD = np.uint64(0x9E3779B97F4A7C15)


def canonicalise(rows: Words, moves: Moves) -> Words:
    """The canonical form of each row."""
    keys = _keys(rows, moves)
    best = np.full_like(rows, ~np.uint64(0))
    for image in _permutations(moves):
        chosen = np.flatnonzero(_sorted(keys, image, moves.starts))
        if len(chosen):
            permuted = _permuted(rows[chosen], image, moves)
            less = _less(permuted, best[chosen])
            best[chosen[less]] = permuted[less]
    return best


def _permutations(moves: Moves) -> Iterator[tuple[int, ...]]:
    """The image of each element, for each permutation."""
    sizes = [int(end - start) for start, end in pairwise(moves.starts)]
    for images in product(*(permutations(range(size)) for size in sizes)):
        yield tuple(image for some in images for image in some)


def _sorted(keys: Words, image: tuple[int, ...], starts: Words) -> NDArray[np.bool_]:
    """In which states a permutation sorts the elements by their keys."""
    allowed = np.ones(len(keys), np.bool_)
    for start, end in pairwise(starts.tolist()):
        order = [start + image[start:end].index(place) for place in range(end - start)]
        for left, right in pairwise(order):
            allowed &= keys[:, left] <= keys[:, right]
    return allowed


def _less(left: Words, right: Words) -> NDArray[np.bool_]:
    """Where a row comes before another, word by word."""
    less = left[:, -1] < right[:, -1]
    for word in range(left.shape[1] - 2, -1, -1):
        less = (left[:, word] < right[:, word]) | ((left[:, word] == right[:, word]) & less)
    return less


# --- keys ------------------------------------------------------------------------------------------------


def _mixed(value: Words, seed: np.uint64) -> Words:
    mixed = (value + seed) * SPREAD
    return mixed ^ (mixed >> np.uint64(29))


def _keys(rows: Words, moves: Moves) -> Words:
    """The key of each element: a sum over the cells that speak of it, the same for all states of an orbit."""
    keys = np.zeros((len(rows), int(moves.starts[-1])), np.uint64)
    for element, word, shift, mask, seed in moves.rows:
        keys[:, element] += _mixed((rows[:, word] >> shift) & mask, seed)
    records = [rows[:, word] >> shift for word, shift in moves.records]
    stills = [(record & moves.masks[1]) * SPREAD for record in records]
    for record, still in zip(records, stills, strict=True):
        for element, shift, mask, seed in moves.parts:
            keys[:, element] += _mixed(((record >> shift) & mask) + still, seed)
    for row in moves.linked:
        within = int(row[10])
        _add_linked(rows, moves, row, stills[within - 1] if within else np.zeros(len(rows), np.uint64), keys)
    return keys


def _add_linked(rows: Words, moves: Moves, row: Words, still: Words, keys: Words) -> None:
    """What a linked cell adds to the keys of the elements that it is indexed by, and has for values."""
    word, shift, mask, kind, low, first, last, begin, end, _, _, seed = row
    told = code = (rows[:, word] >> shift) & mask
    if kind in (ELEMENT, SET):
        told = np.zeros(len(rows), np.uint64)
        mixed = _mixed(still, seed)
        for element in range(int(first), int(last)):
            number = np.uint64(element) - first
            there = code == number + low if kind == ELEMENT else (code >> number) & ONE == ONE
            told += there
            keys[:, element] += np.where(there, mixed, np.uint64(0))
    for element, _, seed in moves.indices[int(begin) : int(end)]:
        keys[:, element] += _mixed(told + still, seed)


# --- permutations ----------------------------------------------------------------------------------------


def _permuted(rows: Words, image: tuple[int, ...], moves: Moves) -> Words:
    """States with their elements permuted and their records in order."""
    result = rows & moves.still
    most = (len(moves.ends) - 1) // max(len(image), 1)
    for element, place in enumerate(image):
        start, end = moves.ends[element * most + place : element * most + place + 2]
        for source, target, mask, by in moves.moves[int(start) : int(end)]:
            bits = rows[:, source] & mask
            result[:, target] |= (bits << by) | (bits >> ((np.uint64(64) - by) & np.uint64(63)))
    for row in moves.linked:
        _move_linked(rows, image, moves, row, result)
    if len(moves.records):
        _sort_records(result, moves)
    return result


def _move_linked(rows: Words, image: tuple[int, ...], moves: Moves, row: Words, result: Words) -> None:
    word, shift, mask, kind, low, first, last, begin, end, place, _, _ = row
    code = (rows[:, word] >> shift) & mask
    images = np.array(image[int(first) : int(last)], np.uint64)
    if kind == ELEMENT:
        code = np.concatenate([np.zeros(int(low), np.uint64), images + low])[code]
    elif kind == SET:
        bits = (((code >> np.uint64(i)) & ONE) << to for i, to in enumerate(images))
        code = np.asarray(sum(bits, np.zeros(len(rows), np.uint64)))
    for element, stride, _ in moves.indices[int(begin) : int(end)]:
        place += stride * np.uint64(image[element])
    target, to = moves.places[place]
    result[:, target] |= code << to


def _sort_records(result: Words, moves: Moves) -> None:
    values = [(result[:, word] >> shift) & moves.masks[0] for word, shift in moves.records]
    ordered = np.sort(np.stack(values, axis=1), axis=1)
    result &= moves.masks[2:]
    for number, (word, shift) in enumerate(moves.records):
        result[:, word] |= ordered[:, number] << shift
