"""Fair components of a state graph, all of them at once, and short ways round in them.

A component is fair if every weakly fair unit is taken in it, or disabled in one of its states, and every
strongly fair unit is taken in it, or enabled in none. Where a strong unit is enabled but not taken, the
states in which it is enabled are removed, and what is left falls into smaller components. Every state may
stutter, so a state on its own is a component too.

References: E. A. Emerson and C.-L. Lei, Modalities for model checking: branching time logic strikes back,
Science of Computer Programming 1987 (the removal); Z. Manna and A. Pnueli, Temporal verification of reactive
systems: safety, 1995.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mmcheck.engines.explicit import walks
from mmcheck.engines.explicit.graph import NOBODY, Graph, Look

Mask = NDArray[np.bool_]
Component = NDArray[np.int32]
"""For each state the number of its component; -1 for none."""


class FairComponents(Struct):
    """Looks for fair components; `large` from how many states on compiled walks pay."""

    graph: Graph
    large: int
    look: Look

    def find(self, region: Mask, needed: Mask | None = None) -> Component:
        """The largest sets of states of a region in which a fair run can be for ever, everywhere again and
        again; each holds one of the needed states."""
        graph, found, count = self.graph, np.full(len(self.graph), -1, np.int32), 0
        alive = region.copy()
        while alive.any():
            self.look(len(graph))
            component, number = self.components(alive)
            good, removed = self._judge(component, number, needed)
            fair = alive & good[component]
            found[fair] = component[fair] + count
            count += number
            alive &= ~fair & ~removed
        return found

    def components(self, alive: Mask) -> tuple[Component, int]:
        """The strongly connected components of the states that are alive, and how many there are."""
        graph, n = self.graph, len(self.graph)
        component, number = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
        low, stack, calls = (np.zeros(n, np.int32) for _ in range(3))
        edge = np.zeros(n, np.int64)
        work = (component, number, low, stack, calls, edge)
        count = walks.run(walks.components, n >= self.large, graph.offsets, graph.targets, alive, *work)
        return component, count

    def _judge(self, component: Component, count: int, needed: Mask | None) -> tuple[Mask, Mask]:
        """Which components are fair, and which states can be in none, now or later."""
        graph = self.graph
        states = np.flatnonzero(component >= 0)
        home = component[states]
        hopeless = np.zeros(count, np.bool_) if needed is None else ~self._some(home, needed[states], count)
        hurt = np.zeros(count, np.bool_)
        removed = np.zeros(len(graph), np.bool_)
        fair = np.flatnonzero(graph.taken != NOBODY)
        within = component[graph.sources[fair]]
        inner = (within >= 0) & (within == component[graph.targets[fair]])
        within, by = within[inner], graph.taken[fair][inner]
        for number, unit in enumerate(graph.units):
            enabled = graph.is_enabled(number)
            taken = np.zeros(count, np.bool_)
            taken[within[by == number]] = True
            if unit.strong:
                starved = self._some(home, enabled[states], count) & ~taken
                hurt |= starved
                removed[states] |= starved[home] & enabled[states]
            else:
                hopeless |= ~self._some(home, ~enabled[states], count) & ~taken
        removed[states] |= hopeless[home]
        return ~(hopeless | hurt), removed

    def _some(self, home: Component, of: Mask, count: int) -> Mask:
        """Which components have a state of the kind."""
        some = np.zeros(count, np.bool_)
        some[home[of]] = True
        return some

    def without_fair_run(self) -> int:
        """From how many states no fair run goes on for ever without breaking an assumption."""
        graph = self.graph
        reached = self.find(np.ones(len(graph), np.bool_)) >= 0
        begins = np.flatnonzero(reached)
        queue = np.zeros(len(graph), np.int32)
        queue[: len(begins)] = begins
        order = np.argsort(graph.targets, kind="stable")
        offsets = np.concatenate([[0], np.cumsum(np.bincount(graph.targets, minlength=len(graph)))])
        given = (offsets.astype(np.int64), graph.sources[order], reached, queue, len(begins))
        return len(graph) - walks.run(walks.reach_back, len(graph) >= self.large, *given)


class Move(Struct, frozen=True):
    """To a state, by a step of a unit where it has to be one."""

    target: int
    unit: int = NOBODY


class Rounds:
    """Short ways round in one fair component, from one of its states."""

    def __init__(self, graph: Graph, component: Component, entry: int, needed: Mask, large: int) -> None:
        self.graph, self.component, self.entry, self.needed = graph, component, entry, needed
        self.large = large
        self.inside = component == component[entry]
        sources, targets = graph.sources, graph.targets
        self.fair = np.flatnonzero(
            (graph.taken != NOBODY) & self.inside[sources] & (component[sources] == component[targets])
        )
        self.before, self.stamp = (np.full(len(graph), -1, np.int32) for _ in range(2))
        self.queue = np.zeros(len(graph), np.int32)
        self.walked = 0
        self.visited = [entry]
        self.taken: set[int] = set()

    def loop(self) -> list[Move]:
        """A way back to the entry that wrongs no unit and visits a needed state: to the nearest thing that is
        still owed, until nothing is."""
        moves: list[Move] = []
        while True:
            owed = list(self._owed())
            missing = not self.needed[self.visited].any()
            if owed or missing:
                moves += self._pay(owed, missing)
            elif self.visited[-1] != self.entry:
                home = np.zeros(len(self.graph), np.bool_)
                home[self.entry] = True
                moves += self._walk(home)
            else:
                return moves

    def _owed(self) -> Iterator[int]:
        """The units that a loop through what was visited and taken so far would wrong."""
        for number, unit in enumerate(self.graph.units):
            if number not in self.taken:
                bits = self.graph.enabled[self.visited, number // 64] >> np.uint64(number % 64)
                enabled = (bits & np.uint64(1)).astype(np.bool_)
                if enabled.any() if unit.strong else enabled.all():
                    yield number

    def _pay(self, owed: list[int], missing: bool) -> list[Move]:
        """To the nearest state in which a weak unit that is owed is disabled, or from which one that is owed
        is taken."""
        graph = self.graph
        wanted = self.inside & self.needed if missing else np.zeros(len(graph), np.bool_)
        for number in owed:
            if not graph.units[number].strong:
                wanted |= self.inside & ~graph.is_enabled(number)
        resting = wanted.copy()
        taking = self.fair[np.isin(graph.taken[self.fair], owed)]
        wanted[graph.sources[taking]] = True
        moves = self._walk(wanted)
        here = self.visited[-1]
        if not resting[here]:
            edge = taking[np.flatnonzero(graph.sources[taking] == here)[0]]
            moves.append(self._move(int(graph.targets[edge]), int(graph.taken[edge])))
        return moves

    def _walk(self, wanted: Mask) -> list[Move]:
        """To the nearest wanted state of the component."""
        graph, start = self.graph, self.visited[-1]
        self.walked += 1
        given = (graph.offsets, graph.targets, self.component, start, wanted)
        work = (self.before, self.stamp, self.walked, self.queue)
        end = walks.run(walks.nearest, len(graph) >= self.large, *given, *work)
        if end < 0:
            raise RuntimeError("a fair component in which a unit is owed for ever")
        way = []
        while end != start:
            way.append(end)
            end = int(self.before[end])
        return [self._move(state, self._by(state)) for state in reversed(way)]

    def _by(self, target: int) -> int:
        """The unit of a step to a state, one that was not taken yet if there is a choice."""
        graph, here = self.graph, self.visited[-1]
        steps = slice(graph.offsets[here], graph.offsets[here + 1])
        taken = graph.taken[steps][graph.targets[steps] == target].tolist()
        return next((unit for unit in taken if unit != NOBODY and unit not in self.taken), int(taken[0]))

    def _move(self, target: int, unit: int = NOBODY) -> Move:
        self.visited.append(target)
        self.taken |= {unit} - {NOBODY}
        return Move(target, unit)
