"""The declarations of a text, for an outline; and its checks, each with the place that a lens goes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from mmcheck.editing.symbols import Kind
from mmcheck.elaborate.checks import DEFAULT
from mmcheck.source import Span
from mmcheck.syntax import ast


class Item(Struct, frozen=True):
    """A declaration: its name, all of its text, and what is declared in it."""

    name: str
    kind: Kind
    span: Span
    place: Span
    children: tuple[Item, ...] = ()


def outline(declarations: Iterable[ast.Decl]) -> tuple[Item, ...]:
    """The named declarations in the order of the text."""
    return tuple(item for declaration in declarations for item in _items(declaration))


def checks(declarations: Iterable[ast.Decl]) -> Iterator[tuple[str, Span]]:
    """The checks of a text. One without checks has one all the same; it stands at the name of the spec."""
    declarations = list(declarations)
    found = [(d.name.name, d.name.span) for d in declarations if isinstance(d, ast.CheckDecl)]
    if found:
        yield from found
        return
    yield from ((DEFAULT, d.name.span) for d in declarations[:1] if isinstance(d, ast.SpecName))


def _items(declaration: ast.Decl) -> Iterator[Item]:
    span = declaration.span
    match declaration:
        case ast.SortDecl(name):
            yield Item(name.name, Kind.SORT, span, name.span)
        case ast.EnumDecl(name, values):
            constants = tuple(Item(v.name, Kind.ENUM_VALUE, v.span, v.span) for v in values)
            yield Item(name.name, Kind.ENUM, span, name.span, constants)
        case ast.StructDecl(name, fields):
            yield Item(name.name, Kind.STRUCT, span, name.span, _fields(fields, Kind.FIELD))
        case ast.ConstDecl(_, name):
            yield Item(name.name, Kind.CONSTANT, span, name.span)
        case ast.StateBlock(_, variables):
            for variable in variables:
                yield Item(variable.name.name, Kind.VARIABLE, variable.span, variable.name.span)
        case ast.DefDecl(name):
            yield Item(name.name, Kind.DEF, span, name.span)
        case ast.TransitionDecl(name):
            yield Item(name.name, Kind.TRANSITION, span, name.span)
        case ast.ProcessDecl(name, _, locals, steps):
            inner = (Item(s.name.name, Kind.STEP, s.span, s.name.span) for s in steps)
            children = (*_fields(locals, Kind.PROCESS_LOCAL), *inner)
            yield Item(name.name, Kind.PROCESS, span, name.span, children)
        case ast.StepOverride(name):
            yield Item(name.name, Kind.STEP, span, name.span)
        case ast.CheckDecl(name):
            yield Item(name.name, Kind.CHECK, span, name.span)
        case (
            ast.InvariantDecl(name)
            | ast.StepInvariantDecl(name)
            | ast.ReachableDecl(name)
            | ast.LivenessDecl(name)
            | ast.ScenarioDecl(name)
            | ast.AssumeDecl(name)
        ):
            yield Item(name.name, Kind.PROPERTY, span, name.span)
        case ast.SpecName() | ast.Import() | ast.InitBlock() | ast.DeadlockFreeDecl() | ast.BrokenDecl():
            pass


def _fields(fields: Iterable[ast.FieldDecl], kind: Kind) -> tuple[Item, ...]:
    return tuple(Item(f.name.name, kind, f.span, f.name.span) for f in fields)
