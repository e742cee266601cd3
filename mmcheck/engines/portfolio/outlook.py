"""A guess at how many states a breadth-first search will find, from the state's width and how levels grow."""

from __future__ import annotations

from itertools import pairwise
from math import factorial, log10

from msgspec import Struct, field

from mmcheck.core.instance import Instance
from mmcheck.core.size import cardinality
from mmcheck.engines.engine import Progress

LEVELS = 5
"""From how many levels the growth is read."""
SMALLEST = 2_000
"""The least size of a level that says something about those to come."""
STEADIEST = 0.98
"""The growth of levels sinks at least so from one to the next: no state space is infinite."""


def room(instance: Instance) -> float:
    """The power of ten of the number of all states, reachable or not, up to permutations of elements."""
    cells = sum(log10(max(1, cardinality(cell.type, instance.sizes))) for cell in instance.cells)
    return cells - sum(log10(factorial(size)) for size in instance.sizes.values())


class Outlook(Struct):
    """Levels first grow by a factor that sinks steadily, and shrink once it is below one: so the factors of
    the last levels tell those of the next."""

    room: float
    _depth: int = 0
    _states: int = 0
    _ends: list[int] = field(default_factory=list)
    """How many states there were at the end of each level."""

    def see(self, progress: Progress) -> None:
        """Take note of how far the search is."""
        if progress.depth > self._depth:
            # Levels between that nobody saw count as one: the guess is then the lower.
            self._ends.append(self._states)
        self._depth, self._states = progress.depth, progress.states

    @property
    def power(self) -> float:
        """The power of ten of the number of states that are to be expected; 0 while nobody can say."""
        sizes = [end - begin for begin, end in pairwise(self._ends)][-LEVELS:]
        if len(sizes) < LEVELS or sizes[-1] < SMALLEST or min(sizes) < 1:
            return 0.0
        growth = [after / before for before, after in pairwise(sizes)]
        sinking = min((growth[-1] / growth[0]) ** (1 / (len(growth) - 1)), STEADIEST)
        size, factor, total = float(sizes[-1]), growth[-1], float(self._states)
        while size >= 1 and log10(total) < self.room:
            factor *= sinking
            size *= factor
            total += size
        return min(log10(total), self.room)
