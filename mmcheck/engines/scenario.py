"""Scenarios: examples played through, on every way that nondeterminism allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.semantics import Dynamics, ModelError, at, denote, initial_states
from mmcheck.core.system import Assert, Blocked, Fire, Scenario, ScenarioLine
from mmcheck.core.terms import Term
from mmcheck.core.trace import FailedStep, Failure, Step, Trace
from mmcheck.core.types import Value
from mmcheck.core.verdict import Proved, Unknown, Verdict, Violated, Witness


class _Run(Struct, frozen=True):
    """A way through the lines so far."""

    initial: State
    steps: tuple[Step, ...]

    @property
    def state(self) -> State:
        return self.steps[-1].target if self.steps else self.initial

    @property
    def trace(self) -> Trace:
        return Trace(self.initial, self.steps)


def play(scenario: Scenario, instance: Instance, dynamics: Dynamics) -> Verdict:
    """Whether, for some distinct values of its parameters, there is a way through all lines.

    A violation carries the longest way that there is, and says which line is where it ends."""
    furthest: tuple[int, Violated] | None = None
    for values in _distinct(scenario, instance):
        reached, verdict = _Player(scenario, instance, dynamics, values).play()
        if isinstance(verdict, Proved):
            return verdict
        if furthest is None or reached > furthest[0]:
            furthest = (reached, verdict)
    if furthest is None:
        needed = {p.type: sum(q.type == p.type for q in scenario.params) for p in scenario.params}
        text = ", ".join(f"{count} of {type!r}" for type, count in needed.items())
        return Unknown(f"it needs distinct values ({text}), and this check has not so many", limit=False)
    return furthest[1]


def _distinct(scenario: Scenario, instance: Instance) -> Iterator[dict[str, Value]]:
    """The choices of parameters in which no two of one type are equal."""
    for claim in instance.claims(scenario):
        pairs = [(p.type, claim[p.name]) for p in scenario.params]
        if len(set(pairs)) == len(pairs):
            yield claim


class _Player(Struct):
    scenario: Scenario
    instance: Instance
    dynamics: Dynamics
    values: Mapping[str, Value]

    def play(self) -> tuple[int, Proved | Violated]:
        """How many lines could be played, and the verdict."""
        runs = [_Run(s, ()) for s in initial_states(self.instance) if not isinstance(s, Failure)]
        runs = [run for run in runs if self._is_assumed(run.state)]
        for number, line in enumerate(self.scenario.lines):
            following = self._distinct_ends(self._play_line(line, runs))
            if not following:
                return number, self._stuck(line, runs)
            runs = following
        binding = tuple(self.values.items())
        return len(self.scenario.lines), Proved(Witness(((binding, runs[0].trace),)))

    def _stuck(self, line: ScenarioLine, runs: list[_Run]) -> Violated:
        text = line.span.text if line.span else repr(line)
        where = f"line {line.span.line}: " if line.span else ""
        match line:
            case Fire():
                reason = f"{where}`{text}` is not possible here"
            case Blocked():
                reason = f"{where}`{text}` is wrong, since it is enabled here"
            case Assert():
                reason = f"{where}`{text}` is false here"
        trace = runs[0].trace if runs else None
        return Violated(trace, tuple(self.values.items()), reason)

    @staticmethod
    def _distinct_ends(runs: Iterator[_Run]) -> list[_Run]:
        """One run for each state that runs end in: what follows depends on nothing else."""
        return list({run.state: run for run in runs}.values())

    def _play_line(self, line: ScenarioLine, runs: list[_Run]) -> Iterator[_Run]:
        for run in runs:
            match line:
                case Fire(transition, args):
                    for step in self._steps(run, transition, args) or ():
                        if isinstance(step, Step) and self._is_assumed(step.target):
                            yield _Run(run.initial, (*run.steps, step))
                case Blocked(transition, args):
                    if self._steps(run, transition, args) == []:
                        yield run
                case Assert(condition):
                    if self._is_true(condition, run.state):
                        yield run

    def _steps(self, run: _Run, transition: str, args: tuple[Term, ...]) -> list[Step | FailedStep] | None:
        """The steps of a line; None where an argument has no value, so that it speaks of no action."""
        try:
            values = tuple(denote(arg, self.instance)(at(run.state, self.values)) for arg in args)
        except ModelError:
            return None
        action = Action.of(self.instance.system.transition(transition), values)
        return self.dynamics.steps(run.state, action)

    def _is_true(self, term: Term, state: State) -> bool:
        try:
            return bool(denote(term, self.instance)(at(state, self.values)))
        except ModelError:
            return False

    def _is_assumed(self, state: State) -> bool:
        return all(self._is_true(a.body, state) for a in self.instance.system.assumptions)
