"""A run as the reports tell it: what came out of every spec, and how the run ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import assert_never

from msgspec import Struct

from mmcheck.core.outcome import CheckOutcome, Ending, PropertyOutcome, SpecOutcome, worst
from mmcheck.core.trace import Trace
from mmcheck.core.verdict import (
    Binding,
    EverySize,
    Evidence,
    Exhaustive,
    Inductive,
    Proved,
    Unknown,
    Violated,
    Witness,
)
from mmcheck.diagnostics import Diagnostic, Severity
from mmcheck.report.quantity import count
from mmcheck.report.text import Traces


class Run(Struct, frozen=True):
    """`diagnostics` are those that belong to no spec, `summary` is the last line on stderr, `crashed` are the
    files at which a bug of mmcheck showed. Paths below `folder` are told relative to it. `traces` says which
    traces a report shows that does not hold all of them."""

    specs: tuple[SpecOutcome, ...]
    version: str
    exit_code: int
    summary: str
    diagnostics: tuple[Diagnostic, ...] = ()
    crashed: tuple[str, ...] = ()
    started: datetime | None = None
    folder: str = ""
    traces: Traces = Traces.UNEXPECTED

    @property
    def checks(self) -> Iterator[tuple[SpecOutcome, CheckOutcome]]:
        """Every check with its spec, in order."""
        return ((spec, check) for spec in self.specs for check in spec.checks)

    def path(self, name: str) -> str:
        """The name of a file as a report tells it, with slashes on every system."""
        path = PurePath(name)
        if self.folder and path.is_absolute() and path.is_relative_to(self.folder):
            path = path.relative_to(self.folder)
        return path.as_posix()


def run_of(specs: Sequence[SpecOutcome], version: str) -> Run:
    """A run that is over, from what came out of its specs."""
    end = worst([spec.ending for spec in specs])
    endings = [check.ending for spec in specs for check in spec.checks]
    errors = sum(d.severity is Severity.ERROR for spec in specs for d in spec.diagnostics)
    summary = f"{endings.count(Ending.AS_EXPECTED)} of {count(len(endings), 'check')} ended as expected"
    if errors:
        summary += f"; {count(errors, 'error')}"
    return Run(tuple(specs), version, _EXIT_CODES[end], summary)


_EXIT_CODES = {Ending.AS_EXPECTED: 0, Ending.UNEXPECTED: 1, Ending.BAD_INPUT: 2, Ending.LIMIT: 3}


def traces_of(outcome: PropertyOutcome) -> tuple[tuple[Binding, Trace], ...]:
    """The runs that speak for a verdict: the counterexample, or a witness for each instance."""
    match outcome.verdict:
        case Violated(trace, binding):
            return ((binding, trace),) if trace is not None else ()
        case Proved(evidence):
            return _witnesses(evidence)
        case Unknown():
            return ()
        case _:
            assert_never(outcome.verdict)


def _witnesses(evidence: Evidence) -> tuple[tuple[Binding, Trace], ...]:
    match evidence:
        case Witness(traces):
            return traces
        case Exhaustive() | Inductive() | EverySize():
            return ()
        case _:
            assert_never(evidence)


def lemmas_of(outcome: PropertyOutcome) -> tuple[str, ...]:
    """The lemmas of a proof by induction, that something holds or is nowhere to be found."""
    match outcome.verdict:
        case (
            Proved(Inductive(texts=texts) | EverySize(texts=texts))
            | Violated(evidence=Inductive(texts=texts))
        ):
            return texts
        case Proved() | Violated() | Unknown():
            return ()
        case _:
            assert_never(outcome.verdict)


class Candidate(Struct, frozen=True):
    """A trace with what it is about."""

    spec: SpecOutcome
    check: CheckOutcome
    outcome: PropertyOutcome
    binding: Binding
    trace: Trace


def candidates(run: Run) -> list[Candidate]:
    """Every trace of a run: unexpected counterexamples first, then those that were expected, then
    witnesses."""
    found = [
        Candidate(spec, check, outcome, binding, trace)
        for spec, check in run.checks
        for outcome in check.properties
        for binding, trace in traces_of(outcome)
    ]
    return sorted(found, key=_rank)


def _rank(candidate: Candidate) -> tuple[bool, bool]:
    violated = isinstance(candidate.outcome.verdict, Violated)
    return not violated, candidate.outcome.ending is Ending.AS_EXPECTED
