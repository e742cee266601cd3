"""Lines of text: filled to a width, indented, measured in terminal columns.

Reports are built from lines of `rich.text.Text` and never wrapped by the console, so that what is piped
into a mail is exactly what was laid out here: ASCII of our own, and no space at the end of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.text import Text

from mmcheck.source import Span

PROSE = 96
"""Sentences are filled to this width at most, however wide the terminal is."""


def fill(tokens: Sequence[str], width: int) -> list[str]:
    """The tokens concatenated into lines of at most the width, where they allow it. A token carries the
    space that stands between it and the next."""
    lines = [""]
    for token in tokens:
        if lines[-1] and cell_len((lines[-1] + token).rstrip()) > width:
            lines.append("")
        lines[-1] += token
    return [line.rstrip() for line in lines]


def words(sentence: str) -> list[str]:
    """A sentence as tokens for `fill`."""
    return [f"{word} " for word in sentence.split()]


def paragraph(first: str, tokens: Sequence[str], width: int, style: str = "") -> list[Text]:
    """The tokens behind a first label, the following lines hanging below the first token."""
    lines = fill(tokens, max(width - cell_len(first), 20))
    labels = (first, *(" " * cell_len(first) for _ in lines[1:]))
    return [Text((label + line).rstrip(), style) for label, line in zip(labels, lines, strict=True)]


def separated(items: Iterable[str], separator: str = ", ") -> list[str]:
    """Items as tokens for `fill`, none broken inside."""
    items = list(items)
    return [item + separator for item in items[:-1]] + items[-1:]


def indent(lines: Iterable[Text], by: int) -> list[Text]:
    """Every line moved to the right; an empty one stays empty."""
    return [Text(" " * by) + line if line.plain else line for line in lines]


def pad(text: Text, width: int) -> Text:
    """The text with spaces behind it up to a width in terminal columns."""
    return text + Text(" " * max(width - cell_len(text.plain), 0))


def block(lines: Iterable[Text]) -> Text:
    """Lines as one text, without spaces at their ends."""
    lines = list(lines)
    for line in lines:
        line.rstrip()
    return Text("\n").join(lines)


def printable(text: str) -> str:
    """The text with every character that could confuse a terminal replaced by `?`."""
    return "".join(char if char.isprintable() else "?" for char in text)


def one_line(span: Span) -> str:
    """The source text of a span with its comments and its line breaks taken out."""
    without_comments = re.sub(r"//[^\n]*", "", span.text)
    return printable(" ".join(without_comments.split()))


def place(span: Span) -> str:
    """`file:line`"""
    return f"{printable(span.file.name)}:{span.line}"
