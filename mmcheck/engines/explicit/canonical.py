"""The canonical form of a state under permutations of its sorts: the least of its orbit that sorts by keys.

One sort, the largest that no cell is indexed by twice and that no cell has for a value, needs no enumeration:
its elements are *records* (all cells with that index), and sorting the records is canonical. For the other
sorts permutations are tried; of these only such that sort the elements by a key, which is a function of the
state and the element that no permutation changes. So the permutations that are tried for two states of one
orbit lead to the same states, and the least of them is the same; mostly one or two are left.

References: findings for two sorts that index one array; for keys, the partition refinement of graph
canonisation (B. D. McKay, Practical graph isomorphism, 1981), a single round of it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial, prod

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mmcheck.core.ground import nowhere
from mmcheck.core.instance import Instance
from mmcheck.engines.explicit import small_orbits
from mmcheck.engines.explicit.arrangement import Arrangement, arrange
from mmcheck.engines.explicit.compiled import Kernel
from mmcheck.engines.explicit.layout import ALL, Layout
from mmcheck.engines.explicit.moves import BATCH, LINES, Moves, tables

COMPILE = 20_000_000
"""From how much work on the kernel pays for the time that it takes to compile it, ..."""
LOAD = 1_000_000
"""... and from how much if that was done before. The form is the same without it."""

_canonicalise = Kernel(
    "orbits",
    "canonicalise",
    "u64*2 u64*2 u64*1 u64*1 u64*1 u64*2 u64*2 u64*2 u64*1 u64*2 u64*2 u64*2 u64*2"
    " u64*2 u64*2 u64*2 u64*2 u64*2 u64*2 u64*2 u64*2",
    sources=("moves",),
)

_leave_out_repeated_words = Kernel("kernels", "leave_out_repeated_words", "u64*1 u64*1", results=1)
_leave_out_repeated_rows = Kernel("kernels", "leave_out_repeated_rows", "u64*2 u64*2", results=1)

RECENT = 1 << 16
"""How many states are remembered at most to know them again: as many as the cache of a core has room for."""

EACH = 50
"""What a state costs besides its permutations, each of which counts as one."""

AT_ONCE = 8 * BATCH
"""How many states the kernel has at once: a state whose elements are all alike may have to be compared with
thousands of others, and between two calls there is a look at the clock."""

CALL = 1_000
"""As many states as a call costs besides those that it is for: NumPy goes through all permutations."""

Rows = NDArray[np.uint64]


class Canonical(Struct):
    """The canonical form for one instance. `sorts` are those whose symmetry is used, `layout` is how its
    states are packed."""

    moves: Moves
    layout: Layout
    sorts: tuple[str, ...]
    permutations: int
    work: int = 0
    """How much was done so far."""
    look: Callable[[], None] = nowhere
    """Called now and then; what it raises comes through."""

    @classmethod
    def of(cls, arrangement: Arrangement) -> Canonical:
        sizes = arrangement.instance.sizes
        sorts = tuple(s for s in sizes if s == arrangement.record or s in arrangement.sorts)
        permutations = prod(factorial(sizes[sort]) for sort in arrangement.sorts)
        return cls(tables(arrangement), arrangement.layout, sorts, permutations)

    def rows(self, rows: Rows) -> Rows:
        """The canonical form of each state."""
        return self._compiled(rows.copy()) if self._is_work(rows) else self._plain(rows)

    def distinct(self, rows: Rows) -> Rows:
        """The canonical forms of states, perhaps without those of states that come more than once. The rows
        may be overwritten: memory that is new costs more than to write to it."""
        return self._compiled(_less(rows)) if self._is_work(rows) else self._plain(_distinct(rows))

    def _is_work(self, rows: Rows) -> bool:
        self.work += (len(rows) + CALL) * (EACH + self.permutations)
        return self.work > LOAD and (self.work > COMPILE or _canonicalise.is_kept)

    def _plain(self, rows: Rows) -> Rows:
        return small_orbits.canonicalise(rows, self.moves) if len(rows) else rows

    def _compiled(self, rows: Rows) -> Rows:
        words, moves = self.layout.words, self.moves
        elements, records = int(moves.starts[-1]), len(moves.records)
        counts = [words] * 4 + [elements] * 2 + [max(records, 2), LINES]
        columns = [np.empty((count, BATCH), np.uint64) for count in counts]
        rows = np.ascontiguousarray(rows)
        for start in range(0, len(rows), AT_ONCE):
            self.look()
            some = rows[start : start + AT_ONCE]
            _canonicalise(some, some, *moves.arguments, *columns)
        return rows


def _less(rows: Rows) -> Rows:
    """Rows in their order, most of those left out that come once more. They are moved together."""
    recent = np.full((min(RECENT, 1 << len(rows).bit_length()), rows.shape[1]), ALL, np.uint64)
    rows = np.ascontiguousarray(rows)
    count: int
    if rows.shape[1] == 1:
        count = _leave_out_repeated_words(rows.ravel(), recent.ravel())
    else:
        count = _leave_out_repeated_rows(rows, recent)
    return rows[:count]


def _distinct(rows: Rows) -> Rows:
    if rows.shape[1] > 1:
        return np.unique(rows, axis=0)
    # As `unique` does it, which loads NumPy's masked arrays.
    rows = np.sort(rows, axis=0)
    first = np.ones(len(rows), np.bool_)
    first[1:] = rows[1:, 0] != rows[:-1, 0]
    return rows[first]


def canonical_form(instance: Instance) -> tuple[Canonical | None, tuple[str, ...]]:
    """The canonical form that uses every sort it can, None where there is nothing to permute; and the sorts
    that it cannot use, as their permutations are too many."""
    arrangement, dropped = arrange(instance)
    return (None if arrangement is None else Canonical.of(arrangement)), dropped
