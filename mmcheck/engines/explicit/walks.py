"""Walks over a graph of numbered states: components and short ways, written so that numba can compile them.

A graph is a row of offsets and a row of targets: the steps from state v are those from `offsets[v]` up to
`offsets[v + 1]`. Small graphs are walked by the interpreter, which is faster than loading the compiler's
results; large ones by compiled code. Arrays to work in are the caller's.

References: R. Tarjan, Depth-first search and linear graph algorithms, SIAM J. Comput. 1972.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[Any]


def components(
    offsets: Sequence[int],
    targets: Sequence[int],
    alive: Sequence[bool],
    component: MutableSequence[int],
    number: MutableSequence[int],
    low: MutableSequence[int],
    stack: MutableSequence[int],
    calls: MutableSequence[int],
    edge: MutableSequence[int],
) -> int:
    """Number the strongly connected components of the states that are alive; `component` and `number` begin
    as all -1. Returns how many there are."""
    count = 0
    order = 0
    top = 0
    for root in range(len(alive)):
        if not alive[root] or number[root] >= 0:
            continue
        depth = 1
        calls[0] = root
        number[root] = order
        low[root] = order
        order += 1
        stack[top] = root
        top += 1
        edge[root] = offsets[root]
        while depth > 0:
            v = calls[depth - 1]
            e = edge[v]
            if e < offsets[v + 1]:
                edge[v] = e + 1
                w = targets[e]
                if not alive[w]:
                    continue
                if number[w] < 0:
                    number[w] = order
                    low[w] = order
                    order += 1
                    stack[top] = w
                    top += 1
                    edge[w] = offsets[w]
                    calls[depth] = w
                    depth += 1
                elif component[w] < 0 and number[w] < low[v]:
                    low[v] = number[w]
                continue
            depth -= 1
            if depth > 0 and low[v] < low[calls[depth - 1]]:
                low[calls[depth - 1]] = low[v]
            if low[v] == number[v]:
                while True:
                    top -= 1
                    w = stack[top]
                    component[w] = count
                    if w == v:
                        break
                count += 1
    return count


def stem(
    offsets: Sequence[int],
    targets: Sequence[int],
    level: Sequence[int],
    start: Sequence[bool],
    region: Sequence[bool],
    home: Sequence[bool],
    before: MutableSequence[int],
    distance: MutableSequence[int],
    queue: MutableSequence[int],
) -> int:
    """The state in which the shortest run is at home that comes by a start and stays in the region from there
    on; -1 if there is none.

    States are in the order of their levels. `before` tells the way back to the start, which is its own
    predecessor; `distance` begins as all -1."""
    head = 0
    tail = 0
    entered = 0
    while True:
        if head < tail:
            depth = distance[queue[head]]
        elif entered < len(start):
            depth = level[entered]
        else:
            return -1
        # What is begun at this depth waits behind what was reached at this depth: the queue stays in order.
        while entered < len(start) and level[entered] <= depth:
            if start[entered] and region[entered] and distance[entered] < 0:
                distance[entered] = level[entered]
                before[entered] = entered
                queue[tail] = entered
                tail += 1
            entered += 1
        if head == tail:
            continue
        v = queue[head]
        head += 1
        if home[v]:
            return v
        for e in range(offsets[v], offsets[v + 1]):
            w = targets[e]
            if region[w] and distance[w] < 0:
                distance[w] = distance[v] + 1
                before[w] = v
                queue[tail] = w
                tail += 1


def nearest(
    offsets: Sequence[int],
    targets: Sequence[int],
    component: Sequence[int],
    start: int,
    wanted: Sequence[bool],
    before: MutableSequence[int],
    stamp: MutableSequence[int],
    now: int,
    queue: MutableSequence[int],
) -> int:
    """The nearest wanted state in the component of the start; `before` tells the way back to it. States are
    marked with `now`, another number each time."""
    head = 0
    tail = 1
    queue[0] = start
    stamp[start] = now
    while head < tail:
        v = queue[head]
        head += 1
        if wanted[v]:
            return v
        for e in range(offsets[v], offsets[v + 1]):
            w = targets[e]
            if component[w] == component[start] and stamp[w] != now:
                stamp[w] = now
                before[w] = v
                queue[tail] = w
                tail += 1
    return -1


def reach_back(
    offsets: Sequence[int],
    sources: Sequence[int],
    reached: MutableSequence[bool],
    queue: MutableSequence[int],
    tail: int,
) -> int:
    """Mark everything from which one of the first `tail` states of the queue is reached, on a graph whose
    steps are told by their targets; returns how many states there are in the end."""
    head = 0
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(offsets[v], offsets[v + 1]):
            w = sources[e]
            if not reached[w]:
                reached[w] = True
                queue[tail] = w
                tail += 1
    return tail


@cache
def compiled(walk: Callable[..., int]) -> Callable[..., int]:
    """A walk as machine code."""
    # Loading numba takes longer than a small graph does.
    import numba

    fast: Callable[..., int] = numba.njit(cache=True, nogil=True)(walk)
    return fast


def run(walk: Callable[..., int], large: bool, *given: Ints | int) -> int:
    """A walk over arrays. Those that it works in are changed."""
    if large:
        return int(compiled(walk)(*given))
    # Lists are several times as fast as arrays where the interpreter takes single items.
    lists = [item.tolist() if isinstance(item, np.ndarray) else item for item in given]
    result = walk(*lists)
    for item, changed in zip(given, lists, strict=True):
        if isinstance(item, np.ndarray) and item.flags.writeable:
            item[:] = changed
    return result
