"""Looking for runs that show something, by growing length.

Bounded model checking is this and nothing else; k-induction does it on the way to proofs.

References: A. Biere, A. Cimatti, E. Clarke, Y. Zhu, Symbolic model checking without BDDs, TACAS 1999.
"""

from __future__ import annotations

from msgspec import Struct, field

from mmcheck.core.instance import Instance
from mmcheck.core.outcome import Statistics
from mmcheck.core.semantics import initial_states
from mmcheck.core.symmetry import between, permute_trace
from mmcheck.core.system import Liveness, NoModelError, Property, Reachable, Scenario
from mmcheck.core.trace import Failure, Trace
from mmcheck.core.verdict import Binding, Proved, Unknown, Verdict, Violated, Witness
from mmcheck.engines.limits import resident_memory
from mmcheck.engines.scenario import play
from mmcheck.engines.symbolic.decoding import Teller
from mmcheck.engines.symbolic.first_use import FirstUse
from mmcheck.engines.symbolic.grounded import Goal, Grounded
from mmcheck.engines.symbolic.solver import Conduct, Formula, Result, Solver
from mmcheck.engines.symbolic.unroll import Unrolling


class Search(Struct, dict=True):
    """Looks at all runs of 0, 1, 2, ... steps for what the goals ask for: what is found first is shortest.

    `depth` is the length up to which all runs were looked at; -1 before any was."""

    instance: Instance
    properties: tuple[Property, ...]
    conduct: Conduct
    helpers: tuple[Property, ...] = ()
    """Properties that nobody asked about, but that may help to prove others."""
    symmetry: bool = True
    """Whether one run is looked at of those that differ by a permutation of elements."""
    depth: int = -1
    found: dict[str, tuple[Binding, Trace]] = field(default_factory=dict)
    """What was found, by the name of the goal."""
    skipped: dict[str, int] = field(default_factory=dict)
    """For goals about which the solver gave up a question: the least length of a run that it was about."""
    stopped: str | None = None
    """Why the search ended before it was through; None when it did not."""
    interrupted: bool = False
    initial_failure: Failure | None = None
    has_states: bool | None = None
    """Whether there is an initial state; None until that is known."""
    is_exhausted: bool = False
    """Whether no run is longer than `depth`."""

    def __post_init__(self) -> None:
        self.teller = Teller(self.instance)
        self.mates = _mates(self.instance, self.properties)
        self.goals: list[Goal] = []

    def begin(self) -> None:
        """Ground the instance, and look at what happens before the first state."""
        self.conduct.at("grounding", 0)
        self.conduct.look()
        self.grounded = Grounded(self.instance, look=self.conduct.glance)
        self.goals = [
            goal
            for goal in self.grounded.goals(self.properties)
            if self.mates.get(goal.name, goal.name) == goal.name
        ]
        self.goals += self.grounded.goals(self.helpers)
        self.conduct.at("encoding", 0)
        self.conduct.look()
        self.frames = Unrolling(self.grounded, Solver(self.conduct))
        self.first_use = FirstUse(self.frames) if self.symmetry else None
        self._look_before()
        self.frames.begin()
        self._look_at_senseless_states()
        self.frames.assume(0)
        self.has_states = self._ask("initial states") is not Result.IMPOSSIBLE

    def _ask(self, question: str, *assuming: Formula) -> Result:
        return self.frames.solver.ask(question, assuming)

    def _look_before(self) -> None:
        """Whether a model error happens on the way to the first state."""
        encoding, node = self.frames.encoding, self.grounded.beginning.fails
        if node == self.grounded.dag.false:
            return
        fails = self.frames.at(encoding.truth(node), 0)
        proper = self.frames.at(encoding.proper(encoding.inputs), 0)
        if self._ask("model errors in `init`", fails, proper) is not Result.IMPOSSIBLE:
            failures = (s for s in initial_states(self.instance) if isinstance(s, Failure))
            self.initial_failure = next(failures, None)

    def _look_at_senseless_states(self) -> None:
        """Whether an assumption has no value in an initial state."""
        for goal in self.open():
            if goal.beginning != self.grounded.dag.false:
                self._look(goal, goal.beginning, 0, 0)

    def open(self) -> list[Goal]:
        """The goals that were not found."""
        return [goal for goal in self.goals if goal.name not in self.found]

    def deepen(self, most: int | None) -> bool:
        """Look at the runs with one more step, if they have no more than `most`. Whether there are longer
        ones to be looked at."""
        frame = self.depth + 1
        if (most is not None and frame > most) or self.is_exhausted:
            return False
        if frame:
            self.frames.extend()
            if self.first_use is not None:
                self.first_use.extend()
            if self._ask(f"runs of {frame} steps", *self._of_each_orbit(None)) is Result.IMPOSSIBLE:
                self.is_exhausted = True
                return False
        # What a step from the last frame shows, a run shows that is one longer.
        for goal in self.open():
            self._look(goal, goal.state, frame, frame)
        self.depth = frame
        for goal in self.open() if most is None or frame < most else ():
            self._look(goal, goal.step, frame, frame + 1)
        return most is None or frame < most

    def _look(self, goal: Goal, node: int, frame: int, length: int) -> None:
        """Ask whether a run to a frame shows the goal, and keep it; else remember that none does."""
        if node == self.grounded.dag.false:
            return
        self.conduct.depth = length
        shown = self.frames.truth(node, frame)
        mark = self.frames.solver.mark(shown)
        match self._ask(f"{goal.name}, runs of {length} steps", mark, *self._of_each_orbit(goal)):
            case Result.POSSIBLE:
                self._keep(goal, frame)
            case Result.IMPOSSIBLE:
                self.frames.solver.forget(shown)
            case Result.GAVE_UP:
                self.skipped.setdefault(goal.name, length)

    def _of_each_orbit(self, goal: Goal | None) -> list[Formula]:
        """What to assume so that of each orbit of runs one is left, where that is enough."""
        return [] if self.first_use is None else self.first_use.assuming(goal)

    def _keep(self, goal: Goal, frame: int) -> None:
        model = self.frames.solver.model()
        states, actions = self.frames.states(model, frame), self.frames.actions(model, frame)
        among = {goal.binding} if isinstance(goal.prop, Reachable) else None
        self.found[goal.name] = self.teller.trace(states, actions, goal.prop, self.properties, among)

    # --- verdicts ----------------------------------------------------------------------------------------

    def verdict(self, prop: Property, engine: str) -> Verdict:
        """What the runs that were looked at say about a property."""
        match prop:
            case Scenario():
                if self.interrupted:
                    return Unknown("it was interrupted")
                return play(prop, self.instance, self.teller.dynamics)
            case Liveness():
                return Unknown(f"the {engine} engine does not decide liveness", limit=False)
            case NoModelError() if self.initial_failure is not None:
                return Violated(None, reason=f"in the initial states: {self.initial_failure.message}")
            case Reachable():
                return self._reached(prop)
            case _ if prop.name in self.found:
                binding, trace = self.found[prop.name]
                return Violated(trace, binding)
            case _:
                return self.none_found(prop.name)

    def none_found(self, name: str) -> Unknown:
        """That a goal was not found, and how far it was looked for."""
        if self.stopped is not None:
            known = f"; none up to depth {self.depth}" if self.depth >= 0 else ""
            return Unknown(self.stopped + known)
        if self.has_states is False:
            return Unknown("there is no initial state without a model error", limit=False)
        if name in self.skipped:
            depth = self.skipped[name] - 1
            return Unknown(f"none up to depth {depth}; the solver gave up on longer runs")
        longer = ", and no run is longer" if self.is_exhausted else ""
        return Unknown(f"none up to depth {self.depth}{longer}")

    def _reached(self, prop: Reachable) -> Verdict:
        witnesses: list[tuple[Binding, Trace]] = []
        for goal in self.claims(prop):
            if (name := self.mates[goal.name]) not in self.found:
                return self.none_found(name)
            witnesses.append(self._moved(self.found[name], goal.binding))
        return Proved(Witness(tuple(witnesses)))

    def claims(self, prop: Reachable) -> list[Goal]:
        """A goal for each instance of a property; those that are looked for are among them."""
        return list(_claims(self.instance, prop))

    def _moved(self, run: tuple[Binding, Trace], wanted: Binding) -> tuple[Binding, Trace]:
        """The run for another instance of the property, by permuting elements."""
        binding, trace = run
        if binding == wanted:
            return run
        values = tuple(v for _, v in binding), tuple(v for _, v in wanted)
        permutation = between(*values, self.instance.sizes)
        if permutation is None:
            raise RuntimeError("two instances of one orbit have no permutation between them")
        return wanted, permute_trace(self.instance, trace, permutation)

    def statistics(self, engine: str) -> Statistics:
        """A search that finds no initial state is complete; no other is, as it visits no states."""
        return Statistics(
            engine=engine,
            states=0,
            transitions=0,
            depth=max(self.depth, 0),
            seconds=self.conduct.watch.seconds,
            memory=resident_memory(),
            complete=self.has_states is False,
            fired={t.name: 0 for t in self.instance.system.transitions},
        )


def _claims(instance: Instance, prop: Reachable) -> list[Goal]:
    return [Goal(prop, tuple(claim.items()), 0, 0, 0) for claim in instance.claims(prop)]


def _mates(instance: Instance, properties: tuple[Property, ...]) -> dict[str, str]:
    """For each instance of a `reachable`, the first that is the same up to a permutation of elements."""
    found: dict[str, str] = {}
    for prop in properties:
        firsts: list[Goal] = []
        for goal in _claims(instance, prop) if isinstance(prop, Reachable) else ():
            values = tuple(v for _, v in goal.binding)
            mates = (
                first
                for first in firsts
                if between(tuple(v for _, v in first.binding), values, instance.sizes) is not None
            )
            mate = next(mates, goal)
            firsts += [goal] if mate is goal else []
            found[goal.name] = mate.name
    return found
