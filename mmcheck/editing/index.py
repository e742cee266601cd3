"""The index of a file and its imports: what each name in their texts stands for.

It is made of the syntax trees alone, so that it is there for texts with errors as well: what cannot be
resolved has no entry.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from mmcheck.editing.resolve import resolve
from mmcheck.editing.symbols import Definition, Occurrence, Role
from mmcheck.editing.tables import Tables, tables
from mmcheck.elaborate.modules import Modules
from mmcheck.source import SourceFile


class Index(Struct, frozen=True, dict=True):
    """The places of each file that name something, in the order of the text, and what is named."""

    modules: Modules
    tables: Tables
    places: Mapping[Path, tuple[Occurrence, ...]]

    def at(self, path: Path, offset: int) -> Occurrence | None:
        """The name that stands at an offset, or just before it."""
        for place in (offset, offset - 1):
            index = bisect_right(self._starts[path], place) - 1
            if index >= 0 and place < (found := self.places[path][index]).span.end:
                return found
        return None

    def of(self, definition: Definition) -> Iterator[Occurrence]:
        """All places that name it."""
        for path in self.modules.order:
            yield from (found for found in self.places[path] if found.definition is definition)

    def home(self, definition: Definition) -> tuple[Path, int]:
        """Where it is declared: what tells that it is the same as one of another reading of the texts."""
        return self.path_of(definition.span.file), definition.span.start

    def declarations(self, definition: Definition) -> list[Occurrence]:
        """Where it is declared, after where it is overridden: what counts comes first."""
        found = [o for o in self.of(definition) if o.role is not Role.USES]
        return found[::-1]

    def path_of(self, file: SourceFile) -> Path:
        """The path of a file that was read."""
        return next(path for path, source in self.modules.sources.items() if source is file)

    @cached_property
    def _starts(self) -> Mapping[Path, list[int]]:
        return {path: [place.span.start for place in places] for path, places in self.places.items()}


def index(modules: Modules) -> Index:
    """The index of modules that were read."""
    known = tables(modules)
    places = {}
    for path in modules.order:
        found = {(o.span.start, o.span.end): o for o in resolve(modules.declarations[path], known)}
        places[path] = tuple(found[place] for place in sorted(found))
    return Index(modules, known, places)
