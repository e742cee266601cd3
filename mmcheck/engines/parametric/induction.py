"""The inductive part of a set of candidates, for every size, and what it proves.

Candidates that some small structure refutes are dropped first, many with one answer; what is left is asked
about for every size, by transition. What is dropped may have been needed, so this goes on until nothing
changes (Houdini).

References: C. Flanagan and K. R. M. Leino, Houdini, an annotation assistant for ESC/Java, FME 2001.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct, field

from mmcheck.engines.parametric.anysize import AnySize, Translation
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


class Induction(Struct, dict=True):
    """The candidates that are left, by the formula that each is about the state before a step."""

    lifted: Lifted
    look: Callable[[], None]
    kept: dict[int, Candidate] = field(default_factory=dict)
    _proved: set[tuple[str, int]] = field(default_factory=set)
    """Which transition keeps which candidate, as far as the candidates that are left show."""
    _begun: set[int] = field(default_factory=set)
    _cores: dict[tuple[str, int], frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.logic = self.lifted.logic
        sorts = self.lifted.vocabulary.sorts
        self.small = Universe(self.logic, dict.fromkeys(sorts, SMALL), self.look)
        translation = Translation(self.logic)
        self.first = AnySize(translation, self.lifted.begins)
        self.here = AnySize(translation, self.lifted.here)

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Take new candidates, and drop whatever is not inductive together."""
        for candidate in candidates:
            now = self.lifted.now(candidate)
            if now != TRUE:
                self.kept.setdefault(now, candidate)
        self._drop_refuted()
        while self._drop_unproved():
            self._drop_refuted()

    # --- dropping ----------------------------------------------------------------------------------------

    def _drop(self, now: int) -> None:
        del self.kept[now]
        self._proved.clear()
        self._cores.clear()

    def _drop_refuted(self) -> None:
        """Drop what a small structure refutes."""
        begins = self.small.literal(self.lifted.begins)
        firsts = {now: self.small.literal(self.lifted.first(c)) for now, c in self.kept.items()}
        self._drop_false([begins], firsts)
        changed = True
        while changed:
            changed = False
            for transition in self.lifted.transitions:
                changed = (
                    self._drop_false(self._from_here(self.small, transition), self._thens(transition))
                    or changed
                )

    def _from_here(self, universe: Universe, transition: str) -> list[int]:
        """A step from a state in which all that is left is true."""
        formulas = [self.lifted.here, *self.kept, self.lifted.steps(transition)]
        return [universe.literal(formula) for formula in formulas]

    def _thens(self, transition: str) -> dict[int, int]:
        return {
            now: self.small.literal(self.lifted.then(transition, candidate))
            for now, candidate in self.kept.items()
            if (transition, now) not in self._proved and not self.lifted.keeps_plainly(transition, candidate)
        }

    def _drop_false(self, given: list[int], claims: dict[int, int]) -> bool:
        """Drop candidates whose claim is false in some structure with what is given, until there is none."""
        dropped = False
        while claims and self.small.is_possible([*given, self.small.any_of(-c for c in claims.values())]):
            values = self.small.holds(list(claims.values()))
            self.look()
            for now, value in zip(list(claims), values, strict=True):
                if not value:
                    given = [literal for literal in given if literal != self.small.literal(now)]
                    self._drop(now)
                    del claims[now]
                    dropped = True
        return dropped

    def _drop_unproved(self) -> bool:
        """Drop the first that is not proved for every size; whether there is one."""
        for now, candidate in self.kept.items():
            if now not in self._begun:
                if not self.first.excludes((), self.logic.neg(self.lifted.first(candidate))):
                    self._drop(now)
                    return True
                self._begun.add(now)
        for transition in self.lifted.transitions:
            for now, candidate in self.kept.items():
                if not self._keeps(transition, now, candidate):
                    self._drop(now)
                    return True
        return False

    def _keeps(self, transition: str, now: int, candidate: Candidate) -> bool:
        """Whether every step of a transition keeps a candidate."""
        key = transition, now
        if key not in self._proved and not self.lifted.keeps_plainly(transition, candidate):
            self.look()
            if not self.here.excludes(self.kept, self._breaking(transition, candidate)):
                return False
        self._proved.add(key)
        return True

    def _breaking(self, transition: str, candidate: Candidate) -> int:
        """Where a step of a transition leads to a state in which a candidate is false."""
        after = self.lifted.then(transition, candidate)
        return self.logic.conj(self.lifted.steps(transition), self.logic.neg(after))

    def example(self) -> Mapping[str, int] | None:
        """Small sizes at which there is an initial state."""
        for count in (SMALL, LARGER):
            sorts = dict.fromkeys(self.lifted.vocabulary.sorts, count)
            universe = self.small if count == SMALL else Universe(self.logic, sorts, self.look)
            structure = universe.smallest([universe.literal(self.lifted.begins)])
            if structure is not None:
                return structure.sizes
        return None

    # --- goals -------------------------------------------------------------------------------------------

    def proof(self, goal: Goal) -> list[Candidate] | None:
        """Lemmas that are inductive together and exclude what a property excludes; None where what is left
        does not."""
        if goal.beginning != FALSE and not self.first.excludes((), goal.beginning):
            return None
        wrongs = [wrong for wrong in (goal.state, *goal.steps.values()) if wrong != FALSE]
        for wrong in wrongs:
            self.look()
            if not self.here.excludes(self.kept, wrong):
                return None
        kept = list(self.kept)
        reasons = {(wrong, wrong): self.here.core(kept, wrong) for wrong in wrongs}
        lemmas = self._closed({lemma for core in reasons.values() for lemma in core})
        if len(lemmas) <= MOST_THINNED:
            lemmas = self._thinned(lemmas, reasons)
        return [self.kept[now] for now in lemmas]

    def _closed(self, needed: set[int]) -> list[int]:
        """The lemmas with all those by which they are kept."""
        found, pending = set(needed), list(needed)
        while pending:
            now = pending.pop()
            for transition in self.lifted.transitions:
                self.look()
                new = self._core(transition, now) - found
                found |= new
                pending += sorted(new)
        return [now for now in self.kept if now in found]

    def _thinned(self, lemmas: list[int], goals: dict[tuple[int, int], frozenset[int]]) -> list[int]:
        """The lemmas without those that the others do without, the longest tried first."""
        reasons = dict(goals)
        for now in lemmas:
            for transition in self.lifted.transitions:
                if not self.lifted.keeps_plainly(transition, self.kept[now]):
                    wrong = self._breaking(transition, self.kept[now])
                    reasons[now, wrong] = self._core(transition, now)
        for lemma in sorted(lemmas, key=lambda now: len(self.kept[now].text), reverse=True):
            rest = [now for now in lemmas if now != lemma]
            others = {key: core for key, core in reasons.items() if key[0] != lemma}
            affected = [key for key, core in others.items() if lemma in core]
            if all(self._is_excluded(rest, wrong) for _, wrong in affected):
                lemmas = rest
                # Which of them it takes now is not known, but that they are enough.
                reasons = others | dict.fromkeys(affected, frozenset(rest))
        return lemmas

    def _is_excluded(self, lemmas: list[int], wrong: int) -> bool:
        """Whether some lemmas exclude something wrong; small structures tell soonest that they do not."""
        self.look()
        formulas = [self.lifted.here, *lemmas, wrong]
        if self.small.is_possible([self.small.literal(formula) for formula in formulas]):
            return False
        return self.here.excludes(lemmas, wrong)

    def _core(self, transition: str, now: int) -> frozenset[int]:
        """By which lemmas a transition keeps a lemma."""
        key, candidate = (transition, now), self.kept[now]
        if key not in self._cores:
            if self.lifted.keeps_plainly(transition, candidate):
                self._cores[key] = frozenset((now,))
            else:
                wrong = self._breaking(transition, candidate)
                self._cores[key] = self.here.core(list(self.kept), wrong)
        return self._cores[key]

    # --- counterexamples to induction --------------------------------------------------------------------

    def ctis(self, goal: Goal, claim: Candidate | None) -> list[Cti]:
        """Structures that show why a goal is not proved: with few elements, one at most for each transition.
        An invariant is assumed to be true before the step that breaks it."""
        found = list(self._ctis_in(self.small, goal, claim))
        if not found:
            sorts = dict.fromkeys(self.lifted.vocabulary.sorts, LARGER)
            found = list(self._ctis_in(Universe(self.logic, sorts, self.look), goal, claim))
        return found

    def _ctis_in(self, universe: Universe, goal: Goal, claim: Candidate | None) -> Iterator[Cti]:
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
        literals = [universe.literal(formula) for formula in given]
        for transition, wrong in wrongs:
            self.look()
            structure = None if wrong == FALSE else universe.smallest([*literals, universe.literal(wrong)])
            if structure is not None:
                yield Cti(transition, structure)
