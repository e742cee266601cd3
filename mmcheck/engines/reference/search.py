"""Breadth-first search over the reference semantics: slow, plain, and what every other engine is compared to.

States are visited in the order of their distance from an initial state, so the first violation met is a
shortest one. `reached` keeps for each state the step that first led to it.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from mmcheck.core.coverage import Branch, Taken
from mmcheck.core.fairness import demands
from mmcheck.core.instance import Instance, State
from mmcheck.core.outcome import Statistics
from mmcheck.core.semantics import Dynamics, Meaning, ModelError, at, denote, initial_states, step_of
from mmcheck.core.system import (
    DeadlockFree,
    Invariant,
    Liveness,
    NoModelError,
    Property,
    Reachable,
    Scenario,
    StepInvariant,
)
from mmcheck.core.trace import FailedStep, Failure, Step, Trace
from mmcheck.core.verdict import Binding, Exhaustive, Proved, Unknown, Verdict, Violated, Witness, given
from mmcheck.engines.engine import Answer, Limits, Observe, Progress
from mmcheck.engines.limits import Watch, resident_memory
from mmcheck.engines.reference.liveness import StateGraph, violation, without_fair_run
from mmcheck.engines.reference.monitors import (
    Bindings,
    DeadlockMonitor,
    ErrorMonitor,
    Found,
    InvariantMonitor,
    LivenessMonitor,
    ReachableMonitor,
    StepMonitor,
)
from mmcheck.engines.scenario import play

LOOK_EVERY = 64
"""After how many expanded states the limits are looked at, and progress is told."""


class ReferenceEngine:
    """The plain search."""

    name = "reference"

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        """Judge the named properties by visiting every reachable state, until all are decided."""
        chosen = [p for p in instance.system.properties if p.name in properties]
        search = _Search(instance, chosen, Watch(limits), observe)
        interrupted = False
        try:
            search.run()
        except KeyboardInterrupt:
            search.stopped = "it was interrupted"
            interrupted = True
        try:
            search.judge_liveness()
        except KeyboardInterrupt:
            search.unjudged = "it was interrupted"
            interrupted = True
        return Answer(
            search.verdicts(),
            search.statistics(),
            search.unmet(),
            search.idle(),
            interrupted,
            search.branches(),
        )


class _LimitError(Exception):
    """Raised where a limit comes first, with the reason."""


class _Search(Struct, dict=True):
    instance: Instance
    properties: list[Property]
    watch: Watch
    observe: Observe
    reached: dict[State, tuple[State, Step] | None] = field(default_factory=dict)
    transitions: int = 0
    depth: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    taken: Counter[Branch] = field(default_factory=Counter)
    taken_in_errors: set[Branch] = field(default_factory=set)
    stopped: str | None = None
    """Why the search ended before every state was visited; None when it did not."""
    decided_early: bool = False
    initial_failure: Failure | None = None
    judged: dict[str, Verdict] = field(default_factory=dict)
    """The verdicts about what happens in the end."""
    unjudged: str | None = None
    """Why some of these are missing although every state was visited."""
    searching: bool = False
    """Whether a property needs the reachable states; scenarios do not."""

    def __post_init__(self) -> None:
        self.dynamics = Dynamics.of(self.instance)
        self.errors = ErrorMonitor()
        self.deadlocks = DeadlockMonitor()
        self.watches_errors = any(isinstance(p, NoModelError) for p in self.properties)
        self.watches_deadlocks = any(isinstance(p, DeadlockFree) for p in self.properties)
        make = (self.instance, self.errors)
        self.invariants = [InvariantMonitor(p, *make) for p in self.properties if isinstance(p, Invariant)]
        self.steps = [StepMonitor(p, *make) for p in self.properties if isinstance(p, StepInvariant)]
        self.reachable = [ReachableMonitor(p, *make) for p in self.properties if isinstance(p, Reachable)]
        self.liveness = [LivenessMonitor(p, *make) for p in self.properties if isinstance(p, Liveness)]
        self.state_monitors: list[InvariantMonitor | StepMonitor | ReachableMonitor | LivenessMonitor]
        self.state_monitors = [*self.invariants, *self.steps, *self.reachable, *self.liveness]
        self.assumptions: list[tuple[str, Meaning]] = [
            (a.name, denote(a.body, self.instance)) for a in self.instance.system.assumptions
        ]
        self.excluding: set[str] = set()

    # --- searching ---------------------------------------------------------------------------------------

    def run(self) -> None:
        self.searching = any(not isinstance(p, Scenario) for p in self.properties)
        if not self.searching:
            return
        frontier = self._begin()
        while frontier and not self._is_over():
            if self.depth == self.watch.limits.max_depth:
                self._look_for_ends(frontier)
                self.stopped = f"none up to depth {self.depth}, the limit"
                return
            frontier = self._expand(frontier)
            self.depth += bool(frontier)

    def _begin(self) -> list[State]:
        frontier: list[State] = []
        for initial in initial_states(self.instance):
            if isinstance(initial, Failure):
                self.initial_failure = self.initial_failure or initial
            elif self._is_assumed(initial, None):
                self.reached[initial] = None
                frontier.append(initial)
                self._see(initial)
                if len(frontier) % LOOK_EVERY == 0:
                    self._check_limits(len(frontier))
            if self.stopped is not None:
                break
        return frontier

    def _look_for_ends(self, frontier: list[State]) -> None:
        """Of the states that are not expanded any more, whether one is a deadlock."""
        for state in frontier if self.watches_deadlocks else ():
            if not self.dynamics.successors(state):
                self.deadlocks.see_end(state)

    def _expand(self, frontier: list[State]) -> list[State]:
        """The states of the next level."""
        following: list[State] = []
        for number, state in enumerate(frontier):
            if number % LOOK_EVERY == 0:
                self._check_limits(len(frontier) - number + len(following))
                if self._is_over():
                    break
            self._expand_state(state, following)
        return following

    def _expand_state(self, state: State, following: list[State]) -> None:
        enabled = False
        ways = ((a, outcome) for a in self.instance.actions for outcome in self.dynamics.outcomes(state, a))
        for action, outcome in ways:
            enabled = True
            step = step_of(action, outcome)
            if isinstance(step, FailedStep):
                self.errors.see(state, step, {})
                self.taken_in_errors |= outcome.taken
                continue
            if step.target not in self.reached:
                if not self._is_assumed(step.target, (state, step)):
                    continue
                # A state is marked on insertion, not on removal: otherwise it would be queued once for each
                # of its predecessors.
                self.reached[step.target] = (state, step)
                following.append(step.target)
                self._see(step.target)
            self.transitions += 1
            self.fired[action.transition.name] += 1
            self.taken.update(outcome.taken)
            for monitor in self.steps:
                monitor.see_step(state, step)
        if not enabled:
            self.deadlocks.see_end(state)

    def _see(self, state: State) -> None:
        for monitor in self.state_monitors:
            monitor.see_state(state)

    def _is_assumed(self, state: State, reached_by: tuple[State, Step] | None) -> bool:
        for name, meaning in self.assumptions:
            try:
                if not meaning(at(state, {})):
                    self.excluding.add(name)
                    return False
            except ModelError as error:
                before, step = (state, None) if reached_by is None else reached_by
                self.errors.see(before, error.failure, {}, step)
                return False
        return True

    def _check_limits(self, frontier: int) -> None:
        self.stopped = self.watch.exceeded(len(self.reached)) or self.stopped
        self.observe(
            Progress(
                engine=ReferenceEngine.name,
                phase="search",
                states=len(self.reached),
                transitions=self.transitions,
                depth=self.depth,
                frontier=frontier,
                seconds=self.watch.seconds,
                memory=resident_memory(),
            )
        )

    def _is_over(self) -> bool:
        """Whether nothing is left to be decided, or a limit was reached."""
        self.decided_early = not (
            any(monitor.open for monitor in self.state_monitors)
            or (self.watches_errors and self.errors.open)
            or (self.watches_deadlocks and self.deadlocks.open)
        )
        return self.decided_early or self.stopped is not None

    # --- liveness ----------------------------------------------------------------------------------------

    def judge_liveness(self) -> None:
        """What happens in the end, once every state was visited."""
        graph = StateGraph(self.dynamics, self.reached, self._look)
        try:
            for monitor in self.liveness if self.complete and self.reached else ():
                if monitor.found is None:
                    self.judged[monitor.prop.name] = violation(monitor.prop, graph) or self._live(graph)
        except _LimitError as limit:
            self.unjudged = str(limit)

    def _live(self, graph: StateGraph) -> Proved:
        cut_off = without_fair_run(graph) if self.excluding else 0
        fairness = demands(self.instance.system)
        states, transitions = len(self.reached), self.transitions
        evidence = Exhaustive(states, transitions, self.depth, (), fairness, cut_off)
        return Proved(evidence)

    def _look(self) -> None:
        reason = self.watch.exceeded(0)
        if reason is not None:
            raise _LimitError(reason)

    # --- answering ---------------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        return self.searching and self.stopped is None and not self.decided_early

    def statistics(self) -> Statistics:
        return Statistics(
            engine=ReferenceEngine.name,
            states=len(self.reached),
            transitions=self.transitions,
            depth=self.depth,
            seconds=self.watch.seconds,
            memory=resident_memory(),
            complete=self.complete,
            fired={t.name: self.fired[t.name] for t in self.instance.system.transitions},
        )

    def unmet(self) -> dict[str, tuple[str, ...]]:
        """For each property, its premises that were never true; known only once every state was visited."""
        monitors: list[InvariantMonitor | StepMonitor | LivenessMonitor]
        monitors = [*self.invariants, *self.steps, *self.liveness]
        if not self.complete:
            return {}
        return {m.prop.name: m.premises.texts() for m in monitors if m.open and m.premises.texts()}

    def branches(self) -> dict[Branch, Taken]:
        """The branches that were taken."""
        met = self.taken.keys() | self.taken_in_errors
        return {branch: Taken(self.taken[branch], branch in self.taken_in_errors) for branch in met}

    def idle(self) -> tuple[str, ...]:
        """The assumptions that excluded no state."""
        return tuple(n for n, _ in self.assumptions if n not in self.excluding) if self.complete else ()

    def verdicts(self) -> dict[str, Verdict]:
        return {prop.name: self._verdict(prop) for prop in self.properties}

    def _verdict(self, prop: Property) -> Verdict:
        match prop:
            case NoModelError():
                if self.initial_failure is not None:
                    return Violated(None, reason=f"in the initial states: {self.initial_failure.message}")
                return self._judge(self.errors.found)
            case DeadlockFree():
                return self._judge(self.deadlocks.found)
            case Invariant(name):
                return self._judge(next(m.found for m in self.invariants if m.prop.name == name))
            case StepInvariant(name):
                return self._judge(next(m.found for m in self.steps if m.prop.name == name))
            case Reachable(name):
                return self._judge_reachable(next(m for m in self.reachable if m.prop.name == name))
            case Scenario():
                return play(prop, self.instance, self.dynamics)
            case Liveness(name):
                found = next(m.found for m in self.liveness if m.prop.name == name)
                if found is None and self.unjudged is not None:
                    return self.judged.get(name, Unknown(self.unjudged))
                return self.judged.get(name) or given(demands(self.instance.system), self._judge(found))

    def _judge(self, found: Found | None) -> Verdict:
        if found is not None:
            return Violated(self._trace(found), _binding(found.binding))
        return self._exhaustive()

    def _exhaustive(self) -> Proved | Unknown:
        if self.stopped is not None:
            return Unknown(self.stopped)
        if not self.reached and (self.initial_failure or self.errors.found):
            return Unknown("there is no initial state without a model error", limit=False)
        return Proved(Exhaustive(len(self.reached), self.transitions, self.depth))

    def _judge_reachable(self, monitor: ReachableMonitor) -> Verdict:
        if not monitor.open:
            return Proved(Witness(tuple((_binding(f.binding), self._trace(f)) for f in monitor.reached)))
        exhaustive = self._exhaustive()
        if isinstance(exhaustive, Unknown):
            return exhaustive
        evidence = exhaustive.evidence
        assert isinstance(evidence, Exhaustive)
        return Violated(None, _binding(monitor.pending[0]), "no reachable state satisfies it", evidence)

    def _trace(self, found: Found) -> Trace:
        """The way to what was found, by the steps that first led to each state."""
        steps = [] if found.step is None else [found.step]
        state = found.state
        while (before := self.reached.get(state)) is not None:
            state = before[0]
            steps.append(before[1])
        return Trace(state, tuple(reversed(steps)), found.end)


def _binding(binding: Bindings) -> Binding:
    return tuple(binding.items())
