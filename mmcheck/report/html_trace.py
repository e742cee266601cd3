"""A trace as the HTML report shows it: one table, and for each step what changed, who holds what, and why."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.outcome import Ending, PropertyOutcome
from mmcheck.core.trace import Choices, FailedStep, Failure, Trace, as_written
from mmcheck.core.types import show_value
from mmcheck.core.verdict import Binding, Violated
from mmcheck.report import blame as blame_report
from mmcheck.report import lasso
from mmcheck.report.actors import actor
from mmcheck.report.changes import Change, changes
from mmcheck.report.html_source import Excerpt, excerpt
from mmcheck.report.layout import one_line
from mmcheck.report.ownership import Holding, Ownership, elements, held_sorts, ownership
from mmcheck.report.phrases import claim, show_binding
from mmcheck.report.quantity import count
from mmcheck.report.trace import changing
from mmcheck.report.unchanged import compact

NEW, KEPT, GONE = "new", "kept", "gone"
"""What a step did to a relation."""
UNFOLDED = 1000
"""The width of lines that the browser folds."""


class Entry(Struct, frozen=True):
    """A value in the table; `kind` is `changed`, `same` or `failed`."""

    text: str
    kind: str


class Row(Struct, frozen=True):
    cell: str
    read: bool
    entries: tuple[Entry, ...]


class Fact(Struct, frozen=True):
    """A relation or a value, and what the step did to it."""

    text: str
    kind: str


class Matrix(Struct, frozen=True):
    """Who holds which elements of a sort: a column for each element, headed by its attributes, and a row for
    each holder."""

    sort: str
    columns: tuple[tuple[str, tuple[Fact, ...]], ...]
    rows: tuple[tuple[str, tuple[tuple[Fact, ...], ...]], ...]


class StepView(Struct, frozen=True):
    """A step with the state that it led to; `failure` where it led to none."""

    number: int
    title: str
    actor: str
    choices: str
    doc: str
    changes: tuple[Change, ...]
    source: Excerpt | None
    matrices: tuple[Matrix, ...]
    failure: str = ""


class Why(Struct, frozen=True):
    """The part of the property that is false; of each cell that it read, the value and the step that set it
    (None for one that is not in the trace)."""

    part: str
    truth: str
    bindings: str
    reads: tuple[tuple[str, str, int | None], ...]


class TraceView(Struct, frozen=True):
    id: str
    title: str
    is_counterexample: bool
    doc: str
    source: Excerpt | None
    reason: str
    why: Why | None
    rows: tuple[Row, ...]
    unchanged: tuple[tuple[str, str], ...]
    steps: tuple[StepView, ...]
    failure: str
    for_ever: tuple[str, ...]
    """Of a run that never ends: what comes again and again, and why it counts as fair."""


def trace_view(
    id: str, outcome: PropertyOutcome, binding: Binding, trace: Trace, instance: Instance
) -> TraceView:
    """All that is shown of a trace."""
    verdict = outcome.verdict
    known = isinstance(verdict, Violated) and outcome.ending is Ending.AS_EXPECTED
    expected = ", as expected" if known else ""
    rows = changing(trace)
    fixed = [i for i in range(len(instance.cells)) if i not in set(rows)]
    why = _why(outcome, trace, instance)
    part = outcome.blame.part.span if outcome.blame else None
    failure = trace.end if isinstance(trace.end, Failure) else None
    return TraceView(
        id,
        f"{claim(outcome)}{show_binding(binding)}, in {count(trace.length, 'step')}{expected}",
        isinstance(verdict, Violated),
        outcome.prop.doc,
        excerpt(outcome.prop.span, part),
        verdict.reason if isinstance(verdict, Violated) else "",
        why,
        tuple(_rows(trace, instance, rows, blame_report.cells_read(outcome.blame))),
        tuple(compact(instance, trace.initial, fixed)),
        tuple(_steps(trace, instance)),
        f"{failure.kind}: {failure.message}" if failure else "",
        _for_ever(outcome, trace, instance),
    )


def _for_ever(outcome: PropertyOutcome, trace: Trace, instance: Instance) -> tuple[str, ...]:
    if outcome.account is None:
        return ()
    forbidden = frozenset(t.name for t in instance.system.transitions if t.impossible)
    return tuple(line.plain for line in lasso.render(trace, outcome.account, UNFOLDED, forbidden))


def _why(outcome: PropertyOutcome, trace: Trace, instance: Instance) -> Why | None:
    blame = outcome.blame
    if blame is None:
        return None
    reads = tuple(
        (cell, show_value(value), blame_report.origin(cell, value, outcome.prop, trace, instance))
        for cell, value in blame.reads
    )
    part = one_line(blame.part.span) if blame.part.span else repr(blame.part)
    return Why(part, blame_report.truth(blame), show_binding(blame.bindings).strip(), reads)


# --- the table -------------------------------------------------------------------------------------------


def _rows(trace: Trace, instance: Instance, rows: list[int], read: frozenset[str]) -> Iterator[Row]:
    for row in rows:
        label = repr(instance.cells[row])
        values = [state[row] for state in trace.states]
        entries = [Entry(show_value(values[0]), "first")]
        for before, after in pairwise(values):
            entries.append(Entry(show_value(after), "same" if before == after else "changed"))
        if isinstance(trace.end, FailedStep):
            entries.append(Entry("!", "failed"))
        yield Row(label, label in read, tuple(entries))


# --- the steps -------------------------------------------------------------------------------------------


def _steps(trace: Trace, instance: Instance) -> Iterator[StepView]:
    initial = ownership(instance, trace.initial)
    yield StepView(0, "init", "", "", "", (), None, _matrices(instance, None, initial))
    before: State = trace.initial
    for number, step in enumerate(trace.steps, 1):
        found = tuple(changes(instance, before, step.target))
        held = _matrices(instance, ownership(instance, before), ownership(instance, step.target))
        yield _step(number, step.action, step.choices, found, held)
        before = step.target
    if isinstance(trace.end, FailedStep):
        yield _failed(trace.length, trace.end)


def _step(
    number: int, action: Action, choices: Choices, found: tuple[Change, ...], held: tuple[Matrix, ...]
) -> StepView:
    doc = " ".join(action.transition.doc.split())
    source = excerpt(action.transition.span)
    return StepView(number, repr(action), actor(action), _picked(choices), doc, found, source, held)


def _failed(number: int, end: FailedStep) -> StepView:
    action, failure = end.action, end.failure
    source = excerpt(action.transition.span or failure.span, failure.span)
    doc = " ".join(action.transition.doc.split())
    told = f"{failure.kind}: {failure.message}"
    return StepView(number, repr(action), actor(action), _picked(end.choices), doc, (), source, (), told)


def _picked(choices: Choices) -> str:
    return ", ".join(f"{name} = {show_value(value)}" for name, value in as_written(choices))


# --- who holds what --------------------------------------------------------------------------------------


def _matrices(instance: Instance, before: Ownership | None, after: Ownership) -> tuple[Matrix, ...]:
    """A matrix for each sort whose elements can be held. Without a state before, nothing is new."""
    return tuple(_matrix(instance, sort, before or after, after) for sort in held_sorts(instance))


def _matrix(instance: Instance, sort: str, before: Ownership, after: Ownership) -> Matrix:
    columns = elements(instance, sort)
    past = [h for h in before.holdings if h.held.sort == sort]
    present = [h for h in after.holdings if h.held.sort == sort]
    holders = sorted(dict.fromkeys(h.holder for h in (*past, *present)))
    return Matrix(
        sort,
        tuple((repr(e), tuple(_attributes(repr(e), before, after))) for e in columns),
        tuple(
            (holder, tuple(tuple(_relations(holder, repr(e), past, present)) for e in columns))
            for holder in holders
        ),
    )


def _attributes(element: str, before: Ownership, after: Ownership) -> Iterator[Fact]:
    past = {(repr(e), name): value for e, name, value in before.attributes}
    for e, name, value in after.attributes:
        if repr(e) == element:
            kind = KEPT if past.get((element, name)) == value else NEW
            yield Fact(f"{name} = {show_value(value)}", kind)


def _relations(holder: str, element: str, past: list[Holding], present: list[Holding]) -> Iterator[Fact]:
    before = [h.how for h in past if (h.holder, repr(h.held)) == (holder, element)]
    after = [h.how for h in present if (h.holder, repr(h.held)) == (holder, element)]
    yield from (Fact(how, KEPT if how in before else NEW) for how in after)
    yield from (Fact(how, GONE) for how in before if how not in after)
