"""Excuses: comments in the source that say why a mutant may survive.

`// survives: reason` stands at the end of the line where the mutant's change begins, or in the comment lines
right above it; the reason may go on over the comment lines that follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from mmcheck.source import SourceFile, Span

# There are no strings in the language, so that `//` always begins a comment. `///` is documentation.
_EXCUSE = re.compile(r"//(?!/)\s*survives:[ \t]*(?P<reason>.*)")
_COMMENT = re.compile(r"\s*//(?!/)(?P<text>.*)")


class Excuse(Struct, frozen=True):
    """A reason, where it is written, and the line of the constructs that it is about."""

    reason: str
    span: Span
    line: int


def excuses(source: SourceFile) -> Iterator[Excuse]:
    """The excuses in a file, in order."""
    lines = [source.line_text(n) for n in range(1, len(source.line_starts) + 1)]
    for number, line in enumerate(lines):
        found = _EXCUSE.search(line)
        if found is None:
            continue
        start = source.line_starts[number] + found.start()
        span = Span(source, start, source.line_starts[number] + len(line))
        if line[: found.start()].strip():
            yield Excuse(found["reason"].strip(), span, number + 1)
            continue
        reason, below = [found["reason"].strip()], number + 1
        while below < len(lines) and (more := _COMMENT.fullmatch(lines[below])):
            reason.append(more["text"].strip())
            below += 1
        yield Excuse(" ".join(part for part in reason if part), span, below + 1)
