"""Source beside a report: excerpts with what matters in them marked, and files with counts of coverage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from mmcheck.core.coverage import merge
from mmcheck.core.outcome import SpecOutcome
from mmcheck.report.coverage import ERROR, IMPOSSIBLE, NEVER, Mark, margin_marks
from mmcheck.source import SourceFile, Span


class Line(Struct, frozen=True):
    """A line of source; `marked` is the part of it that matters."""

    number: int
    before: str
    marked: str
    behind: str


class Excerpt(Struct, frozen=True):
    """The lines of a span, and where they stand."""

    file: str
    lines: tuple[Line, ...]


class CountedLine(Struct, frozen=True):
    """A line with the count in its margin, what kind of count that is (`never`, `taken` ...), and what is to
    be said about places further on in the line."""

    number: int
    text: str
    margin: str
    kind: str
    notes: tuple[str, ...]


class CountedFile(Struct, frozen=True):
    file: str
    lines: tuple[CountedLine, ...]
    counted: int
    """How many lines have a count, and how many of these were made use of."""
    used: int


def excerpt(span: Span | None, mark: Span | None = None) -> Excerpt | None:
    """The lines of a span, with the part marked that another span covers."""
    if span is None:
        return None
    last = span.file.position(max(span.end - 1, span.start))[0]
    lines = tuple(_line(span.file, number, mark) for number in range(span.line, last + 1))
    return Excerpt(f"{span.file.name}:{span.line}", lines)


def _line(file: SourceFile, number: int, mark: Span | None) -> Line:
    text = file.line_text(number)
    if mark is None or mark.file != file:
        return Line(number, text, "", "")
    start = file.line_starts[number - 1]
    left = min(max(mark.start - start, 0), len(text))
    right = min(max(mark.end - start, 0), len(text))
    # The indentation of a line that is wholly marked says nothing.
    left = max(left, min(len(text) - len(text.lstrip()), right))
    return Line(number, text[:left], text[left:right], text[right:])


def counted_files(outcome: SpecOutcome) -> tuple[CountedFile, ...]:
    """Every file of a spec that has a count, the spec itself first; nothing where nothing was searched."""
    measured = [check.coverage for check in outcome.checks if check.coverage is not None]
    if not measured:
        return ()
    marks = margin_marks(merge(measured))
    return tuple(
        _counted(file, marks[file]) for file in sorted(marks, key=lambda file: file.name != outcome.file)
    )


def _counted(file: SourceFile, marks: Sequence[Mark]) -> CountedFile:
    by_line: defaultdict[int, list[Mark]] = defaultdict(list)
    for mark in marks:
        by_line[file.position(mark.offset)[0]].append(mark)
    lines = tuple(_counted_lines(file, by_line))
    kinds = [line.kind for line in lines if line.kind and line.kind != "impossible"]
    return CountedFile(file.name, lines, len(kinds), sum(kind != "never" for kind in kinds))


def _counted_lines(file: SourceFile, by_line: dict[int, list[Mark]]) -> Iterator[CountedLine]:
    count = len(file.line_starts) - file.text.endswith("\n")
    for number in range(1, count + 1):
        first, *more = _split(by_line.get(number, []))
        notes = tuple(f"{mark.label}: {_told(mark.margin)}" for mark in more)
        yield CountedLine(number, file.line_text(number), first.margin, _kind(first.margin), notes)


def _split(marks: list[Mark]) -> list[Mark]:
    """The mark that stands in the margin, and those that are notes."""
    return marks if marks and not marks[0].apart else [Mark(0, "", ""), *marks]


def _kind(margin: str) -> str:
    return {"": "", NEVER: "never", ERROR: "error", IMPOSSIBLE: "impossible"}.get(margin, "taken")


def _told(margin: str) -> str:
    return {NEVER: "never", ERROR: "only into a model error", IMPOSSIBLE: "ruled out"}.get(margin, margin)
