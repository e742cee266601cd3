"""Allowances: comments in the source that say why a warning is not to be given.

`// mmcheck: allow W610 because reason` stands at the end of the line that the warning is about, or in the
comment lines above it; the reason may go on over the comment lines that follow. Above a declaration it is for
all of it, above `spec name;` for the file. Without a reason it allows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from mmcheck.diagnostics import CODES, Diagnostic, Severity
from mmcheck.elaborate.modules import Program
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast

# There are no strings in the language, so that `//` always begins a comment. `///` is documentation.
_ALLOWANCE = re.compile(r"(?<!/)//(?!/)\s*mmcheck:[ \t]*(?P<said>.*)")
_SAID = re.compile(r"allow\s+(?P<codes>\w+(?:\s*,\s*\w+)*)\s*(?:\bbecause\b\s*(?P<reason>.*))?")
_COMMENT = re.compile(r"\s*//(?!/)(?P<text>.*)")
_NO_CODE = re.compile(r"\s*(//.*)?")


class Allowance(Struct, frozen=True):
    """A comment that allows warnings of some codes in some lines. It allows none without a reason."""

    codes: tuple[str, ...]
    reason: str
    span: Span
    first: int
    last: int

    def allows(self, code: str, place: Span) -> bool:
        """Whether a warning at a place is not to be given."""
        in_file = place.file.name == self.span.file.name
        return bool(self.reason) and code in self.codes and in_file and self.first <= place.line <= self.last


class Allowances(Struct):
    """All allowances of a program. `used` are the ones that a warning was held back for."""

    all: tuple[Allowance, ...]
    used: set[tuple[Allowance, str]] = field(default_factory=set)

    @classmethod
    def of(cls, program: Program) -> Allowances:
        spans: dict[SourceFile, list[Span]] = {program.source: []}
        for declaration in program.declarations:
            spans.setdefault(declaration.span.file, []).append(declaration.span)
            if isinstance(declaration, ast.SpecName):
                whole = Span(declaration.span.file, declaration.span.start, len(declaration.span.file.text))
                spans[declaration.span.file].append(whole)
        return cls(tuple(a for source, of in spans.items() for a in allowances(source, of)))

    def silence(self, found: Iterable[Diagnostic], *places: Span | None) -> tuple[Diagnostic, ...]:
        """The warnings without those that are allowed where they are, or at another place that they are
        about, such as their check."""
        return tuple(d for d in found if not self._is_allowed(d, (d.span, *places)))

    def _is_allowed(self, diagnostic: Diagnostic, places: tuple[Span | None, ...]) -> bool:
        if diagnostic.severity is not Severity.WARNING or not self.all:
            return False
        for allowance in self.all:
            if any(place is not None and allowance.allows(diagnostic.code, place) for place in places):
                self.used.add((allowance, diagnostic.code))
                return True
        return False

    def idle(self, source: SourceFile, judged: Iterable[str]) -> Iterator[Diagnostic]:
        """Warnings of the allowances in a file that allow nothing, of the codes that were looked for."""
        looked_for = set(judged)
        for allowance in self.all:
            if allowance.span.file.name == source.name:
                yield from self._idle(allowance, looked_for)

    def _idle(self, allowance: Allowance, judged: set[str]) -> Iterator[Diagnostic]:
        how = "write `// mmcheck: allow W610 because …`, with the code of a warning and a reason"
        if not allowance.codes:
            yield Diagnostic("W606", "a comment to mmcheck that is no allowance", allowance.span, how)
            return
        for code in allowance.codes:
            if code not in CODES or not code.startswith("W"):
                yield Diagnostic("W606", f"`{code}` is no code of a warning", allowance.span, how)
        if not allowance.reason:
            yield Diagnostic("W606", "an allowance without a reason", allowance.span, how)
            return
        for code in allowance.codes:
            if code in judged and (allowance, code) not in self.used:
                message = f"there is no {code} that this could allow"
                remedy = "remove it, so that it does not hide one that comes later"
                yield Diagnostic("W606", message, allowance.span, remedy)


def allowances(source: SourceFile, declarations: Iterable[Span]) -> Iterator[Allowance]:
    """The allowances in a file, in order; `declarations` are the places of what is declared there."""
    if "mmcheck:" not in source.text:
        return
    lines = [source.line_text(n) for n in range(1, len(source.line_starts) + 1)]
    extents = {(span.line): source.position(max(span.end - 1, span.start))[0] for span in declarations}
    for number, line in enumerate(lines):
        found = _ALLOWANCE.search(line)
        if found is None:
            continue
        start = source.line_starts[number] + found.start()
        span = Span(source, start, source.line_starts[number] + len(line))
        said, below = [found["said"].strip()], number + 1
        if line[: found.start()].strip():
            yield _allowance(said, span, number + 1, number + 1)
            continue
        while below < len(lines) and (more := _COMMENT.fullmatch(lines[below])):
            if _ALLOWANCE.search(lines[below]):
                break
            said.append(more["text"].strip())
            below += 1
        while below < len(lines) and _NO_CODE.fullmatch(lines[below]):
            below += 1
        yield _allowance(said, span, below + 1, extents.get(below + 1, below + 1))


def _allowance(said: list[str], span: Span, first: int, last: int) -> Allowance:
    match = _SAID.fullmatch(" ".join(part for part in said if part))
    if match is None:
        return Allowance((), "", span, first, last)
    codes = tuple(code.strip().upper() for code in match["codes"].split(","))
    return Allowance(codes, (match["reason"] or "").strip(), span, first, last)
