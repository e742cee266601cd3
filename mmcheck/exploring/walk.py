"""A walk through the states of a check by hand.

It knows where it stands, what is possible there and what is not, and how the properties fare."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import TypeAlias, assert_never

from msgspec import Struct, field

from mmcheck import session
from mmcheck.core.blame import Blame
from mmcheck.core.check import Check
from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.semantics import Dynamics, Meaning, ModelError, at, denote, initial_states
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
from mmcheck.core.types import Elem, Value, show_value
from mmcheck.core.verdict import Binding, Violated
from mmcheck.diagnostics import Diagnostic, SpecError
from mmcheck.engines.engine import Limits
from mmcheck.exploring.reasons import Reason, why_not_enabled
from mmcheck.session import Spec

Assumptions: TypeAlias = tuple[tuple[str, Meaning], ...]

MOST_INITIAL_STATES = 1000
LONGEST = 60.0
"""Seconds that a search for counterexamples may take."""


class Status(Struct, frozen=True):
    """How a property fares where the walk stands: whether it holds there (a `reachable` one: whether this is
    such a state), None for what no single state decides. `binding` and `blame` say for which values it fails
    and why."""

    prop: Property
    holds: bool | None
    binding: Binding = ()
    blame: Blame | None = None
    note: str = ""


class Walk(Struct):
    """A walk: an initial state, the steps from there, and how many of them are taken just now. The others can
    be taken again."""

    spec: Spec
    check: Check
    instance: Instance
    initials: tuple[State, ...]
    dynamics: Dynamics
    assumptions: Assumptions
    initial: State
    steps: list[Step] = field(default_factory=list)
    position: int = 0
    fails: FailedStep | None = None
    """The model error that comes behind the last step of a counterexample that was looked at."""

    @classmethod
    def of(cls, spec: Spec, check_name: str | None = None) -> Walk:
        """A walk through a check, by default the first. Raises SpecError where it cannot begin, and KeyError
        where there is no such check."""
        check = next((c for c in spec.checks if check_name in (None, c.name)), None)
        if check is None:
            raise KeyError(check_name)
        check, instance = session.instantiate(spec, check)
        dynamics, assumptions = Dynamics.of(instance), _assumptions(instance)
        states = (state for state in initial_states(instance) if not isinstance(state, Failure))
        allowed = (state for state in states if _broken(assumptions, state) is None)
        initials = tuple(islice(allowed, MOST_INITIAL_STATES))
        if not initials:
            message = f"check `{check.name}` has no initial state in which a walk could begin"
            remedy = "`mmcheck verify` says what keeps it from having one"
            raise SpecError((Diagnostic("E504", message, check.span, remedy),))
        return cls(spec, check, instance, initials, dynamics, assumptions, initials[0])

    # --- where it stands ---------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self.steps[self.position - 1].target if self.position else self.initial

    @property
    def before(self) -> State | None:
        """The state before the last step that was taken."""
        if not self.position:
            return None
        return self.steps[self.position - 2].target if self.position > 1 else self.initial

    @property
    def last(self) -> Step | None:
        return self.steps[self.position - 1] if self.position else None

    @property
    def trace(self) -> Trace:
        """The way to where the walk stands."""
        return Trace(self.initial, tuple(self.steps[: self.position]))

    def enabled(self) -> list[Step | FailedStep]:
        """Every step that is possible, and every one that runs into a model error; none that leads to what an
        assumption excludes."""
        return [step for step in self.dynamics.successors(self.state) if self._excludes(step) is None]

    def _excludes(self, step: Step | FailedStep) -> str | None:
        """The assumption that a step breaks."""
        return _broken(self.assumptions, step.target) if isinstance(step, Step) else None

    def blocked(self) -> Iterator[tuple[Action, Reason]]:
        """Every action that is not enabled, with the reason."""
        for action in self.instance.actions:
            reason = why_not_enabled(action, self.state, self.instance)
            if reason is not None:
                yield action, reason
                continue
            broken = [self._excludes(step) for step in self.dynamics.steps(self.state, action)]
            if broken and all(broken):
                yield action, Reason(None, f"it breaks the assumption `{broken[0]}`")

    # --- moving ------------------------------------------------------------------------------------------

    def begin(self, state: State) -> None:
        """Begin again, in an initial state."""
        self.initial, self.steps, self.position, self.fails = state, [], 0, None

    def take(self, step: Step) -> None:
        """Take a step; what was undone before is forgotten."""
        self.steps[self.position :] = [step]
        self.position += 1
        self.fails = None

    def undo(self) -> bool:
        """Go back a step, if there is one."""
        self.position -= self.position > 0
        return self.position < len(self.steps)

    def redo(self) -> bool:
        """Take the step again that was undone last, if there is one."""
        moved = self.position < len(self.steps)
        self.position += moved
        return moved

    def jump(self, trace: Trace, step: int | None = None) -> None:
        """Stand at a step of a trace, by default its last; the others can be walked to."""
        self.initial, self.steps = trace.initial, list(trace.steps)
        self.position = len(self.steps) if step is None else max(0, min(step, len(self.steps)))
        self.fails = trace.end if isinstance(trace.end, FailedStep) else None

    def wander(self, count: int, random: Random) -> int:
        """Take up to so many random steps; returns how many there were."""
        for number in range(count):
            steps = [step for step in self.enabled() if isinstance(step, Step)]
            if not steps:
                return number
            names = sorted({step.action.transition.name for step in steps})
            name = random.choice(names)
            self.take(random.choice([s for s in steps if s.action.transition.name == name]))
        return count

    # --- properties --------------------------------------------------------------------------------------

    def statuses(self) -> list[Status]:
        """How each property of the check fares here."""
        chosen = [p for p in self.instance.system.properties if p.name in self.check.properties]
        return [self._status(prop) for prop in chosen]

    def _status(self, prop: Property) -> Status:
        match prop:
            case Invariant() | Reachable():
                return self._predicate(prop)
            case StepInvariant():
                return self._predicate(prop) if self._moved() else Status(prop, None, note="no step yet")
            case DeadlockFree():
                return Status(prop, bool(self.dynamics.successors(self.state)))
            case NoModelError():
                failing = any(isinstance(step, FailedStep) for step in self.enabled())
                return Status(prop, not failing, note="a step from here fails" if failing else "")
            case Liveness() | Scenario():
                return Status(prop, None, note="about whole runs")
            case _:
                assert_never(prop)

    def _moved(self) -> bool:
        return self.before is not None and self.before != self.state

    def _predicate(self, prop: Invariant | StepInvariant | Reachable) -> Status:
        meaning = denote(prop.body, self.instance)
        wanted = isinstance(prop, Reachable)
        for claim in self.instance.claims(prop):
            try:
                if isinstance(prop, StepInvariant) and self.before is not None and self.last is not None:
                    env = at(self.before, claim, self.state, self.last.action.transition.name)
                else:
                    env = at(self.state, claim)
                value = bool(meaning(env))
            except ModelError as error:
                return Status(prop, False, tuple(claim.items()), note=error.failure.message)
            if value is wanted and wanted:
                return Status(prop, True, tuple(claim.items()))
            if not value and not wanted:
                return self._violated(prop, tuple(claim.items()))
        return Status(prop, not wanted)

    def _violated(self, prop: Property, binding: Binding) -> Status:
        why = session.false_part(self.instance, prop, Violated(self.trace, binding))
        return Status(prop, False, binding, why)

    # --- scenarios ---------------------------------------------------------------------------------------

    def scenario(self, name: str) -> str:
        """The way to where the walk stands, as a declaration for the spec."""
        names: dict[Elem, str] = {}
        taken = set(self.spec.symbols.globals)
        for step in self.steps[: self.position]:
            for arg in step.action.args:
                if isinstance(arg, Elem) and arg not in names:
                    names[arg] = _fresh(arg, taken)
        params = ", ".join(f"{elem.sort} {own}" for elem, own in names.items())
        lines = [
            f"    {s.action.transition.name}({', '.join(_written(arg, names) for arg in s.action.args)});\n"
            for s in self.steps[: self.position]
        ]
        return f"scenario {name}{f'({params})' if params else ''} {{\n{''.join(lines)}}}\n"


def _assumptions(instance: Instance) -> Assumptions:
    return tuple((a.name, denote(a.body, instance)) for a in instance.system.assumptions)


def _broken(assumptions: Assumptions, state: State) -> str | None:
    """The first assumption that a state breaks, or that has no value there."""
    for name, meaning in assumptions:
        try:
            if not meaning(at(state, {})):
                return name
        except ModelError:
            return name
    return None


def _fresh(elem: Elem, taken: set[str]) -> str:
    """A name for an element that means nothing else."""
    name = f"{elem.sort.lower()}{elem.ordinal}"
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _written(value: Value, names: dict[Elem, str]) -> str:
    return names[value] if isinstance(value, Elem) else show_value(value)


def traces(spec: Spec, check: Check) -> list[tuple[str, Trace]]:
    """The counterexamples and witnesses of a check, each with what it is about."""
    options = session.Options(limits=Limits(timeout=LONGEST))
    outcome = session.verify_check(spec, check, options)
    found: list[tuple[str, Trace]] = []
    for each in outcome.properties:
        for binding, trace in session.runs_of(each.verdict):
            kind = "violates" if isinstance(each.verdict, Violated) else "shows"
            bound = "".join(f" {name}={show_value(value)}" for name, value in binding)
            found.append((f"{kind} {each.prop.name}{bound}", trace))
    return sorted(found, key=lambda item: not item[0].startswith("violates"))
