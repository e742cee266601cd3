"""A lifted system, and what its properties ask for: predicates over the state before a step, for any size.

What a step shows is a condition of the state that it leaves, as in `symbolic.grounded`, which says the same
of one size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from msgspec import Struct, field

from mmcheck.core.system import (
    DeadlockFree,
    Invariant,
    Liveness,
    NoModelError,
    Property,
    Reachable,
    StepInvariant,
)
from mmcheck.core.terms import Local, Quantified, Quantifier, Term
from mmcheck.engines.parametric.contents import State
from mmcheck.engines.parametric.execution import (
    Judgement,
    Outcome,
    changes,
    judge,
    run_init,
    run_transition,
)
from mmcheck.engines.parametric.logic import FALSE, TRUE
from mmcheck.engines.parametric.values import OutsideError
from mmcheck.engines.parametric.vocabulary import Vocabulary


class Candidate(Struct, frozen=True, cache_hash=True):
    """A predicate over states that may be a lemma, true for all values of its parameters."""

    text: str
    params: tuple[Local, ...]
    body: Term


def candidate_of(prop: Invariant) -> Candidate:
    """An invariant of the spec as a lemma."""
    return Candidate(prop.name, prop.params, prop.body)


def quantified(lemma: Candidate) -> Term:
    """A lemma for all values of its parameters."""
    if not lemma.params:
        return lemma.body
    return Quantified(Quantifier.FORALL, lemma.params, None, lemma.body)


class Goal(Struct, frozen=True):
    """What must not be: where `state` is true the state shows it, where `steps` of a transition is, a step by
    it does, and where `beginning` is, the way to an initial state."""

    prop: Property
    state: int
    steps: dict[str, int]
    beginning: int


class Lifted(Struct, dict=True):
    """A system over uninterpreted sorts."""

    vocabulary: Vocabulary
    _known: dict[tuple[str, Candidate], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.logic = self.vocabulary.logic
        self.system = self.vocabulary.system
        _raise(list(self.vocabulary.too_wide()))
        outside: list[OutsideError] = []
        self.beginning: Outcome = run_init(self.vocabulary)
        self.transitions: dict[str, Outcome] = {}
        for transition in self.system.transitions:
            try:
                outcome = run_transition(self.vocabulary, transition)
            except OutsideError as error:
                outside.append(error)
                continue
            if outcome.guard != FALSE or outcome.fails != FALSE:
                self.transitions[transition.name] = outcome
        _raise(outside)

    # --- assumptions -------------------------------------------------------------------------------------

    def assumed(self, state: State | None = None) -> int:
        """Where all assumptions are true."""
        judgements = (judge(self.vocabulary, (), a.body, state) for a in self.system.assumptions)
        return self.logic.conj(*map(self._true, judgements))

    def senseless(self, state: State | None = None) -> int:
        """Where an assumption runs into a model error, those before it being true."""
        found, before = FALSE, TRUE
        for assumption in self.system.assumptions:
            judgement = judge(self.vocabulary, (), assumption.body, state)
            found = self.logic.disj(found, self.logic.conj(before, judgement.fails))
            before = self.logic.conj(before, self._true(judgement))
        return found

    @cached_property
    def here(self) -> int:
        """Where all assumptions are true before a step."""
        return self.assumed()

    @cached_property
    def begins(self) -> int:
        """Where choices lead to an initial state that breaks no assumption."""
        return self.logic.conj(self.beginning.guard, self.assumed(self.beginning.writes))

    def steps(self, transition: str) -> int:
        """Where a step of a transition leads to a state that breaks no assumption."""
        return self._steps[transition]

    @cached_property
    def _steps(self) -> dict[str, int]:
        return {
            name: self.logic.conj(outcome.guard, self.assumed(outcome.writes))
            for name, outcome in self.transitions.items()
        }

    @cached_property
    def changing(self) -> dict[str, int]:
        """Where a step of each transition is one to be judged: it changes something, too."""
        return {
            name: self.logic.conj(self.steps(name), changes(self.vocabulary, outcome))
            for name, outcome in self.transitions.items()
        }

    def _true(self, judgement: Judgement) -> int:
        return self.logic.conj(judgement.holds, self.logic.neg(judgement.fails))

    # --- lemmas ------------------------------------------------------------------------------------------

    def now(self, lemma: Candidate) -> int:
        """A lemma about the state before a step."""
        return self._at("", lemma, None)

    def first(self, lemma: Candidate) -> int:
        """A lemma about an initial state."""
        return self._at("init", lemma, self.beginning.writes)

    def then(self, transition: str, lemma: Candidate) -> int:
        """A lemma about the state after a step."""
        return self._at(f"after {transition}", lemma, self.transitions[transition].writes)

    def _at(self, where: str, lemma: Candidate, state: State | None) -> int:
        key = where, lemma
        if key not in self._known:
            self._known[key] = self._true(judge(self.vocabulary, lemma.params, lemma.body, state))
        return self._known[key]

    def keeps_plainly(self, transition: str, lemma: Candidate) -> bool:
        """Whether a lemma speaks of nothing that a transition writes."""
        return self.then(transition, lemma) == self.now(lemma)

    # --- properties --------------------------------------------------------------------------------------

    def goal(self, prop: Property, judged: tuple[Property, ...]) -> Goal | None:
        """What a property excludes; None for one that no induction over steps can prove. `judged` are those
        in which a model error counts, too."""
        match prop:
            case Invariant(_, params, body):
                true = self._true(judge(self.vocabulary, params, body))
                return Goal(prop, self.logic.neg(true), {}, FALSE)
            case StepInvariant():
                steps = {
                    name: self.logic.conj(taken, self.logic.neg(self._true(self._after(prop, name))))
                    for name, taken in self.changing.items()
                }
                return Goal(prop, FALSE, steps, FALSE)
            case NoModelError():
                return self._errors(prop, judged)
            case Reachable() | DeadlockFree() | Liveness():
                return None
            case _:
                return None

    def _after(self, prop: StepInvariant, transition: str) -> Judgement:
        after = self.transitions[transition].writes
        return judge(self.vocabulary, prop.params, prop.body, after=after, by=transition)

    def _errors(self, prop: NoModelError, judged: tuple[Property, ...]) -> Goal:
        """Model errors: in a transition, in an assumption, and in the properties that are judged."""
        logic = self.logic
        steps = {
            name: logic.disj(
                outcome.fails,
                logic.conj(outcome.guard, self.senseless(outcome.writes)),
                logic.conj(
                    self.changing[name],
                    logic.disj(*(self._after(p, name).fails for p in judged if isinstance(p, StepInvariant))),
                ),
            )
            for name, outcome in self.transitions.items()
        }
        state = logic.disj(
            *(judge(self.vocabulary, params, body).fails for p in judged for params, body in _parts(p))
        )
        senseless = logic.conj(self.beginning.guard, self.senseless(self.beginning.writes))
        return Goal(prop, state, steps, logic.disj(self.beginning.fails, senseless))


def _raise(outside: Sequence[OutsideError]) -> None:
    """Raise all of these, one for the rest, if there are any: one that goes when a sort keeps its size is the
    first, so that this is tried."""
    if outside:
        first, *others = sorted(outside, key=lambda error: error.sort is None)
        raise first.with_others(others)


def _parts(prop: Property) -> Iterator[tuple[tuple[Local, ...], Term]]:
    """The predicates over states that a property is made of."""
    match prop:
        case Invariant(_, params, body) | Reachable(_, params, body):
            yield params, body
        case Liveness(_, params, _, trigger, goal):
            yield params, goal
            if trigger is not None:
                yield params, trigger
        case _:
            pass
