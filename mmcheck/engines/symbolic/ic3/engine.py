"""The IC3 engine: safety properties proved by lemmas that it finds, or violated by shortest runs.

All properties are first looked at together. Where that takes too long, what was learnt is kept as far as it
is inductive, and each property is looked at on its own, in rounds of growing effort.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from msgspec import Struct, field

from mmcheck.core.instance import Action, Instance
from mmcheck.core.outcome import Statistics
from mmcheck.core.size import initial_assignments
from mmcheck.core.symmetry import between, permute_trace
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
from mmcheck.core.trace import Failure, Trace
from mmcheck.core.verdict import (
    Binding,
    Inductive,
    Proved,
    Unknown,
    Verdict,
    Violated,
    Witness,
)
from mmcheck.engines.engine import Answer, Limits, Observe
from mmcheck.engines.limits import Watch, resident_memory
from mmcheck.engines.scenario import play
from mmcheck.engines.symbolic.decoding import Teller
from mmcheck.engines.symbolic.ic3.beginning import Beginning
from mmcheck.engines.symbolic.ic3.circuit import TooWideError
from mmcheck.engines.symbolic.ic3.cubes import Cube, Orbits
from mmcheck.engines.symbolic.ic3.frames import INDUCTIVE, Frames, Lemma, houdini
from mmcheck.engines.symbolic.ic3.lemmas import lemma, text
from mmcheck.engines.symbolic.ic3.lifting import Lifting, smaller
from mmcheck.engines.symbolic.ic3.minimise import Minimiser
from mmcheck.engines.symbolic.ic3.places import Row
from mmcheck.engines.symbolic.ic3.problem import Problem, Target
from mmcheck.engines.symbolic.ic3.relation import AnyInitial, MakeSat
from mmcheck.engines.symbolic.ic3.sat import FastSat, GaveUpError, Sat
from mmcheck.engines.symbolic.ic3.search import Ic3, Run
from mmcheck.engines.symbolic.ic3.shortest import Shortest
from mmcheck.engines.symbolic.solver import Conduct, LimitError

NAME = "ic3"

SAFETY = (NoModelError, Invariant, StepInvariant, DeadlockFree)
"""Properties that are one question each: what is looked for must not be reached."""

FEW_ACTIONS = 60
"""With so few actions an instance is small enough to be searched at once."""

LADDER = (2, 3)
"""How many elements the smaller instances have that a larger one is tried with the lemmas of."""

ROUNDS_BELOW = 2
"""How often the properties of a smaller instance are looked at."""

MANY_BEGINNINGS = 4_096
"""More initial states than this are not looked at each."""

FIRST_ROUND = 8_000
"""How many questions may be asked before the properties are looked at one by one."""

MOST_GIVEN_UP = 2
"""How often the solver may give up on a question about a property before that is the verdict."""


class Ic3Engine:
    """Property-directed reachability with symmetry."""

    name = NAME

    def __init__(
        self,
        make: Callable[[Callable[[], None]], Sat] = FastSat,
        first_round: int = FIRST_ROUND,
        few_actions: int = FEW_ACTIONS,
    ) -> None:
        self.make, self.first_round, self.few_actions = make, first_round, few_actions

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        """Judge the named properties: all but liveness."""
        chosen = tuple(p for p in instance.system.properties if p.name in properties)
        conduct = Conduct(NAME, Watch(limits), observe)
        session = _Session(instance, chosen, limits, conduct, lambda: self.make(conduct.look))
        interrupted = False
        try:
            session.run(self.first_round, self.few_actions)
        except LimitError as limit:
            session.stopped = str(limit)
        except KeyboardInterrupt:
            session.stopped, interrupted = "it was interrupted", True
        except TooWideError:
            session.stopped, session.is_limit = "a number has too many values for it", False
        return session.answer(interrupted)


class _EffortError(Exception):
    """The effort that a round allows is spent."""


class _Asking(Struct):
    """Called before each question: counts, tells progress now and then, and raises where a limit is met."""

    conduct: Conduct
    status: Callable[[], str]
    left: int | None = None
    looked: float = 0.0

    def __call__(self, question: str) -> None:
        self.conduct.questions += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise _EffortError
        if monotonic() - self.looked >= 0.1:
            self.looked = monotonic()
            self.conduct.doing = self.status()
            self.conduct.look()


class _Session(Struct, dict=True):
    """What is found out about one instance."""

    instance: Instance
    properties: tuple[Property, ...]
    limits: Limits
    conduct: Conduct
    make: MakeSat
    stopped: str = ""
    is_limit: bool = True
    proofs: dict[Target, tuple[Cube, ...]] = field(default_factory=dict)
    runs: dict[Target, Run] = field(default_factory=dict)
    gave_up: dict[Target, int] = field(default_factory=dict)
    only: tuple[Property, ...] | None = None
    """The properties to be decided, if not all are."""
    rounds: int | None = None
    """How often the properties are looked at, if that is limited."""
    lifting: Lifting | None = None
    """What the lemmas of smaller instances say about this one."""
    given: dict[Property, Verdict] = field(default_factory=dict)
    """Verdicts that need no frames."""
    search: Ic3 | None = None
    shortest: Shortest | None = None

    def __post_init__(self) -> None:
        self.ask = _Asking(self.conduct, self._status)

    def run(self, first_round: int, few_actions: int) -> None:
        self.conduct.at("grounding", 0)
        self.conduct.look()
        self.teller = Teller(self.instance)
        for prop in self.properties:
            if isinstance(prop, Scenario) and self.only is None:
                self.given[prop] = play(prop, self.instance, self.teller.dynamics)
        if len(self.instance.actions) > few_actions and self.only is None:
            self._climb()
        if all(prop in self.given or isinstance(prop, Liveness) for prop in self.properties):
            return
        self.problem = Problem(self.instance, look=self.conduct.glance)
        initial = self._initial()
        self._look_at_the_beginning(initial)
        if initial is None:
            return
        self.initial = initial
        wanted = self.properties if self.only is None else self.only
        chosen = tuple(prop for prop in wanted if prop not in self.given)
        self.targets = self._representatives(self.problem.targets(self.properties), chosen)
        self._decide(first_round)

    def _status(self) -> str:
        if self.search is None:
            return "encoding"
        frames = self.search.frames
        return (
            f"frame {frames.top}, {self.search.waiting} obligations, {len(frames.lemmas)} lemmas, "
            f"{self.conduct.questions} queries"
        )

    def _initial(self) -> AnyInitial | None:
        """The initial states that break no assumption, if there is one."""
        if initial_assignments(self.instance) <= MANY_BEGINNINGS:
            return self.problem.initial()
        self.beginning = Beginning(self.problem, self.make)
        return self.beginning if self.beginning.meets(()) else None

    def _wrong_at_once(self) -> tuple[Failure | None, Row | None]:
        """A model error on the way to the initial states, and an initial state in which an assumption runs
        into one."""
        if not hasattr(self, "beginning"):
            return self.problem.initial_failure, self.problem.senseless_at_once()
        senseless = self.problem.circuit.truth(self.problem.grounded.senseless)
        fails = self.beginning.may_fail()
        return self.problem.initial_failure if fails else None, self.beginning.satisfying(senseless)

    def _look_at_the_beginning(self, initial: AnyInitial | None) -> None:
        """Model errors on the way to the initial states, or in assumptions about them."""
        failure, senseless = self._wrong_at_once()
        for prop in self.properties if failure or senseless else ():
            if isinstance(prop, NoModelError):
                if failure is not None:
                    self.given[prop] = Violated(None, reason=f"in the initial states: {failure.message}")
                elif senseless is not None:
                    self.given[prop] = self._violated(prop, (senseless,), ())
        if initial is None:
            for prop in self.properties:
                nothing = Unknown("there is no initial state without a model error", limit=False)
                self.given.setdefault(prop, nothing)

    # --- climbing ----------------------------------------------------------------------------------------

    def _climb(self) -> None:
        """Prove what can be proved with the lemmas of smaller instances: nothing is concluded from these but
        what to try."""
        largest = max(self.instance.sizes.values(), default=0)
        wanted: tuple[Property, ...] = tuple(p for p in self.properties if isinstance(p, SAFETY))
        below: list[_Session] = []
        for size in (size for size in LADDER if size < largest):
            if not wanted:
                return
            instance = smaller(self.instance, size)
            small = _Session(instance, self.properties, self.limits, self.conduct, self.make)
            small.only, small.rounds = wanted, ROUNDS_BELOW
            small.lifting = small.lift(below)
            small.run(FIRST_ROUND, few_actions=0)
            below.append(small)
            self.lifting = self.lift(below)
            if self.lifting is None:
                return
            wanted = self._prove_as(small, self.lifting, wanted)

    def lift(self, below: Sequence[_Session]) -> Lifting | None:
        """The lemmas of smaller instances, tried in this one; None where it cannot be said how it begins."""
        with suppress(GaveUpError, TooWideError):
            for small in below:
                self.lifting = self.lifting or Lifting(
                    self.instance, self.properties, self.make, self.ask, self.conduct.glance
                )
                if not self.lifting.has_states:
                    return None
                cubes = (cube for own in small.proofs.values() for cube in own)
                self.lifting.take(cubes, small.problem.orbits)
            return self.lifting
        return None

    def _prove_as(
        self, small: _Session, lifting: Lifting, wanted: tuple[Property, ...]
    ) -> tuple[Property, ...]:
        """Prove properties as a smaller instance does; those that hold there but are not proved so."""
        own = {target.goal.prop: cubes for target, cubes in small.proofs.items()}
        found = lifting.proved({p: own[p] for p in wanted if p in own}, small.problem.orbits)
        for prop, cubes in found.items():
            self.given[prop] = Proved(_inductive(cubes, lifting.problem.orbits))
        return tuple(prop for prop in wanted if prop in own and prop not in found)

    # --- deciding ----------------------------------------------------------------------------------------

    def _representatives(self, targets: list[Target], chosen: tuple[Property, ...]) -> list[Target]:
        """The targets to decide: of those that differ by a permutation only, the first."""
        self.same: dict[Target, list[Target]] = {}
        for target in targets:
            if target.goal.prop in chosen:
                mate = next((known for known in self.same if self._are_mates(known, target)), target)
                self.same.setdefault(mate, []).append(target)
        return list(self.same)

    def _are_mates(self, one: Target, other: Target) -> bool:
        if one.goal.prop is not other.goal.prop:
            return False
        values = [tuple(value for _, value in target.goal.binding) for target in (one, other)]
        return between(values[0], values[1], self.instance.sizes) is not None

    def _decide(self, effort: int) -> None:
        """All together, then one by one with more and more effort."""
        known = [] if self.lifting is None else self.lifting.inductive()
        together = True
        open = self._open()
        backwards = False
        while open and self.rounds != 0:
            self.rounds = None if self.rounds is None else self.rounds - 1
            for targets in [open] if together else [[target] for target in open]:
                known = self._attempt([t for t in targets if t in self._open()], known, effort, backwards)
            if not together:
                effort, backwards = 2 * effort, not backwards
            together = False
            open = self._open()

    def _open(self) -> list[Target]:
        return [
            target
            for target in self.targets
            if target not in self.proofs
            and target not in self.runs
            and self.gave_up.get(target, 0) < MOST_GIVEN_UP
        ]

    def _attempt(
        self, targets: list[Target], known: list[Lemma], effort: int, backwards: bool
    ) -> list[Lemma]:
        """Try to decide some targets; what is known to be inductive afterwards."""
        self.ask.left = None
        frames = Frames(self.problem, self.initial, self.make, self.ask)
        for old in known:
            frames.learn(old.cube, INDUCTIVE)
        self.search = Ic3(self.problem, frames, list(targets), [], self.limits.max_depth, backwards)
        self.ask.left = effort
        try:
            if not self.search.search():
                raise LimitError(f"none up to depth {self.limits.max_depth}, the limit")
        except _EffortError:
            pass
        except GaveUpError:
            for target in targets:
                self.gave_up[target] = self.gave_up.get(target, 0) + 1
        else:
            for target in self.search.open:
                self.proofs[target] = tuple(found.cube for found in frames.at(INDUCTIVE))
        finally:
            self.ask.left = None
            for run in self.search.runs:
                self.runs[run.target] = run
        self._polish()
        return self._inductive_part(frames)

    def _inductive_part(self, frames: Frames) -> list[Lemma]:
        """The lemmas that are known to be inductive, with those that are found to be."""
        if not self._open():
            return []
        settled = frames.at(INDUCTIVE)
        try:
            return settled + houdini(frames, [found for found in frames.lemmas if found.level < INDUCTIVE])
        except GaveUpError:
            return settled

    # --- telling -----------------------------------------------------------------------------------------

    def _polish(self) -> None:
        """Make what was found short: runs and sets of lemmas. What a limit leaves as it is, is as true."""
        assert self.search is not None
        for run in self.search.runs:
            if self.shortest is None:
                self.shortest = Shortest(self.problem, self.initial, self.make, self.ask)
            with suppress(GaveUpError):
                self.runs[run.target] = self.shortest.run(run)
        proved = [target for target in self.search.open if target in self.proofs]
        if proved:
            minimiser = Minimiser(self.problem, self.proofs[proved[0]], self.make, self.ask)
            for target in proved:
                with suppress(GaveUpError):
                    self.proofs[target] = minimiser.needed(target)

    def answer(self, interrupted: bool) -> Answer:
        verdicts = {prop.name: self._verdict(prop) for prop in self.properties}
        empty = hasattr(self, "problem") and not hasattr(self, "initial")
        statistics = Statistics(
            engine=NAME,
            states=0,
            transitions=0,
            depth=0 if self.search is None else self.search.frames.top,
            seconds=self.conduct.watch.seconds,
            memory=resident_memory(),
            complete=empty and not self.stopped,
            fired={t.name: 0 for t in self.instance.system.transitions},
            symmetry=tuple(sort for sort, size in self.instance.sizes.items() if size > 1),
        )
        return Answer(verdicts, statistics, {}, interrupted=interrupted)

    def _verdict(self, prop: Property) -> Verdict:
        if prop in self.given:
            return self.given[prop]
        if isinstance(prop, Liveness):
            return Unknown("ic3 does not decide liveness", limit=False)
        own = [target for target in getattr(self, "same", {}) if target.goal.prop is prop]
        undecided = next((t for t in own if t not in self.proofs and t not in self.runs), None)
        if isinstance(prop, Reachable) and own:
            return self._reachable(prop, own)
        if not own or undecided is not None:
            return self._unknown(own)
        return self._judged(own[0])

    def _unknown(self, targets: list[Target]) -> Unknown:
        if any(self.gave_up.get(target, 0) >= MOST_GIVEN_UP for target in targets):
            return Unknown("the solver gave up on a question")
        return Unknown(self.stopped or "it was not decided", self.is_limit)

    def _judged(self, target: Target) -> Verdict:
        if target in self.proofs:
            return Proved(self._evidence(target))
        run = self.runs[target]
        return self._within_limits(
            self._violated(target.goal.prop, run.rows, tuple(move.ground.action for move in run.moves))
        )

    def _evidence(self, target: Target) -> Inductive:
        return _inductive(self.proofs[target], self.problem.orbits)

    def _violated(self, prop: Property, rows: tuple[Row, ...], actions: tuple[Action, ...]) -> Violated:
        binding, trace = self._trace(prop, rows, actions, None)
        return Violated(trace, binding)

    def _trace(
        self, prop: Property, rows: tuple[Row, ...], actions: tuple[Action, ...], among: tuple[Binding] | None
    ) -> tuple[Binding, Trace]:
        states = [self.problem.places.state(row) for row in rows]
        return self.teller.trace(states, list(actions), prop, self.properties, among)

    def _within_limits(self, verdict: Violated) -> Verdict:
        limit = self.limits.max_depth
        if limit is not None and verdict.trace is not None and verdict.trace.length > limit:
            return Unknown(f"none up to depth {limit}, the limit")
        return verdict

    def _reachable(self, prop: Reachable, targets: list[Target]) -> Verdict:
        unreached = next((target for target in targets if target in self.proofs), None)
        if unreached is not None:
            binding, evidence = unreached.goal.binding, self._evidence(unreached)
            return Violated(None, binding, "no reachable state satisfies it", evidence)
        if any(target not in self.runs for target in targets):
            return self._unknown(targets)
        found = {target: self._witness(prop, target) for target in targets}
        order = list(self.instance.claims(prop))
        witnesses = [
            (mate.goal.binding, self._moved(found[target], target.goal.binding, mate.goal.binding))
            for target in targets
            for mate in self.same[target]
        ]
        witnesses.sort(key=lambda witness: order.index(dict(witness[0])))
        limit = self.limits.max_depth
        if limit is not None and any(trace.length > limit for _, trace in witnesses):
            return Unknown(f"none up to depth {limit}, the limit")
        return Proved(Witness(tuple(witnesses)))

    def _witness(self, prop: Reachable, target: Target) -> Trace:
        run = self.runs[target]
        actions = tuple(move.ground.action for move in run.moves)
        return self._trace(prop, run.rows, actions, (target.goal.binding,))[1]

    def _moved(self, trace: Trace, own: Binding, wanted: Binding) -> Trace:
        """The run to another instance of the property, by permuting elements."""
        if own == wanted:
            return trace
        values = tuple(v for _, v in own), tuple(v for _, v in wanted)
        permutation = between(*values, self.instance.sizes)
        if permutation is None:
            raise RuntimeError("two instances of one orbit have no permutation between them")
        return permute_trace(self.instance, trace, permutation)


def _inductive(cubes: Sequence[Cube], orbits: Orbits) -> Inductive:
    """The proof by lemmas that no state of some cubes is reached."""
    lemmas = tuple(lemma(cube, orbits) for cube in cubes)
    return Inductive(lemmas, tuple(map(text, lemmas)))
