"""Liveness on the explicit engine's state graph: verdicts with lassos.

Fairness is owed to every parameter value on its own, so that states which differ by a permutation of a sort
are not the same here: the graph is that of all states. Properties may still use symmetry among their own
instances: of those that permutations take to each other, one is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from msgspec.structs import replace

from mmcheck.core.fairness import demands, units
from mmcheck.core.instance import State
from mmcheck.core.semantics import Dynamics
from mmcheck.core.symmetry import between
from mmcheck.core.system import Liveness, LivenessKind
from mmcheck.core.terms import Term
from mmcheck.core.trace import Step, Trace
from mmcheck.core.types import Value
from mmcheck.core.verdict import Exhaustive, Proved, Unknown, Verdict, Violated
from mmcheck.engines.engine import Progress
from mmcheck.engines.explicit import walks
from mmcheck.engines.explicit.fair import Component, FairComponents, Mask, Move, Rounds
from mmcheck.engines.explicit.graph import NOBODY, Builder, Graph, bytes_needed
from mmcheck.engines.explicit.search import NAME, Search
from mmcheck.engines.limits import resident_memory


class LimitError(Exception):
    """Raised where a limit comes first, with the reason."""


class LivenessJudge:
    """Judges the liveness properties of an instance after the search for everything else.

    `verdicts` holds what was decided so far; `unjudged` says why the rest is not."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.properties = [p for p in search.properties if isinstance(p, Liveness)]
        self.properties = [p for p in self.properties if (p.name, 0) not in search.found]
        self.verdicts: dict[str, Verdict] = {}
        self.unjudged: str | None = None

    def run(self) -> None:
        """Judge all properties, until a limit is reached."""
        search = self.search
        if search.stopped is not None or not search.visited.size:
            return
        self._settle()
        if not self.properties:
            return
        full = search if search.program.canonical is None else self._all_states()
        try:
            if full is not search:
                full.run()
            if full.stopped is not None:
                # The time that the second search has is what the first one left.
                raise LimitError(search.watch.exceeded(0) or full.stopped)
            self._judge(full)
        except LimitError as limit:
            self.unjudged = str(limit)
        except MemoryError:
            self.unjudged = "the machine has no more memory"
        finally:
            if full is not search:
                full.close()

    def verdict(self, prop: Liveness) -> Verdict | None:
        """What came out; None where the search itself says what to answer."""
        if prop.name not in self.verdicts and self.unjudged is not None:
            return Unknown(self.unjudged)
        return self.verdicts.get(prop.name)

    def _settle(self) -> None:
        """Set those properties aside that the constants alone make true, whatever runs there are."""
        search, open_ones = self.search, list(self.properties)
        symmetry = () if search.program.canonical is None else search.program.canonical.sorts
        fairness = demands(search.instance.system)
        whole = Exhaustive(search.visited.size, search.transitions, search.depth, symmetry, fairness)
        self.properties = [prop for prop in open_ones if not self._is_trivial(prop)]
        self.verdicts |= {prop.name: Proved(whole) for prop in open_ones if prop not in self.properties}

    def _is_trivial(self, prop: Liveness) -> bool:
        grounder = self.search.program.grounder
        always, never = grounder.dag.true, grounder.dag.false
        for claim in self.search.instance.claims(prop):
            goal = grounder.predicate(prop.goal, prop.params, claim)
            trigger = None if prop.trigger is None else grounder.predicate(prop.trigger, prop.params, claim)
            if goal.fails != never or (trigger is not None and trigger.fails != never):
                return False
            if goal.holds != always and (trigger is None or trigger.holds != never):
                return False
        return True

    def _all_states(self) -> Search:
        """A search that takes no two states for one."""
        search = self.search
        tuning = replace(search.tuning, symmetry=False, spill=None, checkpoint=None)
        limits, grounder = search.watch.left(), search.program.grounder
        return Search(
            search.instance, list(self.properties), limits, search.observe, tuning, grounder=grounder
        )

    def _judge(self, full: Search) -> None:
        count = len(units(full.instance))
        needed = bytes_needed(full.visited.size, full.transitions, full.words, count)
        if (reason := self.search.watch.exceeded_by(needed)) is not None:
            raise LimitError(f"{reason}: the graph for liveness takes about {needed / 2**20:,.0f} MiB")
        tuning = full.tuning
        assumptions = [predicate for _, predicate in full.assumptions]
        levels = [level for level in full.levels if len(level)]
        builder = Builder(full.program, assumptions, levels, tuning.block, tuning.threads, self._look)
        graph = builder.build(full.transitions)
        if len(graph) != full.visited.size:
            raise RuntimeError(
                f"{full.visited.size:,} states were visited, and the levels have {len(graph):,}"
            )
        views = FairComponents(graph, tuning.switch, self._look)
        cut_off = views.without_fair_run() if full.excluding else 0
        evidence = Exhaustive(
            len(graph), len(graph.targets), full.depth, (), demands(full.instance.system), cut_off
        )
        for prop in self.properties:
            violated = self._violation(prop, views)
            self.verdicts[prop.name] = violated or Proved(evidence)

    def _look(self, done: int) -> None:
        """Look at the limits, and tell how far it is."""
        search = self.search
        reason = search.watch.exceeded(0)
        if reason is not None:
            raise LimitError(reason)
        search.observe(
            Progress(
                NAME,
                "liveness",
                max(done, search.visited.size),
                search.transitions,
                search.depth,
                0,
                search.seconds,
                resident_memory(),
                search.bytes_per_state,
            )
        )

    # --- a property --------------------------------------------------------------------------------------

    def _violation(self, prop: Liveness, views: FairComponents) -> Violated | None:
        for claim in self._representatives(prop):
            self._look(0)
            lasso = _Claim(prop, claim, views, self.search.tuning.block).lasso()
            if lasso is not None:
                return Violated(lasso, tuple(claim.items()))
        return None

    def _representatives(self, prop: Liveness) -> Iterator[Mapping[str, Value]]:
        """One of those instances of a property that permutations take to each other."""
        chosen: list[tuple[Value, ...]] = []
        for claim in self.search.instance.claims(prop):
            values = tuple(claim.values())
            if all(between(values, other, self.search.instance.sizes) is None for other in chosen):
                chosen.append(values)
                yield claim


