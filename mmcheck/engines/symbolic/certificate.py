"""Certificates: a proof by induction as SMT-LIB 2 scripts, each one question with the answer that is due.

A script speaks of one vocabulary: what a step does is put in the place of what it changes, so that no step
relation has to be trusted, but for induction over paths. Every proof is certified so before it is shown; the
scripts can be written to files and asked again at any time, by z3 and by cvc5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import combinations

from msgspec import Struct, field

from mmcheck.core.certify import CertificationError, UnsettledError
from mmcheck.core.ground import GroundAction
from mmcheck.core.instance import Instance, bindings
from mmcheck.core.symmetry import is_in_order
from mmcheck.core.system import Invariant, NoModelError, Property
from mmcheck.core.terms import Implies, Local, Quantified, Quantifier, Term
from mmcheck.core.types import Value
from mmcheck.core.verdict import Binding, Inductive
from mmcheck.engines.limits import ANY_TIME, TimeLeft
from mmcheck.engines.symbolic.grounded import Goal, Grounded, parts_of
from mmcheck.engines.symbolic.smtlib import Script, junction
from mmcheck.engines.symbolic.solver import Result, settle

SECONDS_A_SCRIPT = 300.0


class Obligation(Struct, frozen=True):
    """A script with a name that can be that of a file, and the answer that makes it hold."""

    name: str
    text: str
    expected: Result


class Claim(Struct, frozen=True):
    """A property, or the instance of a `reachable`, with the proof that it holds, or is not reached."""

    prop: Property
    binding: Binding
    evidence: Inductive


class Prover(Struct, dict=True):
    """Proves again what engines proved about one instance, `properties` being those that were judged
    together, and `claims` what is going to be proved. The instance is grounded once, and no script is asked
    for twice.

    Steps are asked for up to permutations (NOTE(representatives)); scripts that are written speak of all.
    Lemmas that are inductive each with its own are inductive all together, so this is asked for once."""

    instance: Instance
    properties: tuple[str, ...]
    claims: Sequence[Claim] = ()
    time: TimeLeft = ANY_TIME
    _settled: dict[str, Result] = field(default_factory=dict)

    @cached_property
    def _all(self) -> _Ground:
        return _Ground(Grounded(self.instance, look=self._look), self.properties)

    @cached_property
    def _representatives(self) -> _Ground:
        return _Ground(Grounded(self.instance, True, self._look), self.properties)

    def _look(self) -> None:
        """Raises UnsettledError when the time is up."""
        self.time.of(0.0)

    def prove(self, prop: Property, binding: Binding, evidence: Inductive) -> None:
        """Prove again that a property holds, or that the instance of a `reachable` with this binding is not
        reached. Raises CertificationError where an obligation does not hold, UnsettledError
        where the solver gives one up."""
        proof = self._proof(Claim(prop, binding, evidence), evidence.depth == 1)
        if proof.induction <= self._established:
            obligations = proof.of_states()
        else:
            obligations = proof.obligations(by_transition=False)
        for obligation in obligations:
            answer = self._answer(obligation)
            if answer is Result.GAVE_UP:
                self.time.of(0.0)
                raise UnsettledError(f"{obligation.name} of the proof took the solver too long")
            if answer is not obligation.expected:
                reason = f"{obligation.name} is {answer.value}, not {obligation.expected.value}"
                raise CertificationError(f"the proof of `{prop.name}` does not stand: {reason}")

    def _answer(self, obligation: Obligation) -> Result:
        question = obligation.text.partition("(set-logic")[2]
        if question not in self._settled:
            self._settled[question] = settle(obligation.text, self.time.of(SECONDS_A_SCRIPT))
        return self._settled[question]

    @cached_property
    def _established(self) -> frozenset[int]:
        """Predicates that are true in every reachable state, since all of them together are inductive."""
        proofs = [self._proof(claim, True) for claim in self.claims if claim.evidence.depth == 1]
        if len(proofs) < 2:
            return frozenset()
        parts = {part.node: part for proof in proofs for part in proof.parts if part.node in proof.induction}
        together = _Proof(self._representatives, proofs[0].goal, proofs[0].evidence, list(parts.values()))
        obligations = together.of_steps(by_transition=False)
        if all(self._answer(obligation) is obligation.expected for obligation in obligations):
            return frozenset(parts)
        return frozenset()

    def obligations(
        self, prop: Property, binding: Binding, evidence: Inductive, by_transition: bool = True
    ) -> Iterator[Obligation]:
        """What has to be shown for a proof. Raises CertificationError for what no induction can prove."""
        return self._proof(Claim(prop, binding, evidence), False).obligations(by_transition)

    def _proof(self, claim: Claim, representative: bool) -> _Proof:
        ground = self._representatives if representative else self._all
        goals = [goal for goal in ground.goals if goal.prop == claim.prop and goal.binding == claim.binding]
        if len(goals) != 1 or claim.evidence.depth < 1:
            raise CertificationError(f"`{claim.prop.name}` is nothing to be proved by induction")
        return _Proof(ground, goals[0], claim.evidence, ground.parts(goals[0], claim.evidence))


class _Part(Struct, frozen=True):
    """A predicate that is part of an invariant: each of its instances, with the values of its variables."""

    text: str
    node: int
    instances: tuple[tuple[tuple[Value, ...], int], ...]


class _Ground(Struct, dict=True):
    """A ground instance, with the parts of proofs about it."""

    grounded: Grounded
    properties: tuple[str, ...]
    _parts: dict[Term, _Part] = field(default_factory=dict)

    @cached_property
    def goals(self) -> list[Goal]:
        system = self.grounded.instance.system
        chosen = tuple(p for p in system.properties if p.name in self.properties)
        return list(self.grounded.goals(chosen))

    def parts(self, goal: Goal, evidence: Inductive) -> list[_Part]:
        """What is true in every state, as a proof has it."""
        found = [self._lemma(*both) for both in zip(evidence.lemmas, evidence.texts, strict=True)]
        itself = f"{goal.name} itself"
        if evidence.depth > 1:
            good = self.grounded.dag.invert(self.grounded.dag.disj(goal.state, goal.step))
            found.append(_Part(itself, good, (((), good),)))
        elif isinstance(goal.prop, Invariant):
            found.append(self._part(goal.prop.body, goal.prop.params, itself))
        return found

    def _lemma(self, term: Term, text: str) -> _Part:
        if term not in self._parts:
            if isinstance(term, Quantified) and term.quantifier is Quantifier.FORALL:
                body = term.body if term.where is None else Implies(term.where, term.body)
                self._parts[term] = self._part(body, term.binders, text)
            else:
                self._parts[term] = self._part(term, (), text)
        return self._parts[term]

    def _part(self, body: Term, params: tuple[Local, ...], text: str) -> _Part:
        grounded = self.grounded
        instances = tuple(
            (values, grounded.true(grounded.grounder.predicate(body, params, bindings(params, values))))
            for values in grounded.instance.values(params)
        )
        return _Part(text, grounded.dag.conj(*(node for _, node in instances)), instances)


class _Proof(Struct, dict=True):
    ground: _Ground
    goal: Goal
    evidence: Inductive
    parts: Sequence[_Part]

    def __post_init__(self) -> None:
        self.grounded, self.dag = self.ground.grounded, self.ground.grounded.dag
        self.invariant = self.dag.conj(*(part.node for part in self.parts))

    @property
    def induction(self) -> frozenset[int]:
        """What is shown to be inductive."""
        return frozenset(part.node for part in self.parts) if self.evidence.depth == 1 else frozenset({-1})

    def obligations(self, by_transition: bool) -> Iterator[Obligation]:
        yield from self.of_states()
        yield from self.of_steps(by_transition)

    def of_states(self) -> Iterator[Obligation]:
        """That what is true in every state excludes what is to be excluded."""
        yield self._made("initial_states", "There is an initial state.", self._initial_states, True)
        yield self._made("safety", "Where the lemmas are true, nothing is violated.", self._safety)
        if isinstance(self.goal.prop, NoModelError):
            yield self._made("init", "The way to the initial states has no model error.", self._init)

    def of_steps(self, by_transition: bool) -> Iterator[Obligation]:
        """That it is true in every state."""
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
        for part in self.parts:
            script.say(part.node, frame=frame, why=part.text)

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
                kept = (self.grounded.after(number, node) for node in self._looked_at(action))
                yield self.dag.conj(action.guard, assumed, self.dag.invert(self.dag.conj(*kept)))

    def _looked_at(self, action: GroundAction) -> Iterator[int]:
        """The instances of lemmas that an action might break: with a representative, only one at least of
        those that differ by a permutation which leaves the action alone."""
        for part in self.parts:
            for values, node in part.instances:
                if not self.grounded.representative or is_in_order(values, parts_of(action)):
                    yield node

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
