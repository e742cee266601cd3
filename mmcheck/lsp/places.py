"""Places: offsets in a text, and the lines and UTF-16 columns that the protocol counts, both from 0."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlparse

from lsprotocol import types as lsp

from mmcheck.source import SourceFile, Span, real_path


def position(source: SourceFile, offset: int) -> lsp.Position:
    """Where an offset is."""
    line, _ = source.position(offset)
    before = source.text[source.line_starts[line - 1] : offset]
    return lsp.Position(line - 1, _units(before))


def offset(source: SourceFile, position: lsp.Position) -> int:
    """The offset of a place. A place behind the end of a line, or of the text, is that end."""
    if position.line >= len(source.line_starts):
        return len(source.text)
    start, left = source.line_starts[position.line], position.character
    for i, char in enumerate(source.line_text(position.line + 1)):
        if left <= 0:
            return start + i
        left -= _units(char)
    return start + len(source.line_text(position.line + 1))


def span_range(span: Span) -> lsp.Range:
    """The range of a span."""
    return lsp.Range(position(span.file, span.start), position(span.file, span.end))


def _units(text: str) -> int:
    """How many UTF-16 code units a text takes."""
    return len(text) + sum(char > "\uffff" for char in text)


def to_uri(path: Path) -> str:
    return path.as_uri()


def to_path(uri: str) -> Path | None:
    """The file of a URI, resolved; None for what is no file, such as a text that was never saved."""
    parsed = urlparse(uri)
    return real_path(unquote(parsed.path)) if parsed.scheme == "file" else None
