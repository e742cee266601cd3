"""The naive checker: the reachable states as a set grown to its fixpoint, every property judged over it.

It is written to be seen to be right, not to be fast, and takes only the meaning of steps and of predicates
from `core.semantics`. Every engine must agree with it on verdicts, on the numbers of states and of levels,
and on the lengths of counterexamples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from msgspec import Struct

from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.semantics import Dynamics, ModelError, at, denote, initial_states
from mmcheck.core.system import (
    Assert,
    Blocked,
    DeadlockFree,
    Fairness,
    Fire,
    Invariant,
    Liveness,
    LivenessKind,
    NoModelError,
    Reachable,
    Scenario,
    StepInvariant,
)
from mmcheck.core.terms import Term
from mmcheck.core.trace import Failure, Step
from mmcheck.core.types import Value


class TooLargeError(Exception):
    """There are more states than the caller wants to see."""


class Judgement(Struct, frozen=True):
    """`length` is that of a shortest counterexample, or of the run after which everything reachable that was
    asked for was seen; None where there is no such run."""

    holds: bool
    length: int | None = None


class Truth(Struct, frozen=True):
    """What is true of an instance."""

    depths: Mapping[State, int]
    judgements: Mapping[str, Judgement]

    @property
    def depth(self) -> int:
        return max(self.depths.values(), default=0)


def truth(instance: Instance, most: int = 2_000) -> Truth:
    """Everything that an exhaustive engine has to find out. Raises TooLargeError beyond `most` states."""
    return _Oracle(instance, most).truth()


class _Oracle:
    def __init__(self, instance: Instance, most: int) -> None:
        self.instance = instance
        self.dynamics = Dynamics.of(instance)
        initial = [s for s in initial_states(instance) if not isinstance(s, Failure)]
        self.fails_at_once = any(isinstance(s, Failure) for s in initial_states(instance))
        self.depths: dict[State, int] = {s: 0 for s in initial if self.assumed(s)}
        self.errors: list[int] = [0 for s in initial if self.assumed(s) is None]
        level, depth = set(self.depths), 0
        while level:
            level = {t for s in level for t in self.targets(s, depth)} - set(self.depths)
            depth += 1
            self.depths |= dict.fromkeys(level, depth)
            if len(self.depths) > most:
                raise TooLargeError

    def targets(self, state: State, depth: int) -> Iterator[State]:
        """The states behind a state that break no assumption; the errors on the way are noted."""
        for step in self.dynamics.successors(state):
            if not isinstance(step, Step):
                self.errors.append(depth + 1)
            elif self.assumed(step.target):
                yield step.target
            elif self.assumed(step.target) is None:
                self.errors.append(depth + 1)

    def value(self, term: Term, state: State, claim: Mapping[str, Value], *step: object) -> bool | None:
        """The truth of a predicate; None for a model error."""
        try:
            return bool(denote(term, self.instance)(at(state, claim, *step)))  # type: ignore[arg-type]
        except ModelError:
            return None

    def assumed(self, state: State) -> bool | None:
        """Whether all assumptions hold; they are looked at in order, up to the first that does not."""
        values = (self.value(a.body, state, {}) for a in self.instance.system.assumptions)
        return next((value for value in values if value is not True), True)

    def truth(self) -> Truth:
        judgements: dict[str, Judgement] = {}
        for prop in self.instance.system.properties:
            claims = list(self.instance.claims(prop))
            match prop:
                case Invariant(name, _, body):
                    seen = [(d, self.value(body, s, c)) for s, d in self.depths.items() for c in claims]
                    judgements[name] = self.judge(seen)
                case StepInvariant(name, _, body):
                    seen = [
                        (self.depths[s] + 1, self.value(body, s, c, step.target, step.action.transition.name))
                        for s in self.depths
                        for step in self.dynamics.successors(s)
                        if isinstance(step, Step) and step.target in self.depths and step.target != s
                        for c in claims
                    ]
                    judgements[name] = self.judge(seen)
                case Reachable(name, _, body):
                    firsts = [self.first(body, claim) for claim in claims]
                    found = [depth for depth in firsts if depth is not None]
                    complete = len(found) == len(firsts)
                    judgements[name] = Judgement(complete, max(found) if complete else None)
                case DeadlockFree(name):
                    ends = [d for s, d in self.depths.items() if not list(self.dynamics.successors(s))]
                    judgements[name] = Judgement(not ends, min(ends, default=None))
                case Liveness(name, _, _, trigger, goal):
                    parts = [goal] if trigger is None else [goal, trigger]
                    seen = [
                        (d, self.value(part, s, c))
                        for s, d in self.depths.items()
                        for c in claims
                        for part in parts
                    ]
                    nowhere = [(d, True if value is False else value) for d, value in seen]
                    defined = self.judge(nowhere)
                    runs = _Runs(self) if defined.holds else None
                    holds = runs is not None and all(runs.holds(prop, claim) for claim in claims)
                    judgements[name] = Judgement(holds, defined.length)
                case Scenario(name):
                    judgements[name] = Judgement(any(self.plays(prop, claim) for claim in claims))
                case _:
                    pass
        judgements[NoModelError().name] = self.no_model_error()
        return Truth(self.depths, judgements)

    def judge(self, seen: list[tuple[int, bool | None]]) -> Judgement:
        """A property over everywhere that it was evaluated: false or without a value is a violation."""
        self.errors += [depth for depth, value in seen if value is None]
        wrong = [depth for depth, value in seen if value is not True]
        return Judgement(not wrong, min(wrong, default=None))

    def first(self, body: Term, claim: Mapping[str, Value]) -> int | None:
        seen = [(d, self.value(body, s, claim)) for s, d in self.depths.items()]
        self.errors += [depth for depth, value in seen if value is None]
        return min((depth for depth, value in seen if value is True), default=None)

    def no_model_error(self) -> Judgement:
        if self.fails_at_once:
            return Judgement(False, None)
        return Judgement(not self.errors, min(self.errors, default=None))

    def plays(self, scenario: Scenario, claim: Mapping[str, Value]) -> bool:
        """Whether there is a way through all lines, for distinct values of the parameters."""
        if len({(p.type, claim[p.name]) for p in scenario.params}) < len(scenario.params):
            return False
        states = {s for s, d in self.depths.items() if d == 0}
        for line in scenario.lines:
            match line:
                case Assert(condition):
                    states = {s for s in states if self.value(condition, s, claim)}
                case Fire():
                    states = {t for s in states for t in self.fired(line, s, claim) if t in self.depths}
                case Blocked():
                    states = {s for s in states if self.fired(line, s, claim) == set()}
        return bool(states)

    def fired(self, line: Fire | Blocked, state: State, claim: Mapping[str, Value]) -> set[State]:
        """Where a line leads; an argument without a value, or a step that fails, leads to no state."""
        try:
            args = tuple(denote(arg, self.instance)(at(state, claim)) for arg in line.args)
        except ModelError:
            return {()}
        steps = self.dynamics.steps(state, Action.of(self.instance.system.transition(line.transition), args))
        return {step.target if isinstance(step, Step) else () for step in steps}


# --- liveness --------------------------------------------------------------------------------------------

Pair = tuple[State, State]
"""A step, or a stutter from a state to itself."""


class _Runs:
    """Which states have a fair run, by fixpoints over sets of states.

    Fairness is what its definition says: for each unit, from some time on it is taken again and again, or
    (if weak) disabled again and again, or (if strong) disabled for ever. Which of the strong units are never
    enabled any more is guessed, in all ways; what is left to demand is that some pairs of states come again
    and again (E. A. Emerson, C.-L. Lei, Modalities for model checking, 1987)."""

    def __init__(self, oracle: _Oracle) -> None:
        self.oracle = oracle
        instance, states = oracle.instance, oracle.depths
        self.pairs: dict[Pair, set[tuple[str, tuple[Value, ...]]]] = {(s, s): set() for s in states}
        self.enabled: dict[State, set[tuple[str, tuple[Value, ...]]]] = {}
        for state in states:
            steps = [s for s in oracle.dynamics.successors(state) if isinstance(s, Step)]
            self.enabled[state] = {self.owner(step.action) for step in steps}
            for step in steps:
                if step.target in states:
                    self.pairs.setdefault((state, step.target), set()).add(self.owner(step.action))
        fair = [(self.owner(a), a.transition.fairness) for a in instance.actions]
        self.weak = {owner for owner, fairness in fair if fairness is Fairness.WEAK}
        self.strong = {owner for owner, fairness in fair if fairness is Fairness.STRONG}

    def owner(self, action: Action) -> tuple[str, tuple[Value, ...]]:
        """The unit of fairness that an action belongs to, by a name and arguments."""
        transition = action.transition
        if transition.of_process:
            return f"process {transition.process} {transition.fairness}", action.args
        return transition.name, action.args

    def recurring(self, region: set[State], needed: set[State]) -> set[State]:
        """The states of a region in which a fair run can be again and again, with one of the needed states
        again and again, and none outside of the region."""
        found: set[State] = set()
        live = {owner for state in region for owner in self.enabled[state]}
        for never in subsets(sorted(self.strong & live, key=str)):
            inside = {s for s in region if not self.enabled[s] & never}
            pairs = {p for p in self.pairs if set(p) <= inside}
            demands = [
                {p for p in pairs if u in self.pairs[p] or u not in self.enabled[p[0]]} for u in self.weak
            ]
            demands += [{p for p in pairs if u in self.pairs[p]} for u in (self.strong & live) - never]
            demands.append({p for p in pairs if p[0] in needed})
            found |= self.again_and_again(inside, pairs, demands)
        return found

    def again_and_again(self, states: set[State], pairs: set[Pair], demands: list[set[Pair]]) -> set[State]:
        """The greatest set from each state of which there is, for each demand, a way to a pair of it, inside
        of the set."""
        while True:
            left = states
            for demand in demands:
                left = left & self.backwards({s for s, t in demand if s in left and t in left}, left, pairs)
            if left == states:
                return states
            states = left

    def backwards(self, goal: set[State], inside: set[State], pairs: set[Pair]) -> set[State]:
        """The states from which there is a way to the goal inside of a set."""
        reached = goal & inside
        while more := {s for s, t in pairs if t in reached and s in inside} - reached:
            reached |= more
        return reached

    def holds(self, prop: Liveness, claim: Mapping[str, Value]) -> bool:
        """Whether an instance of a property is true on every fair run."""
        states = set(self.oracle.depths)
        missing = {s for s in states if not self.oracle.value(prop.goal, s, claim)}
        if prop.kind is LivenessKind.EVENTUALLY_ALWAYS:
            return not self.recurring(states, missing)
        bad = self.backwards(self.recurring(missing, missing), missing, set(self.pairs))
        match prop.kind:
            case LivenessKind.ALWAYS_EVENTUALLY:
                return not bad
            case LivenessKind.EVENTUALLY:
                return not any(self.oracle.depths[s] == 0 for s in bad)
            case LivenessKind.LEADS_TO:
                assert prop.trigger is not None
                return not any(self.oracle.value(prop.trigger, s, claim) for s in bad)


def subsets(items: list[tuple[str, tuple[Value, ...]]]) -> Iterator[set[tuple[str, tuple[Value, ...]]]]:
    if len(items) > 8:
        raise TooLargeError
    for chosen in product((False, True), repeat=len(items)):
        yield {item for item, taken in zip(items, chosen, strict=True) if taken}
