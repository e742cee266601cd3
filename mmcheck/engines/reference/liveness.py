"""Liveness by the textbook: fair strongly connected components of the states that miss the goal.

What violates `P ~> Q` is a run that, from some state with P on, meets no Q: it ends up going round in a
component of the states without Q, and is fair if every unit of weak fairness is taken or somewhere disabled
there, every unit of strong fairness taken or nowhere enabled. A component in which a strong unit is enabled
and never taken may still hold a smaller one that avoids the states where it is.

References: O. Lichtenstein and A. Pnueli, Checking that finite state concurrent programs satisfy their linear
specification, POPL 1985; M. Sharir, A strong-connectivity algorithm, 1981 (the components).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from mmcheck.core.fairness import Unit, units
from mmcheck.core.instance import State
from mmcheck.core.semantics import Dynamics, at, denote
from mmcheck.core.system import Liveness, LivenessKind
from mmcheck.core.trace import Step, Trace
from mmcheck.core.types import Value
from mmcheck.core.verdict import Violated

Component = frozenset[State]


class StateGraph(Struct, frozen=True, dict=True):
    """The states that were reached, in breadth-first order, each with the step by which it was."""

    dynamics: Dynamics
    reached: Mapping[State, tuple[State, Step] | None]
    look: Callable[[], None]
    """Looks at the limits, now and then; raises where one is reached."""

    @cached_property
    def steps(self) -> dict[State, list[Step]]:
        """The steps between states that were reached."""
        found: dict[State, list[Step]] = {}
        for state in self.reached:
            self.look()
            possible = self.dynamics.successors(state)
            found[state] = [s for s in possible if isinstance(s, Step) and s.target in self.reached]
        return found

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        return units(self.dynamics.instance)

    @cached_property
    def enabled(self) -> dict[State, frozenset[Unit]]:
        """The units that are enabled in each state, though perhaps by a step that an assumption forbids."""
        return {s: frozenset(u for u in self.units if u.is_enabled(s, self.dynamics)) for s in self.reached}

    # --- fair components ---------------------------------------------------------------------------------

    def fair_components(self, region: Collection[State], needed: Collection[State]) -> Iterator[Component]:
        """The largest sets of states of a region through all of which some fair run can go for ever; each
        holds one of the needed states."""
        for component in self.components(region):
            self.look()
            inside = [step for s in component for step in self.steps[s] if step.target in component]
            taken = {u for u in self.units for step in inside if u.owns(step.action)}
            always = frozenset(self.units).intersection(*(self.enabled[s] for s in component))
            sometimes = frozenset().union(*(self.enabled[s] for s in component))
            if component.isdisjoint(needed) or any(u not in taken for u in always if not u.strong):
                continue
            starved = {u for u in sometimes if u.strong} - taken
            if not starved:
                yield component
            else:
                rest = [s for s in component if starved.isdisjoint(self.enabled[s])]
                yield from self.fair_components(rest, needed)

    def components(self, region: Collection[State]) -> Iterator[Component]:
        """The strongly connected components of some states: depth first there, then back again."""
        inside = set(region)
        ahead = {s: [t.target for t in self.steps[s] if t.target in inside] for s in region}
        behind: dict[State, list[State]] = {s: [] for s in region}
        for state, targets in ahead.items():
            for target in targets:
                behind[target].append(state)
        seen: set[State] = set()
        finished = [s for root in ahead for s in _finished(root, ahead, seen)]
        seen = set()
        for root in reversed(finished):
            if found := frozenset(_finished(root, behind, seen)):
                yield found

    # --- paths -------------------------------------------------------------------------------------------

    def path(
        self, start: State, region: Collection[State], wanted: Callable[[Step | State], bool]
    ) -> list[Step]:
        """A shortest path in a region to a state, or through a step, that is wanted."""
        if wanted(start):
            return []
        before: dict[State, Step] = {}
        came: dict[State, State] = {}
        queue = deque([start])
        while queue:
            state = queue.popleft()
            for step in self.steps[state]:
                if step.target not in region:
                    continue
                if wanted(step) or wanted(step.target):
                    path = [step]
                    while state != start:
                        path.append(before[state])
                        state = came[state]
                    return path[::-1]
                if step.target not in before:
                    before[step.target], came[step.target] = step, state
                    queue.append(step.target)
        raise RuntimeError("a component that is no component")

    def loop(self, entry: State, component: Component, needed: Collection[State]) -> list[Step]:
        """A way round in a fair component that wrongs no unit and visits a needed state: to the nearest thing
        that is still owed, until nothing is."""
        steps: list[Step] = []
        while True:
            states = [entry, *(step.target for step in steps)]
            owed = self._owed(states, steps)
            missing = not any(s in needed for s in states)
            if not owed and not missing and states[-1] == entry:
                return steps
            if not owed and not missing:
                steps += self.path(states[-1], component, lambda x: x == entry)
                continue

            def pays(x: Step | State, owed: list[Unit] = owed, missing: bool = missing) -> bool:
                if isinstance(x, Step):
                    return any(u.owns(x.action) for u in owed)
                return (missing and x in needed) or any(
                    not u.strong and u not in self.enabled[x] for u in owed
                )

            steps += self.path(states[-1], component, pays)

    def _owed(self, states: list[State], steps: list[Step]) -> list[Unit]:
        """The units that a loop through some states and steps would wrong."""
        taken = {u for u in self.units for step in steps if u.owns(step.action)}
        always = frozenset(self.units).intersection(*(self.enabled[s] for s in states))
        sometimes = frozenset().union(*(self.enabled[s] for s in states))
        return [u for u in self.units if u not in taken and u in (sometimes if u.strong else always)]


def _finished(root: State, edges: Mapping[State, list[State]], seen: set[State]) -> Iterable[State]:
    """The states that are reached from a root and were not seen before, in the order in which a depth-first
    search is done with them."""
    if root in seen:
        return
    seen.add(root)
    stack = [(root, iter(edges[root]))]
    while stack:
        state, targets = stack[-1]
        target = next((t for t in targets if t not in seen), None)
        if target is None:
            stack.pop()
            yield state
        else:
            seen.add(target)
            stack.append((target, iter(edges[target])))


# --- properties ------------------------------------------------------------------------------------------


def violation(prop: Liveness, graph: StateGraph) -> Violated | None:
    """A fair lasso on which some instance of the property is false, if there is one. Everything that the
    property is about must have a value in every state."""
    for claim in graph.dynamics.instance.claims(prop):
        if (lasso := _lasso(prop, claim, graph)) is not None:
            return Violated(lasso, tuple(claim.items()))
    return None


def without_fair_run(graph: StateGraph) -> int:
    """From how many states no fair run goes on for ever without breaking an assumption."""
    everything = graph.reached.keys()
    behind: dict[State, list[State]] = {s: [] for s in everything}
    for state, steps in graph.steps.items():
        for step in steps:
            behind[step.target].append(state)
    alive: set[State] = set()
    for component in graph.fair_components(everything, everything):
        for state in component:
            for _ in _finished(state, behind, alive):
                pass
    return len(everything) - len(alive)


def _lasso(prop: Liveness, claim: Mapping[str, Value], graph: StateGraph) -> Trace | None:
    instance = graph.dynamics.instance
    goal = denote(prop.goal, instance)
    missing = {s for s in graph.reached if not goal(at(s, claim))}
    if prop.kind is LivenessKind.EVENTUALLY_ALWAYS:
        region, needed = set(graph.reached), missing
    else:
        region, needed = missing, missing
    components = list(graph.fair_components([s for s in graph.reached if s in region], needed))
    home = {state: component for component in components for state in component}
    starts: Collection[State]
    match prop.kind:
        case LivenessKind.ALWAYS_EVENTUALLY | LivenessKind.EVENTUALLY_ALWAYS:
            starts = home
        case LivenessKind.EVENTUALLY:
            starts = {s for s, by in graph.reached.items() if by is None}
        case LivenessKind.LEADS_TO:
            assert prop.trigger is not None
            trigger = denote(prop.trigger, instance)
            starts = {s for s in region if trigger(at(s, claim))}
    found = _stem(graph, starts, region, home)
    if found is None:
        return None
    initial, stem = found
    entry = stem[-1].target if stem else initial
    loop = graph.loop(entry, home[entry], needed)
    return Trace(initial, (*stem, *loop), loop=len(stem))


def _stem(
    graph: StateGraph, starts: Collection[State], region: Collection[State], homes: Collection[State]
) -> tuple[State, list[Step]] | None:
    """A shortest run that comes by one of the starts and, from there on, stays in the region until it is at
    home. A node of the search is a state, and whether a start was passed."""
    queue = deque((s, False) for s, by in graph.reached.items() if by is None)
    before: dict[tuple[State, bool], tuple[tuple[State, bool], Step | None] | None]
    before = dict.fromkeys(queue)
    while queue:
        node = queue.popleft()
        state, passed = node
        if not passed and state in starts and state in region and (state, True) not in before:
            before[state, True] = (node, None)
            # It takes no step, so it comes before all nodes that wait.
            queue.appendleft((state, True))
        if passed and state in homes:
            return _back(node, before)
        for step in graph.steps[state]:
            following = (step.target, passed)
            if following not in before and (not passed or step.target in region):
                before[following] = (node, step)
                queue.append(following)
    return None


def _back(
    node: tuple[State, bool],
    before: Mapping[tuple[State, bool], tuple[tuple[State, bool], Step | None] | None],
) -> tuple[State, list[Step]]:
    steps: list[Step] = []
    while (way := before[node]) is not None:
        node, step = way
        steps += [] if step is None else [step]
    return node[0], steps[::-1]
