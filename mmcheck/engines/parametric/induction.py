"""The inductive part of a set of candidates, for every size, and what it proves.

Candidates that some small structure refutes are dropped first, many with one answer. What is dropped may
have been needed, so this goes on until nothing changes (Houdini). Of what is left only that is proved for
every size which a proof needs: the reasons that suffice in small structures mostly do in all, and a question
with few lemmas is a small fraction of the work of one with all.

References: C. Flanagan and K. R. M. Leino, Houdini, an annotation assistant for ESC/Java, FME 2001.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from mmcheck.core.verdict import Because
from mmcheck.engines.parametric.anysize import LITTLE, AnySize, Translation
from mmcheck.engines.parametric.lifted import Candidate, Goal, Lifted
from mmcheck.engines.parametric.logic import FALSE, TRUE
from mmcheck.engines.parametric.universe import Structure, Universe

SMALL = 2
"""How many elements of each sort a structure has that refutes a candidate at once."""
LARGER = 3
"""The same for one that says which sorts must grow."""

MOST_THINNED = 24
"""How many lemmas a proof may have for each to be tried whether it is needed."""


class Cti(Struct, frozen=True):
    """A counterexample to induction: a structure in which a transition (none of them, if a state shows it by
    itself) leads out of what is claimed."""

    transition: str | None
    structure: Structure


Reason: TypeAlias = tuple[int | None, str | None, int]
"""Which lemma (none, for the goal) would be broken by which transition, and where."""


class Proof(Struct, frozen=True):
    """Lemmas that are inductive together, and why."""

    lemmas: tuple[Candidate, ...]
    reasons: tuple[Because, ...]


class _NotKeptError(Exception):
    """A lemma is not proved to be true at first, or to be kept by every transition."""

    def __init__(self, lemma: int) -> None:
        self.lemma = lemma


class Induction(Struct, dict=True):
    """The candidates that are left, by the formula that each is about the state before a step."""

    lifted: Lifted
    look: Callable[[], None]
    kept: dict[int, Candidate] = field(default_factory=dict)
    _reasons: dict[tuple[str, int], frozenset[int]] = field(default_factory=dict)
    """By which candidates a transition keeps one, as far as that is proved for every size."""
    _begun: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.logic = self.lifted.logic
        self._universes: dict[tuple[str | None, int], Universe] = {}
        translation = Translation(self.logic)
        self.first = AnySize(translation, self.lifted.begins)
        self.here = AnySize(translation, self.lifted.here)

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Take new candidates, and drop whatever small structures refute of them together."""
        for candidate in candidates:
            now = self.lifted.now(candidate)
            if now != TRUE:
                self.kept.setdefault(now, candidate)
        self._drop_refuted()

    # --- dropping ----------------------------------------------------------------------------------------

    def _drop(self, now: int) -> None:
        del self.kept[now]
        self._reasons = {key: own for key, own in self._reasons.items() if now not in own and key[1] != now}

    def small(self, transition: str | None) -> Universe:
        """Small structures in which a transition takes a step (none, for what a state shows): what is said
        of the other transitions would be in the way."""
        return self._universe(transition, SMALL)

    def _universe(self, transition: str | None, most: int) -> Universe:
        if (transition, most) not in self._universes:
            sorts = dict.fromkeys(self.lifted.vocabulary.sorts, most)
            self._universes[transition, most] = Universe(self.logic, sorts, self.look)
        return self._universes[transition, most]

    def _drop_refuted(self) -> None:
        """Drop what a small structure refutes."""
        small = self.small(None)
        firsts = {
            now: small.literal(self.lifted.first(c)) for now, c in self.kept.items() if now not in self._begun
        }
        self._drop_false(small, [small.literal(self.lifted.begins)], firsts)
        changed = True
        while changed:
            changed = False
            for transition in self.lifted.transitions:
                small = self.small(transition)
                given = self._from_here(small, transition)
                changed = self._drop_false(small, given, self._thens(small, transition)) or changed

    def _from_here(self, universe: Universe, transition: str) -> list[int]:
        """A step from a state in which all that is left is true."""
        formulas = [self.lifted.here, *self.kept, self.lifted.steps(transition)]
        return [universe.literal(formula) for formula in formulas]

    def _thens(self, universe: Universe, transition: str) -> dict[int, int]:
        return {
            now: universe.literal(self.lifted.then(transition, candidate))
            for now, candidate in self.kept.items()
            if (transition, now) not in self._reasons and not self.lifted.keeps_plainly(transition, candidate)
        }

    def _drop_false(self, universe: Universe, given: list[int], claims: dict[int, int]) -> bool:
        """Drop candidates whose claim is false in some structure with what is given, until there is none."""
        dropped = False
        while claims and universe.is_possible([*given, universe.any_of(-c for c in claims.values())]):
            values = universe.holds(list(claims.values()))
            self.look()
            for now, value in zip(list(claims), values, strict=True):
                if not value:
                    given = [literal for literal in given if literal != universe.literal(now)]
                    self._drop(now)
                    del claims[now]
                    dropped = True
        return dropped

    def _begins(self, now: int) -> bool:
        """Whether a candidate is true in every initial state."""
        if now not in self._begun:
            if not self.first.excludes((), self.logic.neg(self.lifted.first(self.kept[now]))):
                return False
            self._begun.add(now)
        return True

    def _excluding(
        self,
        transition: str | None,
        lemmas: Collection[int],
        wrong: int,
        found: Collection[int],
    ) -> frozenset[int] | None:
        """Few of some lemmas that exclude something wrong for every size, those that were found to be needed
        rather than others, and short ones rather than long ones: those that suffice in small structures, or
        in larger ones, where they do for every size."""
        ordered = sorted(lemmas, key=lambda now: (now in found, -len(self.kept[now].text)))
        for most in (SMALL, LARGER):
            self.look()
            universe = self._universe(transition, most)
            given = [universe.literal(self.lifted.here), universe.literal(wrong)]
            literals = {universe.literal(lemma): lemma for lemma in ordered}
            core = universe.core(given, list(literals))
            if core is None:
                return None
            few = frozenset(literals[literal] for literal in universe.thinned(given, core))
            if self.here.excludes(few, wrong, LITTLE):
                return few
        return frozenset(lemmas) if self.here.excludes(lemmas, wrong) else None

    def _breaking(self, transition: str, candidate: Candidate) -> int:
        """Where a step of a transition leads to a state in which a candidate is false."""
        after = self.lifted.then(transition, candidate)
        return self.logic.conj(self.lifted.steps(transition), self.logic.neg(after))

    def example(self) -> Mapping[str, int] | None:
        """Small sizes at which there is an initial state."""
        for count in (SMALL, LARGER):
            universe = self._universe(None, count)
            structure = universe.smallest([universe.literal(self.lifted.begins)])
            if structure is not None:
                return structure.sizes
        return None

    # --- goals -------------------------------------------------------------------------------------------

    def proof(self, goal: Goal) -> Proof | None:
        """Lemmas that are inductive together and exclude what a property excludes; None where what is left
        does not. Only what is needed is proved for every size, and dropped if it is not true."""
        if goal.beginning != FALSE and not self.first.excludes((), goal.beginning):
            return None
        while True:
            wrongs = ((None, goal.state), *goal.steps.items())
            reasons = self._reasons_among(
                self.kept, [(None, name, wrong) for name, wrong in wrongs if wrong != FALSE]
            )
            if reasons is None:
                return None
            try:
                lemmas = self._closed(reasons)
            except _NotKeptError as error:
                self._drop(error.lemma)
                self._drop_refuted()
                continue
            reasons |= self._reasons_to_keep(lemmas)
            if len(lemmas) <= MOST_THINNED:
                lemmas, reasons = self._thinned(lemmas, reasons)
            return Proof(tuple(self.kept[now] for now in lemmas), tuple(self._told(lemmas, reasons)))

    def _told(self, lemmas: list[int], reasons: dict[Reason, frozenset[int]]) -> Iterator[Because]:
        """The reasons of a proof, the lemmas by their numbers in it."""
        number = {now: at for at, now in enumerate(lemmas)}
        for transition in (None, *self.lifted.transitions):
            for (of, name, _), few in reasons.items():
                if name == transition:
                    kept = None if of is None else number[of]
                    yield Because(kept, name, tuple(sorted(number[now] for now in few)))

    def _closed(self, reasons: dict[Reason, frozenset[int]]) -> list[int]:
        """The lemmas that exclude what is wrong, with all those by which they are kept."""
        found = {lemma for few in reasons.values() for lemma in few}
        pending = sorted(found)
        while pending:
            now = pending.pop()
            if not self._begins(now):
                raise _NotKeptError(now)
            for transition in self.lifted.transitions:
                new = self._core(transition, now, found) - found
                found |= new
                pending += sorted(new)
        return [now for now in self.kept if now in found]

    def _reasons_to_keep(self, lemmas: list[int]) -> dict[Reason, frozenset[int]]:
        """By which lemmas the transitions keep each of them."""
        reasons: dict[Reason, frozenset[int]] = {}
        for now in lemmas:
            for transition in self.lifted.transitions:
                if not self.lifted.keeps_plainly(transition, self.kept[now]):
                    wrong = self._breaking(transition, self.kept[now])
                    reasons[now, transition, wrong] = self._core(transition, now, lemmas)
        return reasons

    def _thinned(
        self, lemmas: list[int], reasons: dict[Reason, frozenset[int]]
    ) -> tuple[list[int], dict[Reason, frozenset[int]]]:
        """The lemmas without those that the others do without, the longest tried first; and the reasons of
        what is left."""
        for lemma in sorted(lemmas, key=lambda now: len(self.kept[now].text), reverse=True):
            rest = [now for now in lemmas if now != lemma]
            others = {key: core for key, core in reasons.items() if key[0] != lemma}
            again = self._reasons_among(rest, [key for key, core in others.items() if lemma in core])
            if again is not None:
                lemmas, reasons = rest, others | again
        return lemmas, reasons

    def _reasons_among(
        self, lemmas: Collection[int], wanted: list[Reason]
    ) -> dict[Reason, frozenset[int]] | None:
        """By which of some lemmas everything wrong is excluded; None where they are not enough."""
        reasons: dict[Reason, frozenset[int]] = {}
        found: set[int] = set()
        for key in wanted:
            few = self._excluding(key[1], lemmas, key[2], found)
            if few is None:
                return None
            reasons[key] = few
            found |= few
        return reasons

    def _core(self, transition: str, now: int, found: Collection[int]) -> frozenset[int]:
        """By which lemmas a transition keeps a lemma: by few, and by those found to be needed if they do."""
        candidate = self.kept[now]
        if self.lifted.keeps_plainly(transition, candidate):
            return frozenset((now,))
        key = transition, now
        if key not in self._reasons:
            reasons = self._excluding(transition, self.kept, self._breaking(transition, candidate), found)
            if reasons is None:
                raise _NotKeptError(now)
            self._reasons[key] = reasons
        return self._reasons[key]

    # --- counterexamples to induction --------------------------------------------------------------------

    def ctis(self, goal: Goal, claim: Candidate | None) -> list[Cti]:
        """Structures that show why a goal is not proved: with few elements, one at most for each transition.
        An invariant is assumed to be true before the step that breaks it."""
        return list(self._ctis_in(SMALL, goal, claim)) or list(self._ctis_in(LARGER, goal, claim))

    def _ctis_in(self, most: int, goal: Goal, claim: Candidate | None) -> Iterator[Cti]:
        wrongs: list[tuple[str | None, int]]
        if claim is None:
            wrongs = [(None, goal.state), *goal.steps.items()]
            given = [self.lifted.here, *self.kept]
        else:
            wrongs = [
                (
                    name,
                    self.logic.conj(self.lifted.steps(name), self.logic.neg(self.lifted.then(name, claim))),
                )
                for name in self.lifted.transitions
            ]
            given = [self.lifted.here, *self.kept, self.lifted.now(claim)]
        for transition, wrong in wrongs:
            self.look()
            if wrong != FALSE:
                universe = self._universe(transition, most)
                structure = universe.smallest([universe.literal(formula) for formula in (*given, wrong)])
                if structure is not None:
                    yield Cti(transition, structure)
