"""Random runs of an instance, judged on the way: they find what is easy to find, and prove nothing.

A run begins in one of the initial states. In each state one of the enabled transitions is taken, each equally
likely, then one of its arguments and one of its outcomes: so a transition with many arguments does not crowd
out the others. All choices come from one seed, whatever machine it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck import session
from mmcheck.core.check import Check
from mmcheck.core.coverage import Branch, Taken
from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.outcome import CheckOutcome, SpecOutcome, Statistics
from mmcheck.core.semantics import (
    Dynamics,
    Meaning,
    ModelError,
    Outcome,
    at,
    denote,
    initial_states,
    step_of,
)
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
from mmcheck.core.verdict import Proved, Unknown, Verdict, Violated, Witness
from mmcheck.diagnostics import SpecError
from mmcheck.engines.engine import Answer, Limits, Observe, Progress
from mmcheck.engines.limits import Watch, resident_memory
from mmcheck.engines.reference.monitors import (
    DeadlockMonitor,
    ErrorMonitor,
    Found,
    InvariantMonitor,
    ReachableMonitor,
    StepMonitor,
)
from mmcheck.session import Options, Spec, ignore

MOST_INITIAL_STATES = 10_000
"""Runs begin in one of the first so many."""
LOOK_EVERY = 64
ORDINARY = Options()
_JUDGED = NoModelError | DeadlockFree | Invariant | StepInvariant | Reachable


class Plan(Struct, frozen=True):
    """What is to be run: the same plan gives the same runs."""

    seed: int = 0
    runs: int = 100
    steps: int = 50


def simulate(
    spec: Spec, plan: Plan = Plan(), options: Options = ORDINARY, observe: Observe = ignore
) -> SpecOutcome:
    """Run the checks of a spec at random, those that the options select. A property that was not violated is
    unknown; liveness and scenarios are not judged."""
    program, properties = spec.program, spec.declared.system.properties
    try:
        outcomes: list[CheckOutcome] = []
        for check in session.chosen(spec, options):
            if not any(isinstance(p, _JUDGED) and p.name in check.properties for p in properties):
                continue
            outcomes.append(_simulated(spec, check, plan, options, observe))
            if outcomes[-1].interrupted:
                break
    except SpecError as error:
        return SpecOutcome(program.path, program.name, (), error.diagnostics, program.doc)
    return SpecOutcome(program.path, program.name, tuple(outcomes), (), program.doc)


def simulate_file(
    path: str | Path, plan: Plan = Plan(), options: Options = ORDINARY, observe: Observe = ignore
) -> SpecOutcome:
    """The same for a file. Never raises for bad input."""
    try:
        return simulate(session.load(path, options.settings), plan, options, observe)
    except SpecError as error:
        return SpecOutcome(str(path), Path(path).stem, (), error.diagnostics)


def _simulated(spec: Spec, check: Check, plan: Plan, options: Options, observe: Observe) -> CheckOutcome:
    """One check. That a counterexample is not the shortest is no surprise here."""
    check, instance = session.instantiate(spec, check)
    check = replace(check, expected={n: replace(e, steps=None) for n, e in check.expected.items()})
    answer = Simulation(plan).check(instance, check.properties, options.limits, observe)
    outcome = session.judged(spec, check, instance, answer)
    failed = any(
        isinstance(p.prop, NoModelError) and isinstance(p.verdict, Violated) for p in outcome.properties
    )
    if not (answer.statistics.states or answer.interrupted or failed):
        raise SpecError((session.no_initial_state(spec, check, instance),))
    return outcome


class Simulation(Struct, frozen=True):
    """Random runs, told as an engine tells a search."""

    plan: Plan
    name: str = "simulation"

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        """Judge the named properties on the runs of the plan."""
        chosen = [p for p in instance.system.properties if p.name in properties]
        runs = _Runs(instance, chosen, self.plan, Watch(limits), observe)
        interrupted = False
        try:
            runs.run()
        except KeyboardInterrupt:
            interrupted = True
        return Answer(runs.verdicts(), runs.statistics(), {}, (), interrupted, runs.branches())


class _Runs(Struct, dict=True):
    instance: Instance
    properties: list[Property]
    plan: Plan
    watch: Watch
    observe: Observe
    states: set[State] = field(default_factory=set)
    fired: Counter[str] = field(default_factory=Counter)
    taken: Counter[Branch] = field(default_factory=Counter)
    failed: set[Branch] = field(default_factory=set)
    finished: int = 0
    longest: int = 0
    traces: dict[int, Trace] = field(default_factory=dict)
    """The run behind each thing found, by the identity of the latter."""

    def __post_init__(self) -> None:
        make = (self.instance, errors := ErrorMonitor())
        self.errors, self.deadlocks = errors, DeadlockMonitor()
        self.dynamics = Dynamics.of(self.instance)
        self.invariants = [InvariantMonitor(p, *make) for p in self.properties if isinstance(p, Invariant)]
        self.step_monitors = [StepMonitor(p, *make) for p in self.properties if isinstance(p, StepInvariant)]
        self.goals = [ReachableMonitor(p, *make) for p in self.properties if isinstance(p, Reachable)]
        self.assumptions: list[Meaning] = [
            denote(a.body, self.instance) for a in self.instance.system.assumptions
        ]
        self.actions: dict[str, list[Action]] = {}
        for action in self.instance.actions:
            self.actions.setdefault(action.transition.name, []).append(action)

    # --- running -----------------------------------------------------------------------------------------

    def run(self) -> None:
        begins = list(islice(self._begins(), MOST_INITIAL_STATES))
        for number in range(self.plan.runs if begins else 0):
            # A run of its own for each number: so the last one does not depend on how long the others were.
            self._one(Random(f"{self.plan.seed} {number}"), begins)
            self.finished += 1
            if self.watch.exceeded(len(self.states)) is not None:
                return

    def _begins(self) -> Iterator[State]:
        for initial in initial_states(self.instance):
            if isinstance(initial, Failure):
                self.errors.see((), initial, {})
            elif self._is_assumed(initial):
                yield initial

    def _one(self, random: Random, begins: list[State]) -> None:
        state = random.choice(begins)
        trace = Trace(state, ())
        self._see_state(state, trace)
        for number in range(self.plan.steps):
            if number % LOOK_EVERY == 0:
                self._tell()
            step = self._step(random, state, trace)
            if step is None:
                return
            trace = replace(trace, steps=(*trace.steps, step))
            for monitor in self.step_monitors:
                monitor.see_step(state, step)
            state = step.target
            self.longest = max(self.longest, len(trace.steps))
            self._see_state(state, trace)

    def _step(self, random: Random, state: State, trace: Trace) -> Step | None:
        """A step from a state that keeps the assumptions; None where there is none."""
        enabled = False
        for action in self._in_random_order(random):
            outcomes = self.dynamics.outcomes(state, action)
            if not outcomes:
                continue
            enabled = True
            outcome = random.choice(outcomes)
            step = step_of(action, outcome)
            if isinstance(step, FailedStep):
                self.failed |= outcome.taken
                self.errors.see(state, step, {})
                self._keep(trace)
                return None
            if self._is_assumed(step.target):
                self._count(action, outcome)
                return step
        if not enabled:
            self.deadlocks.see_end(state)
            self._keep(trace)
        return None

    def _in_random_order(self, random: Random) -> Iterator[Action]:
        names = list(self.actions)
        random.shuffle(names)
        for name in names:
            yield from random.sample(self.actions[name], len(self.actions[name]))

    def _count(self, action: Action, outcome: Outcome) -> None:
        self.fired[action.transition.name] += 1
        self.taken.update(outcome.taken)

    def _is_assumed(self, state: State) -> bool:
        """What an assumption excludes is not looked at, and where one has no value the run ends as well."""
        try:
            return all(meaning(at(state, {})) for meaning in self.assumptions)
        except ModelError:
            return False

    def _see_state(self, state: State, trace: Trace) -> None:
        self.states.add(state)
        for invariant in self.invariants:
            invariant.see_state(state)
        for goal in self.goals:
            goal.see_state(state)
        self._keep(trace)

    def _keep(self, trace: Trace) -> None:
        """Remember the run behind what was found just now."""
        for found in self._all_found():
            if id(found) not in self.traces:
                steps = trace.steps
                if found.step is not None and (not steps or steps[-1] is not found.step):
                    steps = (*steps, found.step)
                self.traces[id(found)] = replace(trace, steps=steps, end=found.end)

    def _all_found(self) -> Iterator[Found]:
        single = [self.errors.found, self.deadlocks.found, *self._violations().values()]
        yield from (found for found in single if found is not None)
        for goal in self.goals:
            yield from goal.reached

    def _violations(self) -> dict[str, Found | None]:
        invariants = {monitor.prop.name: monitor.found for monitor in self.invariants}
        return invariants | {monitor.prop.name: monitor.found for monitor in self.step_monitors}

    def _tell(self) -> None:
        self.observe(
            Progress(
                engine="simulation",
                phase=f"run {self.finished + 1}",
                states=len(self.states),
                transitions=self.fired.total(),
                depth=self.longest,
                frontier=0,
                seconds=self.watch.seconds,
                memory=resident_memory(),
            )
        )

    # --- answering ---------------------------------------------------------------------------------------

    def statistics(self) -> Statistics:
        return Statistics(
            engine="simulation",
            states=len(self.states),
            transitions=self.fired.total(),
            depth=self.longest,
            seconds=self.watch.seconds,
            memory=resident_memory(),
            complete=False,
            fired={t.name: self.fired[t.name] for t in self.instance.system.transitions},
        )

    def branches(self) -> dict[Branch, Taken]:
        met = self.taken.keys() | self.failed
        return {branch: Taken(self.taken[branch], branch in self.failed) for branch in met}

    def verdicts(self) -> dict[str, Verdict]:
        found: dict[str, Found | None] = {
            NoModelError().name: self.errors.found,
            DeadlockFree().name: self.deadlocks.found,
            **self._violations(),
        }
        reached = {goal.prop.name: goal for goal in self.goals}
        verdicts: dict[str, Verdict] = {}
        for prop in self.properties:
            match prop:
                case Reachable(name):
                    verdicts[name] = self._reached(reached[name])
                case Liveness() | Scenario():
                    pass
                case _:
                    verdicts[prop.name] = self._verdict(found[prop.name])
        return verdicts

    def _verdict(self, found: Found | None) -> Verdict:
        if found is None:
            return Unknown(f"not violated in {self._extent()}")
        if found.end is not None and not found.state:
            message = found.end.message if isinstance(found.end, Failure) else ""
            return Violated(None, reason=f"in the initial states: {message}")
        reason = "Found by a random run: there may be a shorter way."
        return Violated(self.traces[id(found)], tuple(found.binding.items()), reason)

    def _reached(self, goal: ReachableMonitor) -> Verdict:
        if goal.open:
            left = f" for {len(goal.pending)} of {len(goal.claims)} instances" if goal.reached else ""
            return Unknown(f"not reached{left} in {self._extent()}")
        return Proved(Witness(tuple((tuple(f.binding.items()), self.traces[id(f)]) for f in goal.reached)))

    def _extent(self) -> str:
        return f"{self.fired.total():,} random steps"
