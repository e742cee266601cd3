"""The kernels of bit-sliced expansion: a circuit over 64 states at once, and the steps that it enables.

In a plane bit i of word g belongs to state 64 g + i of a block. A block of packed states is transposed into
planes, one for each bit that the circuit reads; each gate then is one operation on planes. The functions get
the memory that they work with, since what allocates cannot be kept as machine code (see `compiled`).

References: E. Biham, A fast new DES implementation in software, FSE 1997 (bit slicing); H. S. Warren,
Hacker's delight, 7-3 (transposing a matrix of bits).
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

Rows = NDArray[np.uint64]
Planes = NDArray[np.uint64]
Ints = NDArray[np.int32]


def _count_ones(typing: Any, word: Any) -> Any:
    return types.uint64(types.uint64), lambda _, builder, __, args: builder.ctpop(args[0])


def _find_lowest(typing: Any, word: Any) -> Any:

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), lower


_ones: Any = intrinsic(_count_ones)
"""How many bits of a word are set."""
_lowest: Any = intrinsic(_find_lowest)
"""The number of the lowest bit of a word that is set; the word is not 0."""


@numba.njit(inline="always")
def _transpose(words: NDArray[np.uint64]) -> None:
    """Transpose 64 words as a matrix of bits, in place."""
    distance = np.uint64(32)
    mask = np.uint64(0x00000000FFFFFFFF)
    while distance:
        k = np.uint64(0)
        while k < 64:
            other = k + distance
            moved = ((words[k] >> distance) ^ words[other]) & mask
            words[other] ^= moved
            words[k] ^= moved << distance
            k = (other + np.uint64(1)) & ~distance
        distance >>= np.uint64(1)
        mask ^= mask << distance


@numba.njit(cache=True, nogil=True)
def evaluate(
    rows: Rows,
    inputs: Ints,
    gates: Ints,
    roots: Ints,
    planes: Planes,
    counts: NDArray[np.int64],
    words: NDArray[np.uint64],
) -> None:
    """Compute all planes of a block of states, and in how many states each root is true.

    `inputs` are rows of register, word, bit; `gates` rows of register, whether it is an exclusive or, left
    and right literal; `roots` literals. `planes` has a plane for each register; plane 0 is set to false.
    `words` are 64, to work with."""
    size = rows.shape[0]
    groups = (size + 63) // 64
    for g in range(groups):
        planes[0, g] = np.uint64(0)
    for g in range(groups):
        here = min(size - 64 * g, 64)
        first = 0
        while first < inputs.shape[0]:
            word = inputs[first, 1]
            for i in range(here):
                words[i] = rows[64 * g + i, word]
            for i in range(here, 64):
                words[i] = np.uint64(0)
            _transpose(words)
            while first < inputs.shape[0] and inputs[first, 1] == word:
                planes[inputs[first, 0], g] = words[inputs[first, 2]]
                first += 1
    for n in range(gates.shape[0]):
        a, b = gates[n, 2], gates[n, 3]
        to, left, right = planes[gates[n, 0]], planes[a >> 1], planes[b >> 1]
        not_left, not_right = -np.uint64(a & 1), -np.uint64(b & 1)
        if gates[n, 1]:
            for g in range(groups):
                to[g] = left[g] ^ right[g]
        else:
            for g in range(groups):
                to[g] = (left[g] ^ not_left) & (right[g] ^ not_right)
    rest = np.uint64(size & 63)
    last = (np.uint64(1) << rest) - np.uint64(1) if rest else ~np.uint64(0)
    for n in range(roots.shape[0]):
        plane, opposite = planes[roots[n] >> 1], -np.uint64(roots[n] & 1)
        count = np.uint64(0)
        for g in range(groups - 1):
            count += _ones(plane[g] ^ opposite)
        if groups:
            count += _ones((plane[groups - 1] ^ opposite) & last)
        counts[n] = count


@numba.njit(inline="always")
def _common_tags(rows: Rows, tag_mask: np.uint64, common: NDArray[np.int64]) -> None:
    """Find for each group of 64 states the tag that all of them have, or -1."""
    for g in range((rows.shape[0] + 63) // 64):
        tag = rows[64 * g, 0] & tag_mask
        common[g] = tag
        for row in range(64 * g + 1, min(64 * g + 64, rows.shape[0])):
            if rows[row, 0] & tag_mask != tag:
                common[g] = -1
                break


@numba.njit(cache=True, nogil=True)
def emit(
    rows: Rows,
    planes: Planes,
    guards: Ints,
    order: Ints,
    tag_mask: np.uint64,
    needed: NDArray[np.bool_],
    writes: Rows,
    write_words: Ints,
    write_ends: Ints,
    bits: Ints,
    bit_ends: Ints,
    targets: Rows,
    common: NDArray[np.int64],
) -> int:
    """Write the targets of all steps of a block that are needed; gives how many there are.

    `guards` has a literal for each action, `order` the actions in the order in which they are taken. States
    with tag t, which is what word 0 has of `tag_mask`, need the step of action n where
    `needed[n, t]` says so. Action n changes the words `write_words[i]`, i from `write_ends[n]` to
    `write_ends[n + 1]`, to `(word & writes[i, 0]) | writes[i, 1]`, then puts in the bits of rows `bits[j]`:
    word, position and literal, j likewise. `common` is a number for each 64 states, to work with."""
    size, words = rows.shape
    groups = (size + 63) // 64
    rest = np.uint64(size & 63)
    last = (np.uint64(1) << rest) - np.uint64(1) if rest else ~np.uint64(0)
    _common_tags(rows, tag_mask, common)
    at = 0
    for step in range(order.shape[0]):
        n = order[step]
        plane, opposite = planes[guards[n] >> 1], -np.uint64(guards[n] & 1)
        wanted = needed[n]
        for g in range(groups):
            enabled = plane[g] ^ opposite
            if common[g] >= 0 and not wanted[common[g]]:
                continue
            if g == groups - 1:
                enabled &= last
            while enabled:
                place = _lowest(enabled)
                enabled &= enabled - np.uint64(1)
                row = 64 * g + np.int64(place)
                if common[g] < 0 and not wanted[rows[row, 0] & tag_mask]:
                    continue
                for w in range(words):
                    targets[at, w] = rows[row, w]
                for i in range(write_ends[n], write_ends[n + 1]):
                    w = write_words[i]
                    targets[at, w] = (targets[at, w] & writes[i, 0]) | writes[i, 1]
                for j in range(bit_ends[n], bit_ends[n + 1]):
                    literal = bits[j, 2]
                    bit = ((planes[literal >> 1, g] >> place) ^ np.uint64(literal)) & np.uint64(1)
                    targets[at, bits[j, 0]] |= bit << np.uint64(bits[j, 1])
                at += 1
    return at
