"""Outcomes as text: a heading a spec, a line a property, a table a counterexample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from rich.cells import cell_len
from rich.text import Text

from mmcheck.core.check import Check
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import CheckOutcome, Ending, PropertyOutcome, SpecOutcome
from mmcheck.core.system import Scenario
from mmcheck.core.trace import Trace
from mmcheck.core.types import show_value
from mmcheck.core.verdict import Binding, Proved, Violated, Witness
from mmcheck.report import blame as blame_report
from mmcheck.report import diagnostics, induction, lasso, trace
from mmcheck.report.layout import (
    PROSE,
    block,
    fill,
    indent,
    one_line,
    pad,
    paragraph,
    place,
    printable,
    separated,
    words,
)
from mmcheck.report.phrases import claim, expectation, memory, show_binding, verdict_phrase
from mmcheck.report.quantity import count, duration
from mmcheck.report.styles import BAD, GOOD, QUIET, TITLE, UNSURE


class Traces(Enum):
    """Which traces are shown: of what ended otherwise than expected, all (witnesses too), or none."""

    UNEXPECTED = "unexpected"
    ALL = "all"
    NONE = "none"


MARKS = {
    Ending.AS_EXPECTED: ("ok", GOOD),
    Ending.LIMIT: ("????", UNSURE),
    Ending.UNEXPECTED: ("FAIL", BAD),
    Ending.BAD_INPUT: ("FAIL", BAD),
}
NAME_COLUMN = 8
"""Where the names of properties begin."""
VERDICT_WIDTH = 28
"""As much room as the usual verdicts take; a longer name gives way to it."""
GAP = 2


def render(outcome: SpecOutcome, width: int, traces: Traces = Traces.UNEXPECTED, quiet: bool = False) -> Text:
    """A spec with its checks. `quiet` keeps only what did not end as expected, and the warnings."""
    checks = [check for check in outcome.checks if not quiet or _is_news(check)]
    if not checks:
        return Text() if quiet or outcome.diagnostics else block(_spec_heading(outcome, width))
    lines = _spec_heading(outcome, width)
    for check in checks:
        lines += [Text(), *indent(_check(check, width - 2, traces, quiet), 2)]
    return block(lines)


def render_diagnostics(outcome: SpecOutcome, width: int) -> Text:
    """What is wrong with the spec itself, an empty line after each."""
    return Text("\n\n").join(diagnostics.render(d, width) for d in outcome.diagnostics)


def evidence(outcome: PropertyOutcome, instance: Instance, width: int) -> Text:
    """The counterexample of a property, or its witnesses; nothing for a verdict without a trace."""
    return block(_traces_of(outcome, instance, width)[1:])


def hidden_traces(outcome: SpecOutcome, traces: Traces) -> int:
    """How many counterexamples exist that `render` does not show."""
    return sum(
        isinstance(p.verdict, Violated) and p.verdict.trace is not None and not shows(p, traces)
        for check in outcome.checks
        for p in check.properties
    )


def _is_news(check: CheckOutcome) -> bool:
    return check.ending is not Ending.AS_EXPECTED or bool(check.warnings) or check.interrupted


def shows(outcome: PropertyOutcome, traces: Traces) -> bool:
    """Whether the traces of a property are among those that are shown."""
    match traces:
        case Traces.ALL:
            return True
        case Traces.UNEXPECTED:
            return outcome.ending is not Ending.AS_EXPECTED and isinstance(outcome.verdict, Violated)
        case Traces.NONE:
            return False


# --- headings --------------------------------------------------------------------------------------------


def _spec_heading(outcome: SpecOutcome, width: int) -> list[Text]:
    heading = Text.assemble((printable(outcome.name), TITLE), f"  ({printable(outcome.file)})")
    known = paragraph("", words(memory(outcome)), min(width, PROSE), QUIET) if outcome.remembered else []
    return [heading, *_doc(outcome.doc, width), *known]


def _doc(doc: str, width: int) -> list[Text]:
    """The first paragraph of a documentation comment."""
    first = doc.strip().split("\n\n")[0]
    return paragraph("", words(printable(" ".join(first.split()))), min(width, PROSE), QUIET) if first else []


def settings(check: Check, instance: Instance) -> list[str]:
    """What the check sets, then the sizes that it leaves as declared."""
    known = {**check.constants, **instance.sizes}
    names = [*check.set, *(name for name in instance.sizes if name not in check.set)]
    return [f"{name} = {show_value(known[name])}" if name in known else name for name in names]


def _check(outcome: CheckOutcome, width: int, traces: Traces, quiet: bool) -> list[Text]:
    lines = _check_heading(outcome, width)
    shown = [p for p in outcome.properties if not quiet or p.ending is not Ending.AS_EXPECTED]
    lines += _properties(shown, width)
    lines += _statistics(outcome, width)
    for warning in outcome.warnings:
        lines += [Text(), *diagnostics.render(warning, width).split("\n")]
    for prop in outcome.properties:
        if shows(prop, traces):
            lines += _traces_of(prop, outcome.instance, width)
    if outcome.induction:
        lines += [Text(), *induction.render(outcome.induction, outcome.instance, width)]
    return lines


def _check_heading(outcome: CheckOutcome, width: int) -> list[Text]:
    items = settings(outcome.check, outcome.instance)
    first = f"check {outcome.check.name}{': ' if items else ''}"
    lines = paragraph(first, separated(items), width)
    lines[0].stylize(TITLE, 0, len(f"check {outcome.check.name}"))
    return lines + _doc(outcome.check.doc, width)


def _statistics(outcome: CheckOutcome, width: int) -> list[Text]:
    return paragraph("  ", separated(statistics(outcome)), width, QUIET)


def statistics(outcome: CheckOutcome) -> list[str]:
    """How a check was searched, as phrases that stand behind one another."""
    found = outcome.statistics
    searched = [
        count(found.states, "state"),
        *([f"up to symmetry of {' and '.join(found.symmetry)}"] if found.symmetry else []),
        *(
            [f"not of {' and '.join(found.not_permuted)} (too many permutations)"]
            if found.not_permuted
            else []
        ),
        count(found.transitions, "transition"),
        f"depth {found.depth:,}",
        "complete" if found.complete else "INTERRUPTED" if outcome.interrupted else "not complete",
    ]
    if not found.states and not found.complete:
        searched = [f"depth {found.depth:,}", *(["INTERRUPTED"] if outcome.interrupted else [])]
    if all(isinstance(p.prop, Scenario) for p in outcome.properties):
        searched = ["no search was needed"]
    names = dict.fromkeys([found.engine, *(p.engine for p in outcome.properties if p.engine)])
    return [*searched, duration(found.seconds), f"{' and '.join(names)} engine{'s' * (len(names) > 1)}"]


# --- a line a property -----------------------------------------------------------------------------------


def _properties(outcomes: Sequence[PropertyOutcome], width: int) -> list[Text]:
    """Marks, names and verdicts in columns; the verdict below a name that leaves it no room."""
    most = max(width - NAME_COLUMN - GAP - VERDICT_WIDTH, 16)
    names = [cell_len(p.prop.name) for p in outcomes]
    column = NAME_COLUMN + GAP + max((name for name in names if name <= most), default=most)
    return [line for p in outcomes for line in _property(p, column, width)]


def _property(outcome: PropertyOutcome, column: int, width: int) -> list[Text]:
    word, style = MARKS[outcome.ending]
    head = Text.assemble("  ", (word.ljust(NAME_COLUMN - 2), style), outcome.prop.name)
    parts = [verdict_phrase(outcome), expectation(outcome), outcome.note]
    filled = [line for part in parts if part for line in _phrases(printable(part), width - column)]
    styled = [Text(line, style if line.startswith("UNEXPECTED") else "") for line in filled]
    if cell_len(head.plain) + GAP <= column:
        return [pad(head, column) + styled[0], *indent(styled[1:], column)]
    return [head, *indent(styled, column)]


def _phrases(sentence: str, width: int) -> list[str]:
    """A sentence filled to a width, broken at commas if that is enough."""
    phrases = re.split(r"(?<=, )", sentence)
    return fill(phrases if max(map(len, phrases)) <= width else words(sentence), width)


# --- counterexamples and witnesses -----------------------------------------------------------------------


def _traces_of(outcome: PropertyOutcome, instance: Instance, width: int) -> list[Text]:
    match outcome.verdict:
        case Violated(trace=found, binding=binding) if found is not None:
            title = _title(outcome, binding, found, width, BAD)
            return [Text(), *title, *_counterexample(outcome, found, instance, width)]
        case Proved(Witness(traces)):
            return [line for bound, run in traces for line in _witness(outcome, bound, run, instance, width)]
        case _:
            return []


def _title(outcome: PropertyOutcome, bound: Binding, run: Trace, width: int, style: str) -> list[Text]:
    steps = f"in {count(run.length, 'step')}:"
    values = show_binding(bound).strip()
    tokens = [f"{claim(outcome)} ", *([f"{values}, "] if values else []), steps]
    return paragraph("", tokens, width, style)


def _witness(
    outcome: PropertyOutcome, bound: Binding, run: Trace, instance: Instance, width: int
) -> list[Text]:
    title = _title(outcome, bound, run, width, GOOD)
    return [Text(), *title, *_source(outcome, width), Text(), *trace.render(run, instance, width)]


def _counterexample(outcome: PropertyOutcome, found: Trace, instance: Instance, width: int) -> list[Text]:
    lines = _source(outcome, width)
    if isinstance(outcome.verdict, Violated) and outcome.verdict.reason:
        lines += paragraph("  ", words(printable(outcome.verdict.reason)), min(width, PROSE))
    lines.append(Text())
    lines += trace.render(found, instance, width, blame_report.cells_read(outcome.blame))
    if outcome.account:
        forbidden = frozenset(t.name for t in instance.system.transitions if t.impossible)
        why = lasso.render(found, outcome.account, width - 2, forbidden)
        lines += [*([Text()] if lines[-1].plain else []), *indent(why, 2)]
    if outcome.blame:
        why = blame_report.render(outcome.blame, outcome.prop, found, instance, width - 2)
        lines += [Text(), *indent(why, 2)]
    return lines


def _source(outcome: PropertyOutcome, width: int) -> list[Text]:
    """The property as it is written and documented, so that a table can be read away from its spec."""
    prop = outcome.prop
    lines = indent(_doc(prop.doc, width - 2), 2)
    if prop.span is None:
        return lines
    where, source = f"  {place(prop.span)}: ", one_line(prop.span)
    if cell_len(where + source) <= width:
        return [*lines, Text(where + source)]
    return [*lines, Text(where.rstrip()), *paragraph(" " * 4, words(source), width)]
