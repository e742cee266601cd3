"""Lines as they are written, with the comments at their ends in columns."""

from __future__ import annotations

from msgspec import Struct, field

from mmcheck.syntax.formatting.pieces import Remark

GAP = 4
"""Between the code of a line and the comment behind it."""


class Line(Struct):
    """The code of a line, and the comment behind it. One that is only a comment is code here, unless it goes
    on with the comment behind the line above."""

    code: str
    remark: str = ""


class Writer(Struct):
    """Collects lines."""

    lines: list[Line] = field(default_factory=list)
    opened: int = 0
    """How many lines there were when a block was last opened: no empty line follows."""

    def opens(self) -> None:
        """A block begins here."""
        self.opened = len(self.lines)

    def write(self, indent: int, code: str, remark: Remark | None = None) -> None:
        self.lines.append(Line(" " * indent + code, remark.text if remark else ""))

    def blank(self) -> None:
        """An empty line, unless there is one already, or nothing before it in its block."""
        if len(self.lines) > self.opened and self.lines[-1] != Line(""):
            self.lines.append(Line(""))

    def insert_blank(self, place: int) -> None:
        """An empty line before one that is written already."""
        self.lines.insert(place, Line(""))

    def comment(self, indent: int, remark: Remark) -> None:
        """A comment with a line of its own."""
        if remark.continues:
            self.lines.append(Line("", remark.text))
        else:
            self.write(indent, remark.text)

    def text(self) -> str:
        """All lines, the comments at the ends of adjacent ones that begin in one column below each other."""
        while self.lines and self.lines[-1] == Line(""):
            self.lines.pop()
        run: list[Line] = []
        written: list[str] = []
        for line in self.lines:
            if run and not _continues(run[-1], line):
                written += _aligned(run)
                run = []
            run.append(line)
        return "".join(f"{line}\n" for line in [*written, *_aligned(run)])


def _continues(above: Line, line: Line) -> bool:
    """Whether the comments of two adjacent lines stand below each other."""
    if not (above.remark and line.remark):
        return False
    return not line.code or _indent(above.code) == _indent(line.code)


def _indent(code: str) -> int:
    return len(code) - len(code.lstrip())


def _aligned(run: list[Line]) -> list[str]:
    column = GAP + max((len(line.code) for line in run), default=0)
    return [line.code.ljust(column) + line.remark if line.remark else line.code for line in run]
