"""Where a name leads: its definitions, and all places that name the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mmcheck.editing.analysis import Analysis, imported
from mmcheck.editing.symbols import Occurrence
from mmcheck.source import Span
from mmcheck.syntax import ast


def definitions(analysis: Analysis, offset: int) -> list[Span]:
    """What the name at an offset stands for, what overrides it first; an import leads to its file."""
    for declaration in analysis.declarations:
        if isinstance(declaration, ast.Import) and _covers(declaration.module.span, offset):
            path = imported(analysis.index.modules, analysis.path, declaration)
            return [] if path is None else [Span(analysis.index.modules.sources[path], 0, 0)]
    place = analysis.index.at(analysis.path, offset)
    if place is None:
        return []
    return [found.span for found in analysis.index.declarations(place.definition)]


def occurrences(analysis: Analysis, offset: int) -> list[Occurrence]:
    """All places in the text itself that name what the name at an offset stands for."""
    place = analysis.index.at(analysis.path, offset)
    if place is None:
        return []
    return [o for o in analysis.index.of(place.definition) if o.span.file is analysis.source]


def references(analysis: Analysis, offset: int, others: Iterable[Analysis]) -> list[tuple[Path, Occurrence]]:
    """All places in all texts that name what the name at an offset stands for, by file and place. `others`
    are the texts of the project that import the file that declares it."""
    place = analysis.index.at(analysis.path, offset)
    if place is None:
        return []
    home = analysis.index.home(place.definition)
    found = {
        (path, named.span.start): named
        for one in (analysis, *others)
        for path, places in one.index.places.items()
        for named in places
        if one.index.home(named.definition) == home
    }
    return [(path, found[path, start]) for path, start in sorted(found)]


def _covers(span: Span, offset: int) -> bool:
    return span.start <= offset <= span.end
