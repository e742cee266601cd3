"""Diagnostics as text: place, code, message, the source line with carets, notes and a remedy."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from mmcheck.diagnostics import Diagnostic, Note, Severity
from mmcheck.report.layout import PROSE, block, indent, paragraph, printable, words
from mmcheck.report.styles import BAD, CODE, QUIET, TITLE, UNSURE
from mmcheck.source import Span

TAB_STOP = 8
"""How the kernel's coding style sees a tab."""


def render(diagnostic: Diagnostic, width: int = 80) -> Text:
    """`file:line:col: error[E200]: message`, an excerpt, the notes, and what to do."""
    lines = [_headline(diagnostic)]
    if diagnostic.span:
        lines += excerpt(diagnostic.span, width, _style(diagnostic))
    for note in diagnostic.notes:
        lines += _note(note, width)
    if diagnostic.remedy:
        lines += paragraph("  help: ", words(printable(diagnostic.remedy)), min(width, PROSE))
    return block(lines)


def excerpt(span: Span, width: int = 80, style: str = BAD) -> list[Text]:
    """The line where the span begins, under its number, and carets below the part that is meant."""
    number = f"{span.line:>5} | "
    source, start, length = _carets(span)
    source, start, length = window(source, start, length, width - len(number))
    return [
        Text.assemble((number, QUIET), source),
        Text.assemble((" " * 5 + " | ", QUIET), " " * start, ("^" * length, style)),
    ]


def _headline(diagnostic: Diagnostic) -> Text:
    where = f"{_position(diagnostic.span)}: " if diagnostic.span else ""
    return Text.assemble(
        (where, TITLE),
        (f"{diagnostic.severity.value}[{diagnostic.code}]", _style(diagnostic)),
        f": {printable(diagnostic.message)}",
    )


def _note(note: Note, width: int) -> list[Text]:
    where = f"{_position(note.span)}: " if note.span else ""
    headline = Text.assemble("  ", (f"{where}note", CODE), f": {printable(note.message)}")
    return [headline, *(indent(excerpt(note.span, width - 2, CODE), 2) if note.span else ())]


def _position(span: Span) -> str:
    return printable(str(span))


def _style(diagnostic: Diagnostic) -> str:
    return BAD if diagnostic.severity is Severity.ERROR else UNSURE


def _carets(span: Span) -> tuple[str, int, int]:
    """The first line of the span as it will be seen, and where in it, in terminal columns, the carets go."""
    raw = span.file.line_text(span.line)
    start = span.column - 1
    end = min(start + max(span.end - span.start, 1), max(len(raw), start + 1))
    before, until = expanded(raw[:start]), expanded(raw[:end])
    return expanded(raw), cell_len(before), max(cell_len(until) - cell_len(before), 1)


def expanded(text: str) -> str:
    """Tabs as spaces up to the next tab stop, wide characters counted as wide."""
    line = ""
    for char in text:
        line += " " * (TAB_STOP - cell_len(line) % TAB_STOP) if char == "\t" else printable(char)
    return line


def window(source: str, start: int, length: int, room: int) -> tuple[str, int, int]:
    """The part of a long line that shows its carets, an ellipsis where something was cut."""
    room = max(room, 20)
    if cell_len(source) <= room:
        return source.rstrip(), start, length
    first = max(0, min(start - room // 3, cell_len(source) - room))
    shown = _columns(source, first, room)
    start, length = start - first, max(min(length, room - (start - first)), 1)
    if first:
        shown = "..." + _columns(shown, 3, room)
    if first + room < cell_len(source):
        shown = _columns(shown, 0, room - 3) + "..."
    return shown, start, length


def _columns(text: str, first: int, room: int) -> str:
    """The characters that lie in some terminal columns; half a wide character is a space."""
    kept, column = "", 0
    for char in text:
        wide = cell_len(char)
        if first <= column and column + wide <= first + room:
            kept += char
        elif column < first < column + wide:
            kept += " "
        column += wide
    return kept
