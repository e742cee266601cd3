"""The names that a program declares outside of any body: things, properties, and what belongs to them.

Checks are not among them: nothing names a check, and those of imported files do not count.
"""

from __future__ import annotations

from msgspec import Struct, field

from mmcheck.editing.symbols import Declared, Definition, Kind, Shape
from mmcheck.elaborate.modules import Modules
from mmcheck.source import Span
from mmcheck.syntax import ast


class Tables(Struct, frozen=True):
    """Definitions by name; the first one of a name counts, as in elaboration. `members` are the constants of
    enums, the fields of structs, the steps of processes (under `.name`) and their locals."""

    globals: dict[str, Definition] = field(default_factory=dict)
    properties: dict[str, Definition] = field(default_factory=dict)
    members: dict[Definition, dict[str, Definition]] = field(default_factory=dict)
    parameters: dict[Span, Definition] = field(default_factory=dict)
    """The parameters of processes, which the steps that override one name as well, by where they stand."""

    def member(self, owner: Definition | None, name: str) -> Definition | None:
        return None if owner is None else self.members.get(owner, {}).get(name)

    def step(self, process: str, name: str) -> Definition | None:
        """A step by the names of its process and its own."""
        return self.member(self.globals.get(process), f".{name}")


def tables(modules: Modules) -> Tables:
    """The tables of a program: of a file and all that it imports."""
    found = Tables()
    for path in modules.order:
        for declaration in modules.declarations[path]:
            _declare(declaration, found)
    return found


def _declare(declaration: ast.Decl, found: Tables) -> None:
    match declaration:
        case ast.SortDecl(name):
            _global(found, name, Kind.SORT, declaration)
        case ast.EnumDecl(name, values):
            owner = _global(found, name, Kind.ENUM, declaration)
            for value in values:
                member = Definition(value.name, Kind.ENUM_VALUE, value.span, value, owner)
                found.globals.setdefault(value.name, member)
                found.members.setdefault(owner, {}).setdefault(value.name, member)
        case ast.StructDecl(name, fields):
            owner = _global(found, name, Kind.STRUCT, declaration)
            _fields(found, owner, fields, Kind.FIELD)
        case ast.ConstDecl(type, name):
            _global(found, name, Kind.CONSTANT, declaration, Shape(type))
        case ast.StateBlock(_, variables):
            for variable in variables:
                shape = Shape(variable.type, len(variable.indices))
                _global(found, variable.name, Kind.VARIABLE, variable, shape)
        case ast.DefDecl(name, override=False):
            _global(found, name, Kind.DEF, declaration)
        case ast.TransitionDecl(name, override=False):
            _global(found, name, Kind.TRANSITION, declaration)
        case ast.ProcessDecl(name, params, locals, steps):
            owner = _global(found, name, Kind.PROCESS, declaration, Shape(declaration, len(params)))
            _fields(found, owner, locals, Kind.PROCESS_LOCAL)
            for param in params:
                found.parameters[param.name.span] = Definition(
                    param.name.name, Kind.PARAMETER, param.name.span, param, None, Shape(param.type)
                )
            for step in steps:
                member = Definition(step.name.name, Kind.STEP, step.name.span, step, owner)
                found.members.setdefault(owner, {}).setdefault(f".{step.name.name}", member)
        case (
            ast.InvariantDecl(name)
            | ast.StepInvariantDecl(name)
            | ast.ReachableDecl(name)
            | ast.LivenessDecl(name)
            | ast.ScenarioDecl(name)
            | ast.AssumeDecl(name)
        ):
            found.properties.setdefault(
                name.name, Definition(name.name, Kind.PROPERTY, name.span, declaration)
            )
        case (
            ast.SpecName()
            | ast.Import()
            | ast.InitBlock()
            | ast.CheckDecl()
            | ast.DefDecl()
            | ast.TransitionDecl()
            | ast.DeadlockFreeDecl()
            | ast.StepOverride()
            | ast.BrokenDecl()
        ):
            pass


def _global(
    found: Tables, name: ast.Ident, kind: Kind, declared: Declared, shape: Shape | None = None
) -> Definition:
    definition = Definition(name.name, kind, name.span, declared, None, shape)
    return found.globals.setdefault(name.name, definition)


def _fields(found: Tables, owner: Definition, fields: tuple[ast.FieldDecl, ...], kind: Kind) -> None:
    members = found.members.setdefault(owner, {})
    for declared in fields:
        name = declared.name
        members.setdefault(
            name.name, Definition(name.name, kind, name.span, declared, owner, Shape(declared.type))
        )
