"""Names that nothing uses, variables that nothing reads or changes, and names that hide others."""

from __future__ import annotations

from collections.abc import Iterator

from mmcheck.diagnostics import Diagnostic, Note
from mmcheck.elaborate.modules import Program
from mmcheck.linting.uses import Uses, uses
from mmcheck.syntax import ast

CODES = ("W610", "W611", "W612", "W613", "W614", "W615", "W616")


def names(program: Program) -> Iterator[Diagnostic]:
    """What can be said of the names that the file itself declares. A file without a check is taken for a
    module: what it declares is there for others to use."""
    own = [d for d in program.declarations if d.span.file == program.source]
    is_module = not any(isinstance(d, ast.CheckDecl) for d in own)
    found = uses(program.declarations, frozenset({program.source.name}) if is_module else frozenset())
    if not is_module:
        for declaration in own:
            yield from _declared(declaration, found)
    yield from _bound(program, found)


def _declared(decl: ast.Decl, found: Uses) -> Iterator[Diagnostic]:
    match decl:
        case ast.StateBlock(_, variables):
            for variable in variables:
                yield from _variable(variable, found)
        case ast.SortDecl(name) | ast.StructDecl(name) if name.name not in found.named:
            yield _unused("W612", "the type", name)
        case ast.EnumDecl(name, values) if name.name not in found.ranged:
            yield from _enum(name, values, found)
        case ast.ConstDecl(_, name) if name.name not in found.named:
            yield _unused("W614", "the constant", name)
        case ast.DefDecl(name, _, _, False) if name.name not in found.named:
            yield _unused("W614", "the definition", name)
        case _:
            pass


def _variable(decl: ast.VariableDecl, found: Uses) -> Iterator[Diagnostic]:
    name = decl.name
    if name.name not in found.read:
        remedy = "remove it, or say in a property what it is for"
        yield Diagnostic("W610", f"nothing reads the variable `{name.name}`", name.span, remedy)
    if name.name not in found.written | found.set_up:
        remedy = "make it a `const`, or write the transition that changes it"
        yield Diagnostic("W611", f"no step changes the variable `{name.name}`", name.span, remedy)


def _enum(name: ast.Ident, values: tuple[ast.Ident, ...], found: Uses) -> Iterator[Diagnostic]:
    """An enum of which some values are only named one by one. The first value is the default."""
    if name.name not in found.named and not any(v.name in found.named for v in values):
        yield _unused("W612", "the type", name)
        return
    for value in values[1:]:
        if value.name not in found.named:
            yield _unused("W613", "the value", value)


def _unused(code: str, what: str, name: ast.Ident) -> Diagnostic:
    return Diagnostic(code, f"nothing uses {what} `{name.name}`", name.span, "remove it, or use it")


def _bound(program: Program, found: Uses) -> Iterator[Diagnostic]:
    for bound in found.bound:
        name = bound.ident
        if name.span.file == program.source and not (bound.used or bound.free):
            message = f"nothing uses {bound.what} `{name.name}`"
            yield Diagnostic("W615", message, name.span, "remove it, or use it")
    for hiding in found.hiding:
        name = hiding.ident
        if name.span.file == program.source:
            message = f"{hiding.what} `{name.name}` hides another of that name"
            note = Note("hidden from here on", hiding.hidden.span)
            yield Diagnostic("W616", message, name.span, "give it a name of its own", (note,))
