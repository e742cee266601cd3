"""Verdicts: proved, violated or unknown, each with what can be checked again."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from mmcheck.core.terms import Term
from mmcheck.core.trace import Trace
from mmcheck.core.types import Value

Binding: TypeAlias = tuple[tuple[str, Value], ...]
"""The values of a property's parameters: which of its instances is meant."""


class Exhaustive(Struct, frozen=True):
    """Every reachable state was visited. `depth` is the length of the longest shortest path; `transitions`
    counts the steps taken, several ones between the same two states included."""

    states: int
    transitions: int
    depth: int
    symmetry: tuple[str, ...] = ()
    """The sorts whose elements were taken to be interchangeable: then states and transitions are counted up
    to permutations of them."""
    fairness: tuple[str, ...] = ()
    """For liveness: the demands that make a run fair, as `core.fairness.demands` tells them."""
    without_fair_run: int = 0
    """For liveness: in how many of the states every fair run, sooner or later, breaks an assumption."""


class Witness(Struct, frozen=True):
    """A run that shows what was to be shown possible: one for each instance of the property, with the
    parameters' values and, for a scenario, those of its own."""

    traces: tuple[tuple[Binding, Trace], ...]

    @property
    def length(self) -> int:
        """The length of the longest of them: after that many steps all were seen."""
        return max(trace.length for _, trace in self.traces)


class Inductive(Struct, frozen=True):
    """A proof by induction: the lemmas, predicates over states, are true of every initial state, every step
    keeps them (for an invariant, together with itself), and where they are true nothing is violated.

    `texts` are the lemmas as a spec would have them, in the same order. With `depth` k the induction is over
    paths: from k different states in a row, in which the lemmas and the property itself are true, no step
    leads to one in which they are not; and they are true in the first k states of every run."""

    lemmas: tuple[Term, ...] = ()
    texts: tuple[str, ...] = ()
    depth: int = 1


class FixedSort(Struct, frozen=True):
    """A sort whose size a proof for every size keeps as it is, and why."""

    sort: str
    size: int
    reason: str


class Because(Struct, frozen=True):
    """Which lemmas a part of a proof needs, by their numbers: `known`, so that steps of a transition keep the
    lemma `kept`; or, where that is None, so that they violate nothing. Without a transition it is about what
    a state shows."""

    kept: int | None
    transition: str | None
    known: tuple[int, ...]


class EverySize(Struct, frozen=True):
    """A proof by induction for every number of elements of some sorts: the lemmas, predicates over states,
    are true of every initial state and kept by every step, and where they are true nothing is violated,
    whatever the sizes of `sorts` are.

    `texts` are the lemmas as a spec would have them; one that is an invariant of the spec has its name.
    `example` holds sizes at which there is an initial state, so that the proof is not about nothing.
    `reasons` are hints for who proves it again: one for each lemma and transition that might break it, the
    transitions in their order."""

    lemmas: tuple[Term, ...]
    texts: tuple[str, ...]
    sorts: tuple[str, ...]
    fixed: tuple[FixedSort, ...] = ()
    example: tuple[tuple[str, int], ...] = ()
    reasons: tuple[Because, ...] = ()

    @property
    def needed_by(self) -> tuple[tuple[str, ...], ...]:
        """Of each lemma the transitions that need it: without it these might break another lemma, or what is
        proved."""
        return tuple(tuple(self._needing(number)) for number in range(len(self.lemmas)))

    def _needing(self, number: int) -> dict[str, None]:
        return {
            reason.transition: None
            for reason in self.reasons
            if reason.transition is not None and reason.kept != number and number in reason.known
        }


Evidence: TypeAlias = Exhaustive | Witness | Inductive | EverySize


class Proved(Struct, frozen=True):
    evidence: Evidence


class Violated(Struct, frozen=True):
    """`trace` is a shortest counterexample, replayed. It is None where the violation is that something was
    *not* found: then `evidence` says how thoroughly it was looked for. `reason` is a sentence."""

    trace: Trace | None
    binding: Binding = ()
    reason: str = ""
    evidence: Exhaustive | Inductive | None = None


class Unknown(Struct, frozen=True):
    """`limit` is true when a limit came first, false when the engine cannot decide the property at all."""

    reason: str
    limit: bool = True


Verdict: TypeAlias = Proved | Violated | Unknown


def given(fairness: tuple[str, ...], verdict: Verdict) -> Verdict:
    """The verdict on a liveness property, if it is one that rests on all states, under some fairness."""
    match verdict:
        case Proved(Exhaustive() as evidence):
            return Proved(replace(evidence, fairness=fairness))
        case _:
            return verdict
