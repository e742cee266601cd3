"""Mutants as text and as JSON: how many were noticed and by whom, and the source of those that were not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.text import Text

from mmcheck.core.mutation import Fate, Mutant, MutantOutcome, MutationOutcome
from mmcheck.core.outcome import SpecOutcome
from mmcheck.report import diagnostics, text
from mmcheck.report.json import SCHEMA_VERSION, Object, diagnostic, position
from mmcheck.report.layout import (
    PROSE,
    block,
    indent,
    one_line,
    paragraph,
    place,
    printable,
    separated,
    words,
)
from mmcheck.report.quantity import count
from mmcheck.report.styles import BAD, CODE, GOOD, QUIET, TITLE, UNSURE
from mmcheck.source import Span

STYLES = {
    Fate.KILLED: GOOD,
    Fate.SURVIVED: BAD,
    Fate.EXCUSED: QUIET,
    Fate.EQUIVALENT: QUIET,
    Fate.UNDECIDED: UNSURE,
}
WITH_SOURCE = (Fate.SURVIVED, Fate.UNDECIDED, Fate.EXCUSED)
"""What is shown with its source, in this order."""


def render(outcome: MutationOutcome, width: int, quiet: bool = False) -> Text:
    """A spec: counts, then the mutants that nobody noticed, and who noticed the others. `quiet` keeps only
    what survived or is undecided."""
    if outcome.diagnostics:
        return Text()
    lines = [] if quiet else [_heading(outcome), *_counts(outcome, width)]
    for fate in WITH_SOURCE:
        if not (quiet and fate is Fate.EXCUSED):
            lines += _with_source(outcome.of(fate), fate, width)
    if not quiet:
        lines += _equivalent(outcome.of(Fate.EQUIVALENT), width)
        lines += _killers(outcome.of(Fate.KILLED), width) if len(outcome.outcomes) > 1 else []
        lines += _shown(outcome, width)
    for warning in outcome.warnings:
        lines += [Text(), *diagnostics.render(warning, width).split("\n")]
    while lines and not lines[0].plain:
        lines = lines[1:]
    return block(lines)


def render_list(outcome: MutationOutcome, width: int) -> Text:
    """The mutants, a line each."""
    if outcome.diagnostics:
        return Text()
    column = max((len(mutant.id) for mutant in outcome.mutants), default=0) + 2
    lines = [_heading(outcome), Text(f"  {count(len(outcome.mutants), 'mutant')}")]
    for mutant in outcome.mutants:
        lines += paragraph(f"  {mutant.id.ljust(column)}", words(_sentence(mutant)), width)
    return block(lines)


def summary(outcomes: Sequence[MutationOutcome]) -> str:
    """The sentence for the last line."""
    found = [o for outcome in outcomes for o in outcome.outcomes]
    counts = Counter(o.fate for o in found)
    parts = [f"{counts[fate]} {fate.value}" for fate in Fate if counts[fate] or fate is Fate.KILLED]
    return f"{count(len(found), 'mutant')}: {', '.join(parts)}"


def _heading(outcome: MutationOutcome) -> Text:
    return Text.assemble((f"mutants of {outcome.name}", TITLE), f"  ({printable(outcome.file)})")


def _counts(outcome: MutationOutcome, width: int) -> list[Text]:
    items = [f"{number} {fate.value}" for fate, number in outcome.counts.items() if number]
    if missing := len(outcome.mutants) - len(outcome.outcomes):
        items.append(f"{missing} not looked at")
    return paragraph(f"  {count(len(outcome.mutants), 'mutant')}: ", separated(items), width)


# --- with their source -----------------------------------------------------------------------------------


def _with_source(outcomes: Sequence[MutantOutcome], fate: Fate, width: int) -> Iterator[Text]:
    """One excerpt for each line, with all its mutants below."""
    if not outcomes:
        return
    yield Text()
    yield Text(f"  {fate.value}", STYLES[fate])
    for _, group in groupby(outcomes, lambda o: (o.mutant.span.file.name, o.mutant.span.line)):
        same = list(group)
        yield Text(f"    {place(same[0].mutant.span)}: in {same[0].mutant.within}")
        for span, at_span in groupby(same, lambda o: _extent(o.mutant.span)):
            yield from indent(diagnostics.excerpt(span, width - 4, STYLES[fate]), 4)
            for outcome in at_span:
                yield from _said(outcome, width)


def _extent(span: Span) -> Span:
    """The part of a span that an excerpt shows: its first line."""
    end = span.file.text.find("\n", span.start)
    return Span(span.file, span.start, span.end if end < 0 else min(span.end, end))


def _said(outcome: MutantOutcome, width: int) -> list[Text]:
    mutant = outcome.mutant
    said = f"{mutant.weakening.value} {mutant.change}"
    if outcome.reason:
        said += f": {outcome.reason}"
    return paragraph(f"            {mutant.id}  ", words(printable(said)), min(width, PROSE))


# --- the others ------------------------------------------------------------------------------------------


def _equivalent(outcomes: Sequence[MutantOutcome], width: int) -> Iterator[Text]:
    """Those that no property can notice: the same graph first, then what differs in idle steps."""
    for title, idle in (
        ("equivalent: the same reachable graph in every check", False),
        ("equivalent but for steps that change nothing", True),
    ):
        chosen = [outcome.mutant for outcome in outcomes if bool(outcome.reason) is idle]
        if not chosen:
            continue
        yield Text()
        yield Text(f"  {title}", QUIET)
        for mutant in chosen:
            yield from paragraph(f"    {mutant.id}  ", words(_sentence(mutant)), width, QUIET)


def _sentence(mutant: Mutant) -> str:
    said = f"{mutant.weakening.value} {mutant.change} in {mutant.within}: {one_line(mutant.span)}"
    return printable(said)


def _killers(outcomes: Sequence[MutantOutcome], width: int) -> Iterator[Text]:
    """How many mutants each property was the first to notice, and in which checks."""
    if not outcomes:
        return
    yield Text()
    yield Text("  killed first by", STYLES[Fate.KILLED])
    noticed = Counter(_killer(outcome) for outcome in outcomes)
    for name, number in noticed.most_common():
        checks = {o.kill.check: 0 for o in outcomes if o.kill and o.kill.check and _killer(o) == name}
        where = f" in {', '.join(checks)}" if checks else ""
        yield from paragraph(f"    {number:>4}  ", words(name + where), width)


def _killer(outcome: MutantOutcome) -> str:
    return outcome.kill.property if outcome.kill and outcome.kill.property else "an error in the mutant"


def _shown(outcome: MutationOutcome, width: int) -> Iterator[Text]:
    """The one mutant that was asked for: where it is, who noticed it, and how."""
    if len(outcome.outcomes) != 1:
        return
    only = outcome.outcomes[0]
    if only.fate not in WITH_SOURCE:
        yield Text()
        yield Text(f"  {place(only.mutant.span)}: in {only.mutant.within}")
        yield from indent(diagnostics.excerpt(only.mutant.span, width - 2, CODE), 2)
        yield from _said(only, width)
    if only.kill is not None:
        where = f" in check {only.kill.check}" if only.kill.check else ""
        by = only.kill.property or "an error"
        yield from paragraph("  killed by ", words(f"{by}{where}: {printable(only.kill.found)}"), width)
    if outcome.shown is not None:
        spec = SpecOutcome(outcome.file, f"{outcome.name}, as the mutant", (outcome.shown,))
        yield Text()
        yield from text.render(spec, width).split("\n")


# --- JSON ------------------------------------------------------------------------------------------------


def document(outcomes: Sequence[MutationOutcome], exit_code: int, summary: str, version: str) -> Object:
    """A whole run; `docs/mutate.md` describes it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "mmcheck", "version": version},
        "exit_code": exit_code,
        "summary": summary,
        "specs": [_spec(outcome) for outcome in outcomes],
    }


def _spec(outcome: MutationOutcome) -> Object:
    known = {o.mutant.id: o for o in outcome.outcomes}
    return {
        "file": outcome.file,
        "name": outcome.name,
        "interrupted": outcome.interrupted,
        "diagnostics": [diagnostic(d) for d in outcome.diagnostics],
        "warnings": [diagnostic(d) for d in outcome.warnings],
        "counts": {fate.value: number for fate, number in outcome.counts.items()},
        "mutants": [_mutant(mutant, known.get(mutant.id)) for mutant in outcome.mutants],
    }


def _mutant(mutant: Mutant, outcome: MutantOutcome | None) -> Object:
    kill = outcome.kill if outcome else None
    return {
        "id": mutant.id,
        "weakening": mutant.weakening.value,
        "change": mutant.change,
        "within": mutant.within,
        "source": one_line(mutant.span),
        "position": position(mutant.span),
        "fate": outcome.fate.value if outcome else None,
        "reason": outcome.reason if outcome else "",
        "killed_by": {"check": kill.check, "property": kill.property, "found": kill.found} if kill else None,
        "checks": list(outcome.verified) if outcome else [],
        "seconds": round(outcome.seconds, 3) if outcome else 0.0,
    }