class _Claim:
    """One instance of a property, over all states."""

    def __init__(
        self, prop: Liveness, binding: Mapping[str, Value], views: FairComponents, block: int
    ) -> None:
        self.prop, self.binding, self.views, self.block = prop, binding, views, block
        self.graph = views.graph

    def lasso(self) -> Trace | None:
        """A fair run on which it is false, if there is one."""
        missing = ~self._truth(self.prop.goal)
        everywhere = self.prop.kind is LivenessKind.EVENTUALLY_ALWAYS
        region = np.ones(len(self.graph), np.bool_) if everywhere else missing
        component = self.views.find(region, missing if everywhere else None)
        way = self._stem(self._starts(region, component), region, component >= 0)
        if not way:
            return None
        rounds = Rounds(self.graph, component, way[-1], missing, self.views.large)
        return _told(self.graph, way, rounds.loop())

    def _truth(self, term: Term) -> Mask:
        predicate = self.graph.program.grounder.predicate(term, self.prop.params, self.binding)
        return self.graph.truth(predicate, self.block)

    def _starts(self, region: Mask, component: Component) -> Mask:
        """Where the part of a run may begin that stays in the region."""
        match self.prop.kind:
            case LivenessKind.ALWAYS_EVENTUALLY | LivenessKind.EVENTUALLY_ALWAYS:
                return component >= 0
            case LivenessKind.EVENTUALLY:
                initial: Mask = region & (self.graph.level == 0)
                return initial
            case LivenessKind.LEADS_TO:
                assert self.prop.trigger is not None
                return region & self._truth(self.prop.trigger)

    def _stem(self, starts: Mask, region: Mask, home: Mask) -> list[int]:
        """The states of a shortest run to a fair component; none if there is no such run."""
        graph, n = self.graph, len(self.graph)
        if not home.any() or not starts.any():
            return []
        before, distance = (np.full(n, -1, np.int32) for _ in range(2))
        given = (graph.offsets, graph.targets, graph.level, starts, region, home)
        work = (before, distance, np.zeros(n, np.int32))
        end = walks.run(walks.stem, n >= self.views.large, *given, *work)
        if end < 0:
            return []
        way = [end]
        while before[way[-1]] != way[-1]:
            way.append(int(before[way[-1]]))
        while graph.level[way[-1]] > 0:
            behind = graph.sources[graph.targets == way[-1]]
            way.append(int(behind[np.argmin(graph.level[behind])]))
        return way[::-1]


def _told(graph: Graph, way: list[int], loop: list[Move]) -> Trace:
    """A lasso through numbered states, told by the reference semantics."""
    dynamics = Dynamics.of(graph.program.instance)
    layout = graph.program.layout
    initial = state = layout.unpack(graph.rows[way[0]])
    steps: list[Step] = []
    for move in (*(Move(number) for number in way[1:]), *loop):
        step = _step(graph, dynamics, state, layout.unpack(graph.rows[move.target]), move.unit)
        steps.append(step)
        state = step.target
    return Trace(initial, tuple(steps), loop=len(way) - 1)


def _step(graph: Graph, dynamics: Dynamics, state: State, target: State, unit: int) -> Step:
    steps = (s for s in dynamics.successors(state) if isinstance(s, Step) and s.target == target)
    for step in steps:
        if unit == NOBODY or graph.units[unit].owns(step.action):
            return step
    raise RuntimeError("a step of the packed search is none of the reference semantics")
