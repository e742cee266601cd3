"""Certificates for every size: a proof by induction as SMT-LIB 2 scripts with quantifiers.

The system is lifted anew and written as text, and a fresh solver is asked about each script, before a proof
is shown; what the search found out counts for nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from msgspec import Struct, field

from mmcheck.core.certify import CertificationError, UnsettledError
from mmcheck.core.system import NoModelError, Property, System
from mmcheck.core.verdict import EverySize
from mmcheck.engines.limits import ANY_TIME, TimeLeft
from mmcheck.engines.parametric.lifted import Candidate, Goal, Lifted
from mmcheck.engines.parametric.logic import FALSE
from mmcheck.engines.parametric.script import Script
from mmcheck.engines.parametric.vocabulary import Vocabulary
from mmcheck.engines.symbolic.certificate import Obligation
from mmcheck.engines.symbolic.solver import Result, settle

SECONDS_A_SCRIPT = 60.0


class Prover(Struct):
    """Proves again what was proved about one system for every size, `properties` being those that were judged
    together. No script is asked for twice."""

    system: System
    properties: tuple[str, ...]
    time: TimeLeft = ANY_TIME
    _settled: dict[str, Result] = field(default_factory=dict)
    _lifted: dict[tuple[tuple[str, int], ...], Lifted] = field(default_factory=dict)

    def prove(self, prop: Property, evidence: EverySize) -> None:
        """Prove again that a property holds. Raises CertificationError where an obligation does not hold,
        UnsettledError where the solver gives one up."""
        for obligation in self.obligations(prop, evidence):
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

    def obligations(self, prop: Property, evidence: EverySize) -> Iterator[Obligation]:
        """What has to be shown for a proof. Raises CertificationError for what no induction can prove."""
        sizes = tuple((fixed.sort, fixed.size) for fixed in evidence.fixed)
        if sizes not in self._lifted:
            self._lifted[sizes] = Lifted(Vocabulary(self.system, dict(sizes)))
        lifted = self._lifted[sizes]
        if set(evidence.sorts) != set(lifted.vocabulary.sorts):
            raise CertificationError(f"the proof of `{prop.name}` is not about the sorts of the spec")
        judged = tuple(p for p in self.system.properties if p.name in self.properties)
        goal = lifted.goal(prop, judged)
        if goal is None or prop not in judged:
            raise CertificationError(f"`{prop.name}` is nothing to be proved by induction")
        return _Proof(lifted, goal, evidence).obligations()


class _Proof(Struct, dict=True):
    lifted: Lifted
    goal: Goal
    evidence: EverySize

    @cached_property
    def lemmas(self) -> list[Candidate]:
        pairs = zip(self.evidence.texts, self.evidence.lemmas, strict=True)
        return [Candidate(text, (), term) for text, term in pairs]

    def obligations(self) -> Iterator[Obligation]:
        goal = self.goal
        yield self._initial_states(dict(self.evidence.example))
        if isinstance(goal.prop, NoModelError):
            title = "The way to the initial states has no model error."
            yield self._impossible("init", title, (goal.beginning, "an error in `init`"))
        yield self._initiation()
        for name in self.lifted.transitions:
            yield from self._consecution(name)
        title = "Where these lemmas are true, nothing is violated."
        yield self._from_here("safety", title, (None, None), goal.state, "the violation")
        for name, wrong in goal.steps.items():
            if wrong != FALSE:
                title = f"Where these lemmas are true, no step of {name} violates anything."
                why = f"a step of {name} shows the violation"
                yield self._from_here(f"safety_{name}", title, (None, name), wrong, why)

    def _script(self, name: str, title: str, is_possible: bool = False) -> Script:
        about = f"{self.goal.prop.name}, for every size: {name.replace('_', ' ')}\n{title}"
        return Script(self.lifted.logic, about, self.lifted.vocabulary.sorts, is_possible)

    def _initial_states(self, sizes: Mapping[str, int]) -> Obligation:
        """There is an initial state, in a universe that is small, so that it is found."""
        script = self._script("initial_states", "There is an initial state.", is_possible=True)
        script.elements(sizes)
        script.claim(self.lifted.begins, "the choices lead to an initial state, which is assumed to be one")
        return Obligation("initial_states", script.text(), Result.POSSIBLE)

    def _initiation(self) -> Obligation:
        logic = self.lifted.logic
        broken = logic.disj(*(logic.neg(self.lifted.first(lemma)) for lemma in self.lemmas))
        begins = self.lifted.begins, "the choices lead to an initial state, which is assumed to be one"
        title = "The lemmas are true in the initial states."
        return self._impossible("initiation", title, begins, (broken, "in which a lemma is false"))

    def _consecution(self, transition: str) -> Iterator[Obligation]:
        """A lemma that speaks of nothing that a transition writes is kept. Each of the others has a script of
        its own, with the lemmas that were found to be needed: a solver that is given all of them may look
        for a proof among those that do not matter."""
        logic, lifted = self.lifted.logic, self.lifted
        for number, lemma in enumerate(self.lemmas):
            if not lifted.keeps_plainly(transition, lemma):
                # No name of a transition has this sign in it.
                name = f"consecution_{transition}-{number + 1}"
                title = f"Every step of {transition} keeps this lemma: {lemma.text}"
                broken = logic.neg(lifted.then(transition, lemma))
                wrong = logic.conj(lifted.steps(transition), broken)
                why = f"a step of {transition} breaks it"
                yield self._from_here(name, title, (number, transition), wrong, why)

    @cached_property
    def _known(self) -> dict[tuple[int | None, str | None], list[Candidate]]:
        reasons = self.evidence.reasons
        if any(number >= len(self.lemmas) for r in reasons for number in r.known):
            raise CertificationError(
                f"the reasons for `{self.goal.prop.name}` name lemmas that are not there"
            )
        return {(r.kept, r.transition): [self.lemmas[number] for number in r.known] for r in reasons}

    def _from_here(
        self, name: str, title: str, about: tuple[int | None, str | None], wrong: int, why: str
    ) -> Obligation:
        """That something is wrong where the lemmas are true that were found to be needed, or all of them
        where that is not known."""
        known = [(self.lifted.now(lemma), lemma.text) for lemma in self._known.get(about, self.lemmas)]
        return self._impossible(name, title, (self.lifted.here, "the assumptions"), *known, (wrong, why))

    def _impossible(self, name: str, title: str, *claims: tuple[int, str]) -> Obligation:
        script = self._script(name, title)
        for formula, why in claims:
            script.claim(formula, why)
        return Obligation(name, script.text(), Result.IMPOSSIBLE)
