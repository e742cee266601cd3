"""Source text and places in it: what every other layer points at."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable
from functools import cache, cached_property
from hashlib import sha256
from operator import attrgetter
from pathlib import Path

from msgspec import Struct


def real_path(path: str | Path) -> Path:
    """Where a path leads in the end. `Path.resolve` raises for links in a circle, which are no file like any
    other that is not there."""
    return Path(os.path.realpath(path))


class SourceFile(Struct, frozen=True, dict=True):
    """A named text. The name is what users see in messages, usually the path as they gave it."""

    name: str
    text: str

    def __repr__(self) -> str:
        return f"SourceFile({self.name!r})"

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offset of the first character of each line."""
        return (0, *(i + 1 for i, char in enumerate(self.text) if char == "\n"))

    def position(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset, both counted from 1."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        """The text of a line (counted from 1), without its end."""
        start = self.line_starts[line - 1]
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


class Span(Struct, frozen=True):
    """The half-open range [start, end) of offsets in a file."""

    file: SourceFile
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.file.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.file.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.file.position(self.start)[1]

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of the other."""
        return Span(self.file, self.start, max(self.end, other.end))

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}:{self.column}"


class Placed(Struct, frozen=True, kw_only=True):
    """What was written somewhere. Its place takes no part in equality: texts that differ in layout only say
    the same."""

    span: Span | None = None

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _content(type(self))(self) == _content(type(self))(other)

    def __hash__(self) -> int:
        return hash((type(self), _content(type(self))(self)))

    def __repr__(self) -> str:
        said = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "span")
        return f"{type(self).__name__}({', '.join(said)})"


@cache
def _content(kind: type[Placed]) -> Callable[[object], object]:
    """What reads all fields but the place."""
    names = [name for name in kind.__struct_fields__ if name != "span"]
    return attrgetter(*names) if names else lambda _: ()


def digest(text: str) -> str:
    """What tells one text from another."""
    return sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()
