"""A run over some specs: print each as it is finished, end with the tally."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import click
from msgspec import Struct, field
from msgspec.structs import replace
from rich.text import Text

from mmcheck.cli.crash import report_crash
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.heartbeat import Heartbeat
from mmcheck.cli.output import Output
from mmcheck.cli.tally import Tally, tally
from mmcheck.core.outcome import Ending, SpecOutcome
from mmcheck.diagnostics import Diagnostic
from mmcheck.jobs.standing import Crash, Result
from mmcheck.report import coverage as coverage_report
from mmcheck.report import diagnostics as diagnostics_report
from mmcheck.report import invariant as invariant_report
from mmcheck.report import text
from mmcheck.report.quantity import count


class Format(Protocol):
    """How the results of a run are told."""

    def diagnostics(self, diagnostics: Sequence[Diagnostic]) -> None:
        """What is wrong before any spec is looked at."""

    def spec(self, outcome: SpecOutcome) -> None:
        """A spec that is finished."""

    def end(self, result: Tally, summary: str) -> None:
        """The end of the run."""


class TextFormat(Struct):
    """Tables and sentences: results on the output, mistakes in the specs on the other stream."""

    out: Output
    err: Output
    traces: text.Traces
    quiet: bool
    coverage: bool = False
    invariant: bool = False
    lenient: bool = False
    """Whether checks without a verdict are no news, and only counted when all is quiet."""
    _hidden: int = 0
    _undecided: list[str] = field(default_factory=list)
    _written: bool = False
    _told: list[Diagnostic] = field(default_factory=list)

    def diagnostics(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Tell what is wrong: of a model that several specs import, once."""
        for diagnostic in diagnostics:
            if diagnostic in self._told:
                continue
            self._told.append(diagnostic)
            self.err.write(diagnostics_report.render(diagnostic, self.err.width) + Text("\n"))

    def spec(self, outcome: SpecOutcome) -> None:
        if self.quiet and self.lenient:
            outcome = self._decided(outcome)
        self._result(text.render(outcome, self.out.width, self.traces, self.quiet))
        if self.coverage and outcome.checks:
            self._result(coverage_report.render(outcome, self.out.width))
        if self.invariant:
            self._result(invariant_report.render(outcome, self.out.width))
        self.diagnostics(outcome.diagnostics)
        self._hidden += text.hidden_traces(outcome, self.traces)

    def _decided(self, outcome: SpecOutcome) -> SpecOutcome:
        """The outcome without the checks that have no verdict, which are told at the end."""
        decided = tuple(check for check in outcome.checks if check.ending is not Ending.LIMIT)
        if left := len(outcome.checks) - len(decided):
            self._undecided.append(f"{count(left, 'check')} of {outcome.file}")
        return replace(outcome, checks=decided)

    def _result(self, rendered: Text) -> None:
        """Something for the output, an empty line before it unless it is the first."""
        if rendered.plain:
            self.out.write(Text("\n" if self._written else "") + rendered)
            self._written = True

    def end(self, result: Tally, summary: str) -> None:
        if self._hidden and not self.quiet:
            hidden = count(self._hidden, "counterexample")
            verb = "is" if self._hidden == 1 else "are"
            self.err.write(Text(f"{hidden} {verb} not shown; see with --traces all"))
        for undecided in self._undecided:
            self.err.write(Text(f"no verdict in time: {undecided}"))


def run(
    results: Iterable[Result],
    diagnostics: Sequence[Diagnostic],
    format: Format,
    err: Output,
    heartbeat: Heartbeat,
    strict: bool = False,
    lenient: bool = False,
) -> Exit:
    """Tell what comes out of the files. A crash in one does not keep the others from being told; Ctrl-C ends
    the run with what is finished."""
    format.diagnostics(diagnostics)
    outcomes: list[SpecOutcome] = []
    crashed: list[str] = []
    interrupted = False
    try:
        for result in results:
            heartbeat.clear()
            crash = _tell(result, outcomes, format)
            if crash is not None:
                report_crash(crash.error, f"verifying {crash.file}", again=bool(crashed))
                crashed.append(crash.file)
    except KeyboardInterrupt:
        interrupted = True
    heartbeat.clear()
    end = tally(outcomes, diagnostics, crashed, interrupted, strict, lenient)
    summary = last_line(end.end, end.summary)
    format.end(end, summary)
    err.write(Text(summary))
    return end.end


def _tell(result: Result, outcomes: list[SpecOutcome], format: Format) -> Crash | None:
    """Tell what came out of a file, and add it to the outcomes. A bug can also show in that."""
    if isinstance(result, Crash):
        return result
    outcomes.append(result)
    try:
        format.spec(result)
    except click.ClickException:
        raise
    except Exception as error:
        return Crash(result.file, error)
    return None
