"""What a formatter works on: the tokens of a file, each with its role and with the comments around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace

from mmcheck.syntax import ast
from mmcheck.syntax.lexer import Comment, Lexed, Token, words


class Role(Enum):
    """What a token is that can be several things, as far as the space around it depends on that."""

    WORD = auto()
    SIGN = auto()
    PREFIX = auto()
    """`!`, and `-` before an operand."""
    BLOCK = auto()
    """A brace of a block, or of the list of an enum."""
    SET = auto()
    """A brace of a set literal."""
    TERNARY = auto()
    """`?` and `:` of a conditional."""
    TIGHT = auto()
    """`+` and `-` in the bounds of a range."""
    HEAD = auto()
    """`=` or `:` between what a statement or a declaration is about and what it says of that."""


class Remark(Struct, frozen=True):
    """A comment. `blank` says whether an empty line stood before it, `column` where it began; `continues`
    that it stands right below the comment at the end of a line, as its continuation."""

    text: str
    column: int
    blank: bool = False
    continues: bool = False


class Piece(Struct, frozen=True):
    """A token with the comments before it, which have lines of their own, and the one behind it on its line.

    `newline` and `blank` say whether it began a line of the source, and whether that followed an empty one;
    `column` is its place there. `depth` counts the brackets around it, but for those of blocks."""

    text: str
    role: Role
    newline: bool
    blank: bool
    column: int
    depth: int
    before: tuple[Remark, ...] = ()
    after: Remark | None = None

    @property
    def breaks(self) -> bool:
        """Whether the line must end before it, or is to."""
        return self.newline or bool(self.before)


def pieces(text: str, lexed: Lexed, module: ast.Module) -> tuple[list[Piece], tuple[Remark, ...]]:
    """The tokens of a text without errors, and the comments behind the last of them."""
    marks = _marks(module, lexed.tokens)
    found: list[Piece] = []
    open: list[Role] = []
    end = 0
    comments = iter([*lexed.comments, None])
    comment = next(comments)
    for i, token in enumerate(lexed.tokens):
        before: list[Remark] = []
        while comment is not None and comment.start < token.start:
            remark = _remark(text, comment, end, found, before)
            if remark is None:
                found[-1] = replace(found[-1], after=_trailing(text, comment))
            else:
                before.append(remark)
            end, comment = comment.end, next(comments)
        role = _role(lexed.tokens, i, open, marks)
        depth = sum(bracket is not Role.BLOCK for bracket in open)
        gap = text[end : token.start]
        column = _column(text, token.start)
        found.append(Piece(token.text, role, "\n" in gap, _is_blank(gap), column, depth, tuple(before)))
        end = token.end
    rest: list[Remark] = []
    while comment is not None:
        remark = _remark(text, comment, end, found, rest)
        if remark is None:
            found[-1] = replace(found[-1], after=_trailing(text, comment))
        else:
            rest.append(remark)
        end, comment = comment.end, next(comments)
    return found, tuple(rest)


def _is_blank(gap: str) -> bool:
    """Whether there is an empty line between two tokens or comments."""
    return gap.count("\n") > 1


def _column(text: str, offset: int) -> int:
    return offset - (text.rfind("\n", 0, offset) + 1)


def _trailing(text: str, comment: Comment) -> Remark:
    return Remark(comment.text, _column(text, comment.start))


def _remark(
    text: str, comment: Comment, end: int, found: Sequence[Piece], before: Sequence[Remark]
) -> Remark | None:
    """A comment that has a line of its own, or None for one behind a token."""
    gap = text[end : comment.start]
    if "\n" not in gap and found and not before and found[-1].after is None:
        return None
    column, blank = _column(text, comment.start), _is_blank(gap)
    above = before[-1] if before else found[-1].after if found else None
    follows = above is not None and (not before or above.continues)
    continues = follows and above is not None and not blank and above.column == column
    return Remark(comment.text, column, blank, continues)


def _marks(module: ast.Module, tokens: Sequence[Token]) -> dict[int, Role]:
    """The roles that only the tree tells, by the offsets of their tokens."""
    gaps: list[tuple[int, int, str, Role]] = []
    for node in _nodes(module):
        match node:
            case ast.Conditional(condition, then, orelse):
                gaps.append((condition.span.end, then.span.start, "?", Role.TERNARY))
                gaps.append((then.span.end, orelse.span.start, ":", Role.TERNARY))
            case ast.RangeType(lo, hi):
                gaps += [*_tight(lo), *_tight(hi)]
            case _:
                pass
    if not gaps:
        return {}
    text_at = {token.start: token.text for token in tokens}
    return {i: role for first, last, sign, role in gaps for i in range(first, last) if text_at.get(i) == sign}


def _tight(bound: ast.Expr) -> Iterator[tuple[int, int, str, Role]]:
    if isinstance(bound, ast.Binary) and bound.op in (ast.BinaryOp.PLUS, ast.BinaryOp.MINUS):
        yield from _tight(bound.left)
        yield bound.left.span.end, bound.right.span.start, bound.op.value, Role.TIGHT


def _nodes(node: object) -> Iterator[ast.Node]:
    if isinstance(node, tuple):
        for item in node:
            yield from _nodes(item)
    elif isinstance(node, ast.Node):
        yield node
        for name in node.__struct_fields__:
            if name != "span":
                yield from _nodes(getattr(node, name))


_OPERAND_ENDS = words(") ] } ' true false null")
_BEFORE_BLOCK = _OPERAND_ENDS | words("state init else")


def _role(tokens: Sequence[Token], i: int, open: list[Role], marks: Mapping[int, Role]) -> Role:
    """The role of a token; `open` are the roles of the brackets around it, and is kept up to date."""
    token = tokens[i]
    last = tokens[i - 1] if i else None
    match token.text:
        case "{":
            block = last is not None and (last.is_name or last.type == "NUMBER" or last.text in _BEFORE_BLOCK)
            open.append(Role.BLOCK if block else Role.SET)
            return open[-1]
        case "(" | "[":
            open.append(Role.SIGN)
        case "}":
            return open.pop()
        case ")" | "]":
            open.pop()
        case _ if token.start in marks:
            return marks[token.start]
        case "!":
            return Role.PREFIX
        case "-" if last is None or not (last.is_name or last.type == "NUMBER" or last.text in _OPERAND_ENDS):
            return Role.PREFIX
        case _ if token.text[0].isalnum() or token.text[0] == "_":
            return Role.WORD
        case _:
            pass
    return Role.SIGN
