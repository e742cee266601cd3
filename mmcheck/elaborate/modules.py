"""Modules: files with all that they import, merged into one program; overrides put in their place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.diagnostics import Collector, Note
from mmcheck.elaborate.places import SUFFIX, candidates
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast
from mmcheck.syntax.parser import parse

MAX_BYTES = 1 << 20
"""Larger files are refused: no design that a person wrote is near this size."""


class Program(Struct, frozen=True):
    """A file and everything that it imports, as one list of declarations, imported ones first.

    Overrides have replaced what they override. Checks are those of the file itself: an imported file's
    checks are its own. `files` are all the files read, by resolved path, and `texts` what was read."""

    path: str
    name: str
    doc: str
    source: SourceFile
    declarations: tuple[ast.Decl, ...]
    files: tuple[Path, ...]
    texts: tuple[str, ...]


class Modules(Struct, frozen=True):
    """A file and all that it imports, each as it was written. All mappings are by resolved path."""

    root: Path
    sources: Mapping[Path, SourceFile]
    declarations: Mapping[Path, tuple[ast.Decl, ...]]
    imports: Mapping[Path, set[Path]]
    """For each file, the files it imports, directly or not."""
    order: tuple[Path, ...]
    """The files, each behind those that it imports."""


class _Loader(Struct):
    collector: Collector
    unsaved: Mapping[Path, str]
    sources: dict[Path, SourceFile] = field(default_factory=dict)
    loaded: dict[Path, tuple[ast.Decl, ...]] = field(default_factory=dict)
    imports: dict[Path, set[Path]] = field(default_factory=dict)
    """For each file, the files it imports, directly or not."""
    order: list[Path] = field(default_factory=list)

    def load(self, path: Path, source: SourceFile, chain: tuple[Path, ...]) -> None:
        """Parse a file and, before it in the order, all that it imports."""
        module = parse(source, self.collector)
        self.sources[path] = source
        reached = self.imports.setdefault(path, set())
        for declaration in module.declarations:
            if isinstance(declaration, ast.Import):
                imported = self._import(declaration, path, (*chain, path))
                if imported is not None:
                    reached |= {imported, *self.imports.get(imported, set())}
        self.loaded[path] = module.declarations
        self.order.append(path)

    def _import(self, declaration: ast.Import, path: Path, chain: tuple[Path, ...]) -> Path | None:
        name = declaration.module.name
        found = next((p for p in candidates(name, path) if p.is_file()), None)
        if found is None:
            places = ", ".join(dict.fromkeys(str(p.parent) for p in candidates(name, path)))
            self.collector.add(
                "E010",
                f"there is no module `{name}`",
                declaration.module.span,
                f"put `{name}{SUFFIX}` into one of: {places}",
            )
            return None
        found = found.resolve()
        if found in chain:
            circle = " -> ".join(p.stem for p in (*chain[chain.index(found) :], found))
            self.collector.add(
                "E011",
                f"imports form a cycle: {circle}",
                declaration.module.span,
                "move what both need into a module that imports neither",
            )
            return None
        if found not in self.loaded:
            source = self._read(found, declaration.module.span)
            if source is None:
                return None
            self.load(found, source, chain)
        return found

    def _read(self, path: Path, importer: Span) -> SourceFile | None:
        if path in self.unsaved:
            return SourceFile(_shown(path), self.unsaved[path])
        return read_source(path, _shown(path), self.collector, importer)


def _shown(path: Path) -> str:
    """A path as messages show it: from the current folder on, where it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def read_source(
    path: Path, name: str, collector: Collector, importer: Span | None = None
) -> SourceFile | None:
    """The text of a file, or None with a diagnostic (at the import that asked for it, if one did)."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            message = f"`{name}` has {size:,} bytes, more than the {MAX_BYTES:,} of the largest accepted spec"
            collector.add("E003", message, importer, "split it into modules and `import` them")
            return None
        return SourceFile(name, path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = f"`{name}` is not UTF-8 text (byte {error.start} is {error.object[error.start]:#04x})"
        collector.add("E002", message, importer, "give a spec written as UTF-8 text; its suffix is .mmc")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        collector.add(
            "E001", f"`{name}` cannot be read: {reason}", importer, "check the path and its permissions"
        )
    except ValueError as error:
        collector.add("E001", f"`{name}` cannot be read: {error}", importer, "check the path")
    return None


def load_program(name: str, collector: Collector) -> Program | None:
    """Read a file with all its imports. None, with diagnostics, when the file itself cannot be read; with
    other errors the program holds what could be understood."""
    source = read_source(Path(name), name, collector)
    return None if source is None else merge_program(source, Path(name), collector)


def merge_program(source: SourceFile, path: Path, collector: Collector) -> Program:
    """The program of a text that stands (or would stand) at a path."""
    return merge(read_modules(source, path, collector), collector)


def read_modules(
    source: SourceFile, path: Path, collector: Collector, unsaved: Mapping[Path, str] | None = None
) -> Modules:
    """The modules of a text that stands (or would stand) at a path. `unsaved` are texts that count instead
    of those in the files, by resolved path."""
    root = path.resolve()
    loader = _Loader(collector, unsaved or {})
    loader.load(root, source, ())
    return Modules(root, loader.sources, loader.loaded, loader.imports, tuple(loader.order))


def merge(modules: Modules, collector: Collector) -> Program:
    """One program of a file and what it imports."""
    root, source = modules.root, modules.sources[modules.root]
    own = modules.declarations[root]
    merged = _Merger(modules, collector).merge()
    titles = [d for d in own if isinstance(d, ast.SpecName)]
    title = titles[0] if titles else None
    for second in titles[1:]:
        note = Note("first named here", titles[0].name.span)
        collector.add("E201", "this spec is named twice", second.name.span, "leave one name out", (note,))
    return Program(
        path=source.name,
        name=title.name.name if title else Path(source.name).stem,
        doc=title.doc if title else "",
        source=source,
        declarations=merged,
        files=modules.order,
        texts=tuple(modules.sources[path].text for path in modules.order),
    )


Overriding: TypeAlias = ast.TransitionDecl | ast.DefDecl | ast.StepOverride


class _Merger(Struct):
    """Puts the declarations of all files in one row, each override in the place of what it overrides."""

    modules: Modules
    collector: Collector
    merged: list[ast.Decl] = field(default_factory=list)
    origin: dict[str, tuple[Path, Span]] = field(default_factory=dict)
    """Where each thing that was overridden was last overridden."""
    broken: set[str] = field(default_factory=set)

    def merge(self) -> tuple[ast.Decl, ...]:
        for path in self.modules.order:
            own: list[ast.Decl] = []
            for declaration in self.modules.declarations[path]:
                match declaration:
                    case ast.BrokenDecl(names):
                        self.broken |= names
                        own.append(declaration)
                    case ast.StepOverride():
                        self._override(declaration, path, own)
                    case ast.TransitionDecl(override=True) | ast.DefDecl(override=True):
                        self._override(declaration, path, own)
                    case ast.CheckDecl() if path != self.modules.root:
                        pass
                    case _:
                        own.append(declaration)
            self.merged += own
        return tuple(self.merged)

    def _override(self, new: Overriding, path: Path, own: list[ast.Decl]) -> None:
        name, what = new.name.name, _kind(new)
        index = next((i for i, d in enumerate(self.merged) if _overrides(new, d)), None)
        if index is None:
            if name in self.broken or name.partition(".")[0] in self.broken:
                return
            here = next((d for d in own if _overrides(new, d)), None)
            self.collector.add(
                "E012",
                f"there is no imported {what} `{name}` to override",
                new.name.span,
                "change it here: it is declared in this very file"
                if here is not None
                else f"import the module that declares it, or leave `override` out to declare a new {what}",
                () if here is None else (Note("declared here", here.span),),
            )
            return
        self._check_single(new, path)
        self.origin[name] = (path, new.name.span)
        self.merged[index] = self._replaced(self.merged[index], new)

    def _check_single(self, new: Overriding, path: Path) -> None:
        earlier = self.origin.get(new.name.name)
        if earlier is not None and earlier[0] not in self.modules.imports[path]:
            self.collector.add(
                "E014",
                f"`{new.name.name}` is overridden twice, and neither file imports the other",
                new.name.span,
                "leave one of the overrides out, or let one file import the other",
                (Note("the other override", earlier[1]),),
            )

    def _replaced(self, old: ast.Decl, new: Overriding) -> ast.Decl:
        match new:
            case ast.StepOverride() if isinstance(old, ast.ProcessDecl):
                step = new.name.name.partition(".")[2]
                steps = tuple(_override_step(s, new) if s.name.name == step else s for s in old.steps)
                return replace(old, steps=steps)
            case ast.TransitionDecl() if isinstance(old, ast.TransitionDecl):
                self._check_params(old.name, old.params, new.name, new.params)
                return replace(new, override=False, doc=new.doc or old.doc)
            case ast.DefDecl() if isinstance(old, ast.DefDecl):
                self._check_params(old.name, old.params, new.name, new.params)
                return replace(new, override=False, doc=new.doc or old.doc)
            case _:
                raise TypeError("an override of another kind of declaration")

    def _check_params(
        self, old: ast.Ident, overridden: tuple[ast.Binder, ...], new: ast.Ident, own: tuple[ast.Binder, ...]
    ) -> None:
        if [p.type for p in overridden] != [p.type for p in own]:
            self.collector.add(
                "E013",
                f"the override of `{new.name}` has other parameters than what it overrides",
                new.span,
                "give it parameters of the same types in the same order",
                (Note("overridden", old.span),),
            )


def _kind(declaration: Overriding) -> str:
    match declaration:
        case ast.TransitionDecl():
            return "transition"
        case ast.DefDecl():
            return "def"
        case ast.StepOverride():
            return "step"


def _overrides(new: Overriding, old: ast.Decl) -> bool:
    """Whether the first declaration can take the place of the second, or of a step of it."""
    match new, old:
        case ast.StepOverride(), ast.ProcessDecl():
            process, _, step = new.name.name.partition(".")
            return process == old.name.name and any(s.name.name == step for s in old.steps)
        case ast.TransitionDecl(name), ast.TransitionDecl(overridden):
            return name.name == overridden.name
        case ast.DefDecl(name), ast.DefDecl(overridden):
            return name.name == overridden.name
        case _:
            return False


def _override_step(old: ast.StepDecl, new: ast.StepOverride) -> ast.StepDecl:
    """The new body under the old name. An override says all: also whether the step is fair."""
    return ast.StepDecl(old.name, new.body, new.fairness, doc=new.doc or old.doc, span=new.span)
