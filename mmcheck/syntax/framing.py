"""An expression from outside of a spec, such as a command line.

It is read as a part of a declaration, and its errors are told of what the user wrote.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from mmcheck.diagnostics import Diagnostic
from mmcheck.source import SourceFile, Span

SYNTAX = ("E100", "E101")
REMEDY = "give a single expression over the state"


class Framed(Struct, frozen=True):
    """A text as it was written, and the declaration that it is a part of."""

    written: SourceFile
    before: str

    @property
    def source(self) -> SourceFile:
        """The declaration. It ends on a line of its own, so that a comment in the text ends before it."""
        return SourceFile(self.written.name, f"{self.before}{self.written.text}\n;")

    def told(self, diagnostic: Diagnostic) -> Diagnostic:
        """A diagnostic of the declaration as one of the text."""
        found = diagnostic
        span = diagnostic.span
        if span is not None and span.file == self.source:
            beyond = span.start > len(self.before) + len(self.written.text.rstrip())
            found = replace(diagnostic, span=self._place(span))
            if beyond and diagnostic.code in SYNTAX:
                found = replace(
                    found, message="this is not yet an expression: something is missing at its end"
                )
        # What a declaration looks like helps nobody who wrote none.
        return replace(found, remedy=REMEDY) if diagnostic.code in SYNTAX else found

    def _place(self, span: Span) -> Span:
        end = len(self.written.text.rstrip())
        start, stop = (min(max(offset - len(self.before), 0), end) for offset in (span.start, span.end))
        return Span(self.written, start, stop)


def framed(name: str, text: str, before: str) -> Framed:
    """The text, without a `;` behind it, as a part of a declaration that begins with `before`."""
    return Framed(SourceFile(name, text.strip().removesuffix(";").rstrip()), before)
