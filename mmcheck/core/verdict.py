"""Verdicts: proved, violated or unknown, each with what can be checked again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mmcheck.core.trace import Trace
from mmcheck.core.types import Value

Binding: TypeAlias = tuple[tuple[str, Value], ...]
"""The values of a property's parameters: which of its instances is meant."""


@dataclass(frozen=True, slots=True)
class Exhaustive:
    """Every reachable state was visited. `depth` is the length of the longest shortest path; `transitions`
    counts the steps taken, several ones between the same two states included."""

    states: int
    transitions: int
    depth: int
    symmetry: tuple[str, ...] = ()
    """The sorts whose elements were taken to be interchangeable: then states and transitions are counted up
    to permutations of them."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A run that shows what was to be shown possible: one for each instance of the property, with the
    parameters' values and, for a scenario, those of its own."""

    traces: tuple[tuple[Binding, Trace], ...]

    @property
    def length(self) -> int:
        """The length of the longest of them: after that many steps all were seen."""
        return max(trace.length for _, trace in self.traces)


Evidence: TypeAlias = Exhaustive | Witness


@dataclass(frozen=True, slots=True)
class Proved:
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Violated:
    """`trace` is a shortest counterexample, replayed. It is None where the violation is that something was
    *not* found: then `evidence` says how thoroughly it was looked for. `reason` is a sentence."""

    trace: Trace | None
    binding: Binding = ()
    reason: str = ""
    evidence: Exhaustive | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """`limit` is true when a limit came first, false when the engine cannot decide the property at all."""

    reason: str
    limit: bool = True


Verdict: TypeAlias = Proved | Violated | Unknown
