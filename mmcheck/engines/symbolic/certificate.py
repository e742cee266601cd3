"""Certificates: a proof by induction as SMT-LIB 2 scripts, each one question with the answer that is due.

A script speaks of one vocabulary: what a step does is put in the place of what it changes, so that no step
relation has to be trusted, but for induction over paths. Every proof is certified so before it is shown; the
scripts can be written to files and asked again at any time, by z3 and by cvc5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from mmcheck.core.certify import CertificationError, UnsettledError
from mmcheck.core.instance import Instance
from mmcheck.core.system import Invariant, NoModelError, Property
from mmcheck.core.verdict import Binding, Inductive
from mmcheck.engines.symbolic.grounded import Goal, Grounded
from mmcheck.engines.symbolic.smtlib import Script, junction
from mmcheck.engines.symbolic.solver import Result, settle

SECONDS_A_SCRIPT = 300.0


@dataclass(frozen=True, slots=True)
class Obligation:
    """A script with a name that can be that of a file, and the answer that makes it hold."""

    name: str
    text: str
    expected: Result


@dataclass
class Prover:
    """Proves again what engines proved about one instance, `properties` being those that were judged
    together. The instance is grounded once, and no script is asked for twice."""

    instance: Instance
    properties: tuple[str, ...]
    _settled: dict[str, Result] = field(default_factory=dict)

    @cached_property
    def _grounded(self) -> Grounded:
        return Grounded(self.instance)

    @cached_property
    def _goals(self) -> list[Goal]:
        chosen = tuple(p for p in self.instance.system.properties if p.name in self.properties)
        return list(self._grounded.goals(chosen))

    def prove(self, prop: Property, binding: Binding, evidence: Inductive) -> None:
        """Prove again that a property holds, or that the instance of a `reachable` with this binding is not
        reached. Raises CertificationError where an obligation does not hold, UnsettledError
        where the solver gives one up."""
        for obligation in self.obligations(prop, binding, evidence, by_transition=False):
            question = obligation.text.partition("(set-logic")[2]
            if question not in self._settled:
                self._settled[question] = settle(obligation.text, SECONDS_A_SCRIPT)
            answer = self._settled[question]
            if answer is Result.GAVE_UP:
                raise UnsettledError(f"{obligation.name} of the proof took the solver too long")
            if answer is not obligation.expected:
                reason = f"{obligation.name} is {answer.value}, not {obligation.expected.value}"
                raise CertificationError(f"the proof of `{prop.name}` does not stand: {reason}")

    def obligations(
        self, prop: Property, binding: Binding, evidence: Inductive, by_transition: bool = True
    ) -> Iterator[Obligation]:
        """What has to be shown for a proof. Raises CertificationError for what no induction can prove."""
        goals = [goal for goal in self._goals if goal.prop == prop and goal.binding == binding]
        if len(goals) != 1 or evidence.depth < 1:
            raise CertificationError(f"`{prop.name}` is nothing to be proved by induction")
        return _Proof(self._grounded, goals[0], evidence).obligations(by_transition)


class _Proof:
    def __init__(self, grounded: Grounded, goal: Goal, evidence: Inductive) -> None:
        self.grounded, self.goal, self.evidence = grounded, goal, evidence
        dag = self.dag = grounded.dag
        predicates = (grounded.grounder.predicate(term, (), {}) for term in evidence.lemmas)
        self.lemmas = list(zip(map(grounded.true, predicates), evidence.texts, strict=True))
        self.good = dag.invert(dag.disj(goal.state, goal.step))
        if isinstance(goal.prop, Invariant) or evidence.depth > 1:
            self.lemmas.append((self.good, f"{goal.name} itself"))
        self.invariant = dag.conj(*(node for node, _ in self.lemmas))

    def obligations(self, by_transition: bool) -> Iterator[Obligation]:
        yield self._made("initial_states", "There is an initial state.", self._initial_states, True)
        yield self._made("safety", "Where the lemmas are true, nothing is violated.", self._safety)
        if isinstance(self.goal.prop, NoModelError):
            yield self._made("init", "The way to the initial states has no model error.", self._init)
        if self.evidence.depth > 1:
            count = self.evidence.depth
            yield from map(self._base, range(count))
            title = f"No step leads from {count} different states where they are true to one where not."
            yield self._made("paths", title, self._paths)
            return
        yield self._made("initiation", "The lemmas are true in the initial states.", self._initiation)
        names = tuple(dict.fromkeys(a.action.transition.name for a in self.grounded.actions))
        for transitions in [(name,) for name in names] if by_transition else [names]:
            yield self._consecution(transitions)

    def _made(
        self, name: str, title: str, fill: Callable[[Script], None], is_possible: bool = False
    ) -> Obligation:
        script = Script(self.grounded, f"{self.goal.name}: {name.replace('_', ' ')}\n{title}", is_possible)
        fill(script)
        expected = Result.POSSIBLE if is_possible else Result.IMPOSSIBLE
        return Obligation(name, script.text(), expected)

    # --- induction over steps ----------------------------------------------------------------------------

    def _begin(self, script: Script) -> None:
        script.say(self.grounded.beginning.guard, why="the inputs make an initial state")
        script.say(self.grounded.at_beginning(self.grounded.assumed), why="which is assumed to be one")

    def _initial_states(self, script: Script) -> None:
        self._begin(script)

    def _initiation(self, script: Script) -> None:
        self._begin(script)
        broken = self.dag.invert(self.grounded.at_beginning(self.invariant))
        script.say(broken, why="in which a lemma is false")

    def _init(self, script: Script) -> None:
        begin = self.grounded.beginning
        senseless = self.dag.conj(begin.guard, self.grounded.at_beginning(self.goal.beginning))
        script.say(begin.fails, senseless, why="an error in `init`, or in an assumption about its outcome")

    def _here(self, script: Script, frame: int = 0) -> None:
        """The frame is a state in which all that is known is true."""
        script.declare(frame)
        script.say(self.grounded.assumed, frame=frame, why="the assumptions")
        for node, text in self.lemmas:
            script.say(node, frame=frame, why=text)

    def _safety(self, script: Script) -> None:
        self._here(script)
        script.say(self.goal.state, self.goal.step, why="the violation")

    def _consecution(self, transitions: tuple[str, ...]) -> Obligation:
        what = transitions[0] if len(transitions) == 1 else "any transition"

        def fill(script: Script) -> None:
            self._here(script)
            script.say(*self._breaking(transitions), why=f"a step of {what} breaks a lemma")

        name = f"consecution_{transitions[0]}" if len(transitions) == 1 else "consecution"
        return self._made(name, f"Every step of {what} keeps the lemmas.", fill)

    def _breaking(self, transitions: tuple[str, ...]) -> Iterator[int]:
        """For each action of some transitions, where it breaks a lemma."""
        for number, action in enumerate(self.grounded.actions):
            if action.action.transition.name in transitions:
                assumed = self.grounded.after(number, self.grounded.assumed)
                kept = self.grounded.after(number, self.invariant)
                yield self.dag.conj(action.guard, assumed, self.dag.invert(kept))

    # --- induction over paths ----------------------------------------------------------------------------

    def _base(self, last: int) -> Obligation:
        def fill(script: Script) -> None:
            script.frames = True
            script.declare(0)
            script.say(self.grounded.beginning.guard, why="the inputs make an initial state")
            for number, node in enumerate(self.grounded.beginning.values):
                script.claim(script.equal(number, 0, node, 0))
            script.say(self.grounded.assumed, why="the assumptions")
            for frame in range(last):
                self._step(script, frame)
            script.say(self.dag.invert(self.invariant), frame=last, why="a lemma is false")

        return self._made(f"base_{last}", f"The lemmas are true after the first {last} steps.", fill)

    def _paths(self, script: Script) -> None:
        script.frames = True
        last = self.evidence.depth
        for frame in range(last):
            self._here(script, frame)
        for frame in range(last):
            self._step(script, frame)
        for one, other in combinations(range(last + 1), 2):
            same = [script.same(number, one, other) for number in range(self.grounded.count)]
            script.claim(f"(not {junction('and', same, 'true')})", f"states {one} and {other} are different")
        script.say(self.dag.invert(self.invariant), frame=last, why="a lemma is false")

    def _step(self, script: Script, frame: int) -> None:
        """One action leads from a frame to the next, which is assumed."""
        script.declare(frame + 1)
        ways = [self._way(script, number, frame) for number in range(len(self.grounded.actions))]
        script.claim(junction("or", ways, "false"), f"step {frame + 1}")
        script.say(self.grounded.assumed, frame=frame + 1)

    def _way(self, script: Script, number: int, frame: int) -> str:
        action = self.grounded.actions[number]
        parts = [script.truth(action.guard, frame)]
        for cell in range(self.grounded.count):
            if cell in action.updates:
                parts.append(script.equal(cell, frame + 1, action.updates[cell], frame))
            else:
                parts.append(script.same(cell, frame, frame + 1))
        return junction("and", parts, "true")
