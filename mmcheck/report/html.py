"""A run as one HTML page that needs nothing else: an overview, every trace step by step, and coverage.

Without scripts everything is there, one step below the other; the script only shows one at a time. The page
forbids itself every connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as counter
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from mmcheck.core.outcome import CheckOutcome, Ending, PropertyOutcome, SpecOutcome
from mmcheck.core.types import show_value
from mmcheck.core.verdict import Violated
from mmcheck.diagnostics import Diagnostic
from mmcheck.report import induction
from mmcheck.report.graph import title
from mmcheck.report.graph_svg import picture
from mmcheck.report.html_source import CountedFile, Excerpt, counted_files, excerpt
from mmcheck.report.html_trace import TraceView, trace_view
from mmcheck.report.phrases import expectation, kind, memory, verdict_phrase
from mmcheck.report.run import Run, lemmas_of, traces_of
from mmcheck.report.text import MARKS, settings, statistics

WIDTH = 100
"""Columns of what is shown as text."""
TEMPLATES = Path(__file__).parent / "templates"
CLASSES = {
    Ending.AS_EXPECTED: "good",
    Ending.LIMIT: "unsure",
    Ending.UNEXPECTED: "bad",
    Ending.BAD_INPUT: "bad",
}
RESULTS = {0: ("OK", "good"), 1: ("FAIL", "bad"), 2: ("ERROR", "bad"), 3: ("UNKNOWN", "unsure")}
"""The word and the colour of an exit code; of all others those of a bug, or an interrupted run."""


class PropertyView(Struct, frozen=True):
    """A row of the overview; `traces` are the ids of what is shown of it below."""

    mark: str
    style: str
    name: str
    kind: str
    doc: str
    phrase: str
    expectation: str
    note: str
    lemmas: tuple[str, ...]
    traces: tuple[str, ...]


class DiagnosticView(Struct, frozen=True):
    code: str
    severity: str
    message: str
    remedy: str
    source: Excerpt | None


class CheckView(Struct, frozen=True):
    id: str
    name: str
    style: str
    settings: str
    doc: str
    properties: tuple[PropertyView, ...]
    statistics: str
    warnings: tuple[DiagnosticView, ...]
    traces: tuple[TraceView, ...]
    induction: str
    """What induction says, as text; empty where nobody asked."""
    graph: GraphView | None


class GraphView(Struct, frozen=True):
    title: str
    picture: Markup


class SpecView(Struct, frozen=True):
    id: str
    name: str
    file: str
    doc: str
    memory: str
    style: str
    diagnostics: tuple[DiagnosticView, ...]
    checks: tuple[CheckView, ...]
    coverage: tuple[CountedFile, ...]


def render(run: Run) -> str:
    """The whole page."""
    word, style = RESULTS.get(run.exit_code, ("INCOMPLETE", "unsure"))
    page = (
        _environment()
        .get_template("report.html")
        .render(
            word=word,
            style=style,
            summary=run.summary.removeprefix("mmcheck: ").removeprefix(f"{word}: "),
            version=run.version,
            started=run.started.strftime("%Y-%m-%d %H:%M") if run.started else "",
            diagnostics=[_diagnostic(d) for d in run.diagnostics],
            crashed=[run.path(file) for file in run.crashed],
            specs=[_spec(number, spec, run) for number, spec in enumerate(run.specs, 1)],
        )
    )
    return page + "\n" * (not page.endswith("\n"))


def _environment() -> Environment:
    """Templates in which everything is escaped, and a name that is missing is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["value"] = show_value
    return environment


def _spec(number: int, outcome: SpecOutcome, run: Run) -> SpecView:
    id = f"spec-{number}"
    return SpecView(
        id,
        outcome.name,
        run.path(outcome.file),
        outcome.doc,
        memory(outcome),
        CLASSES[outcome.ending],
        tuple(map(_diagnostic, outcome.diagnostics)),
        tuple(_check(f"{id}-check-{i}", check) for i, check in enumerate(outcome.checks, 1)),
        counted_files(outcome),
    )


def _check(id: str, outcome: CheckOutcome) -> CheckView:
    numbers = counter(1)
    ids = {
        p.prop.name: tuple(f"{id}-trace-{next(numbers)}" for _ in traces_of(p)) for p in outcome.properties
    }
    return CheckView(
        id,
        outcome.check.name,
        CLASSES[outcome.ending],
        ", ".join(settings(outcome.check, outcome.instance)),
        outcome.check.doc,
        tuple(_property(p, ids[p.prop.name]) for p in outcome.properties),
        ", ".join(statistics(outcome)),
        tuple(map(_diagnostic, outcome.warnings)),
        tuple(
            trace_view(ids[p.prop.name][i], p, binding, trace, outcome.instance)
            for p in _counterexamples_first(outcome)
            for i, (binding, trace) in enumerate(traces_of(p))
        ),
        _induction(outcome),
        # What is drawn was escaped when it was drawn.
        None if outcome.graph is None else GraphView(title(outcome.graph), Markup(picture(outcome.graph))),
    )


def _induction(outcome: CheckOutcome) -> str:
    if not outcome.induction:
        return ""
    lines = induction.render(outcome.induction, outcome.instance, WIDTH)
    return "\n".join(line.plain.rstrip() for line in lines)


def _counterexamples_first(outcome: CheckOutcome) -> Iterator[PropertyOutcome]:
    """Unexpected counterexamples, then the expected ones, then witnesses."""
    yield from sorted(
        outcome.properties,
        key=lambda p: (not isinstance(p.verdict, Violated), p.ending is Ending.AS_EXPECTED),
    )


def _property(outcome: PropertyOutcome, traces: tuple[str, ...]) -> PropertyView:
    return PropertyView(
        MARKS[outcome.ending][0],
        CLASSES[outcome.ending],
        outcome.prop.name,
        kind(outcome.prop),
        outcome.prop.doc,
        verdict_phrase(outcome),
        expectation(outcome),
        outcome.note,
        lemmas_of(outcome),
        traces,
    )


def _diagnostic(diagnostic: Diagnostic) -> DiagnosticView:
    span = diagnostic.span
    return DiagnosticView(
        diagnostic.code,
        diagnostic.severity.value,
        diagnostic.message,
        diagnostic.remedy,
        excerpt(span, span),
    )
