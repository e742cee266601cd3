"""What is known of a text that stands in an editor: its diagnostics, what its names mean, and its spec."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mmcheck import session
from mmcheck.diagnostics import Collector, Diagnostic, Note, SpecError
from mmcheck.editing.index import Index, index
from mmcheck.elaborate.modules import Modules, merge, read_modules
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast


class Analysis(Struct, frozen=True):
    """A text, read as the file at `path` with all that it imports. `spec` is None where it has errors."""

    path: Path
    source: SourceFile
    index: Index
    diagnostics: tuple[Diagnostic, ...]
    spec: session.Spec | None

    @property
    def declarations(self) -> tuple[ast.Decl, ...]:
        """Those of the text itself."""
        return self.index.modules.declarations[self.path]

    def here(self) -> tuple[Diagnostic, ...]:
        """The diagnostics, each at a place in the text itself: those of imports stand at the import."""
        return tuple(self._here(diagnostic) for diagnostic in self.diagnostics)

    def _here(self, diagnostic: Diagnostic) -> Diagnostic:
        span = diagnostic.span
        if span is not None and span.file is self.source:
            return diagnostic
        place = Span(self.source, 0, 0) if span is None else self._import(span.file)
        message = diagnostic.message if span is None else f"{diagnostic.message} (in {span})"
        notes = () if span is None else (Note("here", span),)
        return replace(diagnostic, message=message, span=place, notes=(*notes, *diagnostic.notes))

    def _import(self, file: SourceFile) -> Span:
        """The import that leads to a file."""
        modules = self.index.modules
        for declaration in self.declarations:
            if isinstance(declaration, ast.Import):
                path = imported(modules, self.path, declaration)
                if path is not None and _reaches(modules, path, file):
                    return declaration.module.span
        return Span(self.source, 0, 0)


def _reaches(modules: Modules, path: Path, file: SourceFile) -> bool:
    return any(modules.sources[found] is file for found in (path, *modules.imports[path]))


def imported(modules: Modules, importer: Path, declaration: ast.Import) -> Path | None:
    """The file that an import means, if it was found."""
    return next((p for p in modules.imports[importer] if p.stem == declaration.module.name), None)


def analyse(path: Path, text: str, unsaved: Mapping[Path, str] | None = None) -> Analysis:
    """Read a text as if it stood at a path; `unsaved` are texts of other files that count instead of what is
    saved, by resolved path. Never raises for what the texts say."""
    path = path.resolve()
    collector = Collector()
    modules = read_modules(SourceFile(str(path), text), path, collector, unsaved)
    spec: session.Spec | None = None
    try:
        spec = session.of_program(merge(modules, collector), (), collector)
        diagnostics = collector.in_order()
    except SpecError as error:
        diagnostics = error.diagnostics
    return Analysis(path, modules.sources[path], index(modules), diagnostics, spec)
