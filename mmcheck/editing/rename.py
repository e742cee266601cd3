"""Giving a thing another name, everywhere at once, and never so that anything means something else.

What is renamed is read again: where a place then names another thing than before, or a text has errors that
it did not have, nothing is renamed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from mmcheck.editing.analysis import Analysis, analyse
from mmcheck.editing.index import Index
from mmcheck.editing.symbols import Occurrence, Role
from mmcheck.elaborate.places import SHIPPED
from mmcheck.source import Span
from mmcheck.syntax.grammar import grammar
from mmcheck.syntax.lexer import CONTEXTUAL_WORDS

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class RenameError(Exception):
    """Why something cannot be renamed, in words for the user."""


class Renaming(Struct, frozen=True):
    """A new name, and the places that get it: for each file where they begin, in order."""

    old: str
    new: str
    starts: dict[Path, list[int]]

    def moved(self, path: Path, offset: int) -> int:
        """Where an offset of the old text is in the new one."""
        shift = len(self.new) - len(self.old)
        return offset + shift * bisect_left(self.starts.get(path, []), offset)

    def text(self, path: Path, old: str) -> str:
        """The new text of a file."""
        parts, last = [], 0
        for start in self.starts.get(path, []):
            parts += [old[last:start], self.new]
            last = start + len(self.old)
        return "".join([*parts, old[last:]])


def renamable(analysis: Analysis, offset: int) -> Span | None:
    """The name at an offset, if it can be renamed."""
    place = analysis.index.at(analysis.path, offset)
    return None if place is None or _refusal(analysis, place) else place.span


def rename(analysis: Analysis, offset: int, name: str, others: Sequence[Analysis] = ()) -> Renaming:
    """What gives the thing at an offset another name. `others` are the texts that may name it as well: those
    of the project that import the file that declares it. Raises RenameError."""
    place = analysis.index.at(analysis.path, offset)
    if place is None:
        raise RenameError("there is no name here")
    if refusal := _refusal(analysis, place):
        raise RenameError(refusal)
    _check_name(name)
    declared = analysis.index.home(place.definition)
    found: dict[Path, set[int]] = {}
    for one in (analysis, *others):
        for path, places in one.index.places.items():
            named = {p.span.start for p in places if one.index.home(p.definition) == declared}
            found[path] = found.get(path, set()) | named
    renaming = Renaming(place.span.text, name, {path: sorted(starts) for path, starts in found.items()})
    _check_meaning((analysis, *others), renaming)
    return renaming


def _refusal(analysis: Analysis, place: Occurrence) -> str:
    home = analysis.index.path_of(place.definition.span.file)
    if home.is_relative_to(SHIPPED.resolve()) and not analysis.path.is_relative_to(SHIPPED.resolve()):
        return f"`{place.definition.name}` is declared in a model that ships with mmcheck"
    return ""


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise RenameError(f"`{name}` is no name: it takes letters, digits and `_`, and no digit first")
    if name in grammar().types and name not in CONTEXTUAL_WORDS:
        raise RenameError(f"`{name}` is a word of the language")


def _check_meaning(all: Sequence[Analysis], renaming: Renaming) -> None:
    """Read all texts with the new name, and compare what each place means."""
    texts = {
        path: renaming.text(path, source.text)
        for one in all
        for path, source in one.index.modules.sources.items()
    }
    for before in all:
        after = analyse(before.path, texts[before.path], texts)
        same = _meanings(before.index, renaming) == _meanings(after.index, None)
        if not same or len(before.diagnostics) != len(after.diagnostics):
            raise RenameError(
                f"`{renaming.new}` would not mean the same as `{renaming.old}` in {before.path.name}"
            )


Meaning = tuple[Path, int, tuple[Path, int], Role]


def _meanings(index: Index, renaming: Renaming | None) -> list[Meaning]:
    """What each place names, where both will stand once renamed."""

    def moved(path: Path, offset: int) -> tuple[Path, int]:
        return path, offset if renaming is None else renaming.moved(path, offset)

    return [
        (*moved(path, place.span.start), moved(*index.home(place.definition)), place.role)
        for path, places in index.places.items()
        for place in places
    ]
