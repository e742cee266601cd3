"""The tokens of a file as a tree of blocks: what is a statement, what is a head with a block behind it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from mmcheck.syntax.formatting.pieces import Piece, Role


class Section(Struct):
    """A head, and the block that follows it: `if (e) { … }`, or the `else { … }` behind it."""

    head: list[Piece]
    opening: Piece | None = None
    items: list[Item] = field(default_factory=list)
    closing: Piece | None = None

    @property
    def pieces(self) -> list[Piece]:
        """All of it, in order."""
        inner = [piece for item in self.items for piece in item.pieces]
        return [
            *self.head,
            *([self.opening] if self.opening else []),
            *inner,
            *([self.closing] if self.closing else []),
        ]


class Item(Struct):
    """A declaration, a statement or a step: one head without a block, or several heads with one each; and the
    semicolon that may stand behind a block."""

    sections: list[Section]
    tail: Piece | None = None

    @property
    def pieces(self) -> list[Piece]:
        inner = [piece for section in self.sections for piece in section.pieces]
        return [*inner, *([self.tail] if self.tail else [])]

    @property
    def has_block(self) -> bool:
        return self.sections[0].opening is not None


def items(pieces: Sequence[Piece]) -> list[Item]:
    """The declarations of a file."""
    found, end = _items(pieces, 0)
    if end != len(pieces):
        raise ValueError("a brace closes nothing")
    return found


def _items(pieces: Sequence[Piece], i: int) -> tuple[list[Item], int]:
    """The items up to the brace that closes the block around them, or to the end."""
    found: list[Item] = []
    while i < len(pieces) and not (pieces[i].text == "}" and pieces[i].role is Role.BLOCK):
        item, i = _item(pieces, i)
        found.append(item)
    return found, i


def _item(pieces: Sequence[Piece], i: int) -> tuple[Item, int]:
    section, i = _section(pieces, i)
    item = Item([section])
    while section.opening is not None and i < len(pieces) and pieces[i].text == "else":
        section, i = _section(pieces, i)
        item.sections.append(section)
    if item.has_block and i < len(pieces) and pieces[i].text == ";":
        item.tail, i = pieces[i], i + 1
    return item, i


def _section(pieces: Sequence[Piece], i: int) -> tuple[Section, int]:
    first = i
    while i < len(pieces) and pieces[i].text != ";" and pieces[i].role is not Role.BLOCK:
        i += 1
    if i == len(pieces) or pieces[i].text == ";" or pieces[i].text == "}":
        end = i + 1 if i < len(pieces) and pieces[i].text == ";" else i
        return Section(list(pieces[first:end])), end
    section = Section(list(pieces[first:i]), pieces[i])
    if pieces[first].text == "enum":
        end = next(k for k in range(i, len(pieces)) if pieces[k].text == "}")
        section.items = [Item([Section(list(pieces[i + 1 : end]))])] if end > i + 1 else []
    else:
        section.items, end = _items(pieces, i + 1)
    section.closing = pieces[end]
    return section, end + 1
