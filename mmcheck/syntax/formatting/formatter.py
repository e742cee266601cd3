"""Text in one layout, its meaning and its comments kept: what `mmcheck fmt` does.

Tokens and comments stay in their order; only the space between them changes. A statement stands on a line of
its own, four spaces to the right of the block around it, and goes on four spaces further. Where its author
broke it, it stays broken, and where a line would be too long it is broken at its loosest operators. A block
that stands on one line stays there if it fits.
"""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.diagnostics import Collector, SpecError
from mmcheck.source import SourceFile
from mmcheck.syntax import ast
from mmcheck.syntax.formatting.breaking import WIDTH, rows
from mmcheck.syntax.formatting.pieces import Piece, Remark, Role, pieces
from mmcheck.syntax.formatting.spacing import joined
from mmcheck.syntax.formatting.tables import tables
from mmcheck.syntax.formatting.tree import Item, Section, items
from mmcheck.syntax.formatting.writer import Writer
from mmcheck.syntax.grammar import grammar
from mmcheck.syntax.lexer import lex
from mmcheck.syntax.parser import parse

INDENT = 4


class MeaningChangedError(Exception):
    """Raised instead of giving a text that would not mean what it meant: a bug of the formatter."""


def format_text(text: str, name: str = "<text>") -> str:
    """The text in the canonical layout. Raises SpecError, with all diagnostics, where it has syntax errors,
    and MeaningChangedError rather than to change what it means."""
    newline = "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    module, comments = _read(plain, name)
    lexed = lex(SourceFile(name, plain), grammar().types, Collector())
    found, rest = pieces(plain, lexed, module)
    layout = _Layout()
    layout.module(items(found), rest)
    formatted = layout.writer.text()
    try:
        same = _read(formatted, name) == (module, comments)
    except SpecError as error:
        raise MeaningChangedError(str(error)) from error
    if not same:
        raise MeaningChangedError(f"formatting would change the meaning of {name}")
    return formatted.replace("\n", newline)


def _read(text: str, name: str) -> tuple[ast.Module, list[str]]:
    """What a text means, and what it says besides."""
    source, collector = SourceFile(name, text), Collector()
    module = parse(source, collector)
    if collector.diagnostics:
        raise SpecError(collector.in_order())
    lexed = lex(source, grammar().types, Collector())
    return module, [comment.text for comment in lexed.comments]


class _Layout(Struct):
    """The layout of a file, written from its first line to its last."""

    writer: Writer = field(default_factory=Writer)

    def module(self, found: list[Item], rest: tuple[Remark, ...]) -> None:
        before = False
        rows_of_tables = self._tables(found, 0)
        for i, item in enumerate(found):
            start = len(self.writer.lines)
            self.item(item, 0, rows_of_tables.get(i))
            tall = item.has_block and not self._is_short(item, 0)
            if start and (tall or before) and not self._is_apart(start, item):
                self.writer.insert_blank(start + self._continued(item))
            before = tall
        for remark in rest:
            self._comment(remark, 0)

    def _is_apart(self, start: int, item: Item) -> bool:
        """Whether there is an empty line before the item, or between the comments before it."""
        first = item.pieces[0]
        return first.blank or any(remark.blank for remark in first.before)

    @staticmethod
    def _continued(item: Item) -> int:
        """How many lines before an item belong to the comment behind the one before."""
        return sum(remark.continues for remark in item.pieces[0].before)

    # --- items -------------------------------------------------------------------------------------------

    def block(self, inside: list[Item], indent: int) -> None:
        rows_of_tables = self._tables(inside, indent)
        for i, item in enumerate(inside):
            self.item(item, indent, rows_of_tables.get(i))

    def _tables(self, inside: list[Item], indent: int) -> dict[int, str]:
        return tables(inside, lambda item: self._is_short(item, indent), WIDTH - indent)

    def item(self, item: Item, indent: int, row: str | None = None) -> None:
        """A declaration, a statement or a step, with the comments before it; `row` is its text where it
        stands in a table."""
        first = item.pieces[0]
        for remark in first.before:
            self._comment(remark, indent)
        if first.blank:
            self.writer.blank()
        if self._is_short(item, indent):
            last = item.pieces[-1]
            self.writer.write(indent, row or joined(item.pieces), last.after)
        elif not item.has_block:
            self.line(item.sections[0].head, indent)
        else:
            self.tall(item, indent)

    def _is_short(self, item: Item, indent: int) -> bool:
        """Whether it stands on one line and may stay there."""
        all = item.pieces
        on_one_line = not any(piece.breaks for piece in all[1:])
        remarks = any(piece.after for piece in all[:-1])
        if not item.has_block or not on_one_line or remarks:
            return False
        return indent + len(joined(all)) <= WIDTH

    def tall(self, item: Item, indent: int) -> None:
        """Heads with their blocks over several lines; a closing brace shares its line with what follows."""
        begun: list[Piece] = []
        for section in item.sections:
            first, *others = section.head
            if begun and (first.before or begun[-1].after):
                self.line(begun, indent)
                begun = []
                for remark in first.before:
                    self._comment(remark, indent)
            begun += [replace(first, before=(), newline=False), *others]
            begun = self._section(section, begun, indent)
        self.line([*begun, *([item.tail] if item.tail else [])], indent)

    def _section(self, section: Section, begun: list[Piece], indent: int) -> list[Piece]:
        """A block behind the line that was begun; returns how the line of its closing brace begins."""
        opening, closing = section.opening, section.closing
        if opening is None or closing is None:
            raise ValueError("a section without a block")
        if not (section.items or opening.after or closing.before):
            return [*begun, opening, closing]
        self.line([*begun, opening], indent)
        self.writer.opens()
        if section.head[0].text == "enum":
            self._enumerated(section, indent + INDENT)
        else:
            self.block(section.items, indent + INDENT)
        for remark in closing.before:
            self._comment(remark, indent + INDENT)
        return [closing]

    def _enumerated(self, section: Section, indent: int) -> None:
        """The values of an enum: as its author broke the line, or as many on each as fit."""
        values = section.items[0].pieces if section.items else []
        if values:
            for remark in values[0].before:
                self._comment(remark, indent)
            self.line([replace(values[0], before=()), *values[1:]], indent, indent)

    # --- lines -------------------------------------------------------------------------------------------

    def line(self, head: list[Piece], indent: int, further: int | None = None) -> None:
        """A statement or a head over as many lines as it takes. The body of a quantifier that begins a line
        stands further to the right. The comments before its first piece are written already."""
        further = indent + INDENT if further is None else further
        first = replace(head[0], before=(), newline=False)
        bodies: list[int] = []
        for i, row in enumerate(rows([first, *head[1:]], WIDTH - further)):
            bodies = [depth for depth in bodies if depth <= row[0].depth]
            inner = further + INDENT * len(bodies)
            for remark in row[0].before:
                self._comment(replace(remark, blank=False), inner)
            closes = row[0].text in (")", "]") or row[0].role is Role.BLOCK
            self.writer.write(indent if i == 0 or closes else inner, joined(row), row[-1].after)
            if row[-1].text == ":" and row[-1].role is Role.SIGN:
                bodies.append(row[-1].depth)

    def _comment(self, remark: Remark, indent: int) -> None:
        if remark.blank:
            self.writer.blank()
        self.writer.comment(indent, remark)
