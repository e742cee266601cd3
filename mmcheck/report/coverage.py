"""Coverage as text: the source of a spec with counts in the margin, over all its checks together.

A branch is counted at its first statement. Lines that carry no count are left out, but for their neighbours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

from mmcheck.core.coverage import BranchCoverage, Coverage, Side, TransitionCoverage, merge
from mmcheck.core.outcome import SpecOutcome
from mmcheck.report.diagnostics import expanded, window
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
from mmcheck.report.styles import BAD, QUIET, TITLE, UNSURE
from mmcheck.source import SourceFile

NEVER = "#####"
ERROR = "error"
IMPOSSIBLE = "-"
LEGEND = {
    NEVER: "never",
    ERROR: "taken only on the way into a model error",
    IMPOSSIBLE: "ruled out by the constants",
}
STYLES = {NEVER: BAD, ERROR: UNSURE, IMPOSSIBLE: QUIET}
NEIGHBOURS = 1
"""How many lines around one with a count are shown."""


class Mark(Struct, frozen=True):
    """What stands in the margin, about what, and the offset where that begins. A mark is `apart` when it is
    about something that the line does not show, so that it stands below the line in any case."""

    offset: int
    margin: str
    label: str
    apart: bool = False


def render(outcome: SpecOutcome, width: int) -> Text:
    """How much of a spec its checks made use of."""
    measured = [check.coverage for check in outcome.checks if check.coverage is not None]
    name = printable(outcome.name)
    if not measured:
        return block([Text(f"coverage of {name}: nothing was searched", TITLE)])
    coverage = merge(measured)
    marks = margin_marks(coverage)
    lines = _heading(name, len(measured), coverage, width)
    lines += indent(_legend(marks, width - 2), 2)
    column = 2 + max(len(NEVER), *(len(mark.margin) for of_file in marks.values() for mark in of_file))
    for file in sorted(marks, key=lambda file: file.name != outcome.file):
        source = _source(file, marks[file], column, width)
        lines += [Text(), Text(f"  {printable(file.name)}", TITLE), *source]
    return block(lines + _premises(coverage, width))


def _heading(name: str, checks: int, coverage: Coverage, width: int) -> list[Text]:
    fired = [t.fired > 0 for t in coverage.transitions if t.possible]
    taken = [b.covered for b in coverage.branches if b.written]
    met = [p.met for p in coverage.premises if p.met is not None]
    totals = [
        f"{sum(found)} of {count(len(found), noun)} {verb}"
        for found, noun, verb in (
            (fired, "transition", "fired"),
            (taken, "branch", "taken"),
            (met, "premise", "met"),
        )
        if found
    ]
    first = f"coverage of {name} over {count(checks, 'check')}: "
    lines = paragraph(first, separated(totals), width)
    lines[0].stylize(TITLE, 0, len(f"coverage of {name}"))
    if not coverage.complete:
        missing = "not every state was visited: what is missing here may still come"
        lines += paragraph("  ", words(missing), min(width, PROSE), UNSURE)
    return lines


def _legend(marks: Mapping[SourceFile, Sequence[Mark]], width: int) -> list[Text]:
    """What the marks mean that occur."""
    used = {mark.margin for of_file in marks.values() for mark in of_file}
    meanings = [f"{mark} {meaning}" for mark, meaning in LEGEND.items() if mark in used]
    return paragraph("", separated(["counts are steps", *meanings]), width, QUIET)


# --- what stands in the margin ---------------------------------------------------------------------------


def margin_marks(coverage: Coverage) -> dict[SourceFile, list[Mark]]:
    """The marks of each file, in the order of its text."""
    found: defaultdict[SourceFile, list[Mark]] = defaultdict(list)
    for t in coverage.transitions:
        if t.span is not None:
            found[t.span.file].append(Mark(t.span.start, _fired(t), t.name))
    for b in coverage.branches:
        if b.written:
            found[b.place.file].append(Mark(b.place.start, _taken(b), _label(b)))
        elif not b.covered and _is_taken_otherwise(b, coverage):
            found[b.branch.span.file].append(
                Mark(b.branch.span.start, NEVER, "never passed over", apart=True)
            )
    return {file: sorted(of_file, key=lambda m: (m.apart, m.offset)) for file, of_file in found.items()}


def _fired(transition: TransitionCoverage) -> str:
    if not transition.possible:
        return IMPOSSIBLE
    return f"{transition.fired:,}" if transition.fired else NEVER


def _taken(branch: BranchCoverage) -> str:
    if branch.taken.steps:
        return f"{branch.taken.steps:,}"
    return ERROR if branch.taken.failed else NEVER


def _label(branch: BranchCoverage) -> str:
    match branch.branch.side:
        case Side.THEN:
            return "then"
        case Side.ELSE:
            return "else"
        case Side.BODY:
            return "forall"


def _is_taken_otherwise(branch: BranchCoverage, coverage: Coverage) -> bool:
    """Whether the other way through the `if` was taken: then every step went that way."""
    return any(b.covered and b.branch.span == branch.branch.span for b in coverage.branches)


# --- the source ------------------------------------------------------------------------------------------


def _source(file: SourceFile, marks: Sequence[Mark], column: int, width: int) -> Iterator[Text]:
    """The lines with marks and their neighbours, an ellipsis for those between."""
    by_line: defaultdict[int, list[Mark]] = defaultdict(list)
    for mark in marks:
        by_line[file.position(mark.offset)[0]].append(mark)
    last = 0
    for line in _with_neighbours(by_line, file):
        if last and line > last + 1:
            yield Text("...".rjust(column), QUIET)
        yield from _line(file, line, by_line.get(line, []), column, width)
        last = line


def _with_neighbours(lines: Mapping[int, object], file: SourceFile) -> list[int]:
    """The lines, and those around them that are not empty."""
    around = {line + by for line in lines for by in range(-NEIGHBOURS, NEIGHBOURS + 1)}
    existing = (line for line in around if 1 <= line <= len(file.line_starts))
    return sorted(line for line in existing if line in lines or file.line_text(line).strip())


def _line(file: SourceFile, line: int, marks: Sequence[Mark], column: int, width: int) -> Iterator[Text]:
    """A line with its first mark in the margin, and a line below it for each further mark."""
    first, *more = marks if marks and not marks[0].apart else [Mark(0, "", ""), *marks]
    raw = file.line_text(line)
    number = f" {line:>5} | "
    room = width - column - len(number)
    source, _, _ = window(expanded(raw), 0, 1, room)
    yield _margin(first, column) + Text.assemble((number, QUIET), source.rstrip())
    for mark in more:
        start = cell_len(expanded(raw[: file.position(mark.offset)[1] - 1]))
        pointer = f"{' ' * start}^ {mark.label}"
        if cell_len(pointer) > room:
            # What it would point at was cut off.
            pointer = f"... {mark.label}".rjust(room)
        yield _margin(mark, column) + Text.assemble((" " * 6 + " | ", QUIET), pointer)


def _margin(mark: Mark, column: int) -> Text:
    return Text.assemble((mark.margin.rjust(column), STYLES.get(mark.margin, "")))


# --- premises --------------------------------------------------------------------------------------------


def _premises(coverage: Coverage, width: int) -> list[Text]:
    """The premises that were never true, each with its property and place."""
    never = [p for p in coverage.premises if p.met is False]
    if not never:
        return []
    lines = [Text(), Text("  premises never true", TITLE)]
    for premise in never:
        first = f"    {premise.property}: "
        lines += paragraph(first, words(f"{one_line(premise.span)}  ({place(premise.span)})"), width)
    return lines
