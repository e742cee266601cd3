"""Why a goal is not reached: the reachable state that lacks least, and what is never true, alone or together.

Whether the goal is reachable is what an engine says, whose word is certified. The nearest miss is looked for
by a plain breadth-first search over the semantics, so that the way to it is a shortest one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck import session
from mmcheck.core.check import Check
from mmcheck.core.instance import Instance, State
from mmcheck.core.outcome import CheckOutcome
from mmcheck.core.semantics import Dynamics, ModelError, at, denote, initial_states
from mmcheck.core.system import Reachable
from mmcheck.core.terms import Term
from mmcheck.core.trace import Failure, Step, Trace
from mmcheck.core.verdict import Exhaustive, Proved, Violated, Witness
from mmcheck.diagnostics import Collector, SpecError
from mmcheck.engines.engine import Observe, Progress
from mmcheck.engines.limits import Watch, resident_memory
from mmcheck.exploring.conjuncts import Label, Part, cases, missing, parts
from mmcheck.session import Options, Spec, ignore
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast
from mmcheck.syntax.framing import framed
from mmcheck.syntax.parser import parse

GOAL = "the goal"
"""The name of the property that stands for the goal: no name of the language, so that none is in its way."""
LOOK_EVERY = 256
MOST_PAIRED = 12
"""Of more conjuncts than this, pairs are not looked at."""
ORDINARY = Options()


class NearMiss(Struct, frozen=True):
    """What was found about a goal in a check.

    `reached` is a shortest way to it, where there is one. Otherwise `unreachable` says whether that is
    certain, `trace` leads to the state that lacks least, `parts` are the conjuncts there; `never` are those
    that hold in no state, `apart` the pairs that hold in none together although each does in some; of these,
    `complete` says whether every state was looked at. `limit` is why a search ended early."""

    check: CheckOutcome
    goal: str
    states: int
    complete: bool
    unreachable: bool
    limit: str = ""
    reached: Trace | None = None
    trace: Trace | None = None
    parts: tuple[Part, ...] = ()
    never: tuple[Label, ...] = ()
    apart: tuple[tuple[Label, Label], ...] = ()
    interrupted: bool = False


def why_not(
    path: str | Path, goal: str, options: Options = ORDINARY, observe: Observe = ignore
) -> tuple[NearMiss, ...]:
    """Why a state that satisfies a predicate is not reached, in each check of a spec (those of the options).
    Raises SpecError where the spec or the predicate has errors."""
    spec = with_goal(session.load(path, options.settings), goal, options.settings)
    found: list[NearMiss] = []
    for check in session.chosen(spec, replace(options, properties=())):
        if check.span is not None or len(spec.checks) == 1:
            found.append(
                _judged(spec, replace(check, properties=(GOAL,), expected={}), goal, options, observe)
            )
            if found[-1].interrupted:
                break
    return tuple(found)


def with_goal(spec: Spec, goal: str, settings: Sequence[str] = ()) -> Spec:
    """The spec with a goal as one more property. Raises SpecError, its places in the goal, where that has
    errors."""
    asked = framed("EXPR", goal, "reachable goal: ")
    try:
        return _with_goal(spec, asked.source, settings)
    except SpecError as error:
        raise SpecError(tuple(asked.told(diagnostic) for diagnostic in error.diagnostics)) from None


def _with_goal(spec: Spec, source: SourceFile, settings: Sequence[str]) -> Spec:
    collector = Collector()
    declared = parse(source, collector).declarations
    collector.raise_if_errors()
    if len(declared) != 1 or not isinstance(declared[0], ast.ReachableDecl):
        collector.add("E100", "this is no single predicate", Span(source, 0, len(source.text)))
    collector.raise_if_errors()
    (property,) = declared
    if not isinstance(property, ast.ReachableDecl):
        raise TypeError("a goal that is no property")
    named = replace(property, name=replace(property.name, name=GOAL))
    checks = [_without_only(d) for d in spec.program.declarations]
    return session.of_program(replace(spec.program, declarations=(*checks, named)), settings)


def _without_only(declaration: ast.Decl) -> ast.Decl:
    """A check that judges every property."""
    if not isinstance(declaration, ast.CheckDecl):
        return declaration
    items = tuple(item for item in declaration.items if isinstance(item, ast.Setting))
    return replace(declaration, items=items)


def _judged(spec: Spec, check: Check, goal: str, options: Options, observe: Observe) -> NearMiss:
    outcome = session.verify_check(spec, check, options, observe)
    (prop,) = (p for p in outcome.properties if isinstance(p.prop, Reachable))
    states = outcome.statistics.states
    match prop.verdict:
        case Proved(Witness(((_, trace), *_))):
            return NearMiss(outcome, goal, states, outcome.statistics.complete, False, reached=trace)
        case Violated(None, evidence=Exhaustive()):
            unreachable = True
        case _:
            unreachable = False
    if outcome.interrupted or not isinstance(prop.prop, Reachable):
        return NearMiss(outcome, goal, states, False, unreachable, interrupted=outcome.interrupted)
    search = _Search(outcome.instance, prop.prop.body, Watch(options.limits), observe)
    interrupted = False
    try:
        search.run()
    except KeyboardInterrupt:
        interrupted = True
    return search.result(NearMiss(outcome, goal, 0, False, unreachable, interrupted=interrupted))


class _Search(Struct):
    """Every reachable state, nearest first, with the conjuncts that hold in it."""

    instance: Instance
    goal: Term
    watch: Watch
    observe: Observe
    reached: dict[State, tuple[State, Step] | None] = field(default_factory=dict)
    best: tuple[int, int] | None = None
    nearest: State = ()
    seen: dict[Label, None] = field(default_factory=dict)
    true: set[Label] = field(default_factory=set)
    together: set[frozenset[Label]] = field(default_factory=set)
    stopped: str = "it was interrupted"
    depth: int = 0

    def run(self) -> None:
        dynamics = Dynamics.of(self.instance)
        assumed = [denote(a.body, self.instance) for a in self.instance.system.assumptions]

        def new(states: Iterator[tuple[State, tuple[State, Step] | None]]) -> Iterator[State]:
            for state, before in states:
                if state in self.reached or not _holds(assumed, state):
                    continue
                self.reached[state] = before
                self._see(state)
                yield state

        begins = (s for s in initial_states(self.instance) if not isinstance(s, Failure))
        frontier = list(new((s, None) for s in begins))
        while frontier:
            following: list[State] = []
            for number, state in enumerate(frontier):
                if number % LOOK_EVERY == 0 and self._is_over(len(frontier)):
                    return
                steps = (s for s in dynamics.successors(state) if isinstance(s, Step))
                following += new((s.target, (state, s)) for s in steps)
            frontier = following
            self.depth += 1
        self.stopped = ""

    def _is_over(self, frontier: int) -> bool:
        states = len(self.reached)
        seconds, memory = self.watch.seconds, resident_memory()
        self.observe(Progress("plain", "nearest miss", states, 0, self.depth, frontier, seconds, memory))
        reason = self.watch.exceeded(states)
        self.stopped = reason or self.stopped
        return reason is not None

    def _see(self, state: State) -> None:
        found = parts(self.goal, state, self.instance)
        rank = (missing(found), -len(found))
        if self.best is None or rank < self.best:
            self.best, self.nearest = rank, state
        for case in cases(self.goal, state, self.instance):
            self.seen |= dict.fromkeys(case)
            true = [label for label, holds in case.items() if holds]
            self.true.update(true)
            if len(case) <= MOST_PAIRED:
                self.together.update(map(frozenset, combinations(true, 2)))

    def result(self, found: NearMiss) -> NearMiss:
        found = replace(found, states=len(self.reached), complete=not self.stopped, limit=self.stopped)
        if not self.reached:
            return found
        steps: list[Step] = []
        state = self.nearest
        while (before := self.reached[state]) is not None:
            state, step = before
            steps.append(step)
        near = parts(self.goal, self.nearest, self.instance)
        never = tuple(label for label in self.seen if label not in self.true)
        return replace(
            found,
            trace=Trace(state, tuple(reversed(steps))),
            parts=tuple(near),
            never=never,
            apart=tuple(self._apart()),
        )

    def _apart(self) -> Iterator[tuple[Label, Label]]:
        """Pairs that are never true together, though each of the two is somewhere."""
        if len(self.seen) > MOST_PAIRED:
            return
        for one, other in combinations([label for label in self.seen if label in self.true], 2):
            if frozenset((one, other)) not in self.together:
                yield one, other


def _holds(assumed: Sequence[object], state: State) -> bool:
    try:
        return all(meaning(at(state, {})) for meaning in assumed)  # type: ignore[operator]
    except ModelError:
        return False
