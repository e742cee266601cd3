"""Name resolution over the syntax trees of one file: which definition each name in it means.

The rules are those of elaboration (`elaborate.scope`, `elaborate.expressions`): the innermost binding first,
then the locals of the process that the text stands in, then the global names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import assert_never

from msgspec import Struct, field

from mmcheck.editing.symbols import Declared, Definition, Kind, Occurrence, Role, Shape
from mmcheck.editing.tables import Tables
from mmcheck.source import Span
from mmcheck.syntax import ast


def resolve(declarations: Iterable[ast.Decl], tables: Tables) -> list[Occurrence]:
    """The occurrences in some declarations; what cannot be resolved is left out."""
    walk = _Walk(tables)
    for declaration in declarations:
        walk.declaration(declaration)
    return walk.found


class _Walk(Struct):
    tables: Tables
    found: list[Occurrence] = field(default_factory=list)
    scopes: list[dict[str, Definition]] = field(default_factory=list)
    process: Definition | None = None
    """The process whose body this is."""

    # --- what is recorded --------------------------------------------------------------------------------

    def note(self, span: Span, definition: Definition | None, role: Role = Role.USES) -> None:
        if definition is not None:
            self.found.append(Occurrence(span, definition, role))

    def declared(self, name: ast.Ident, definition: Definition | None) -> None:
        """Record the place where something is declared; a second one of the name declares nothing."""
        if definition is not None and definition.span == name.span:
            self.note(name.span, definition, Role.DECLARES)

    @contextmanager
    def scope(self) -> Iterator[None]:
        self.scopes.append({})
        yield
        self.scopes.pop()

    def bind(self, name: ast.Ident, kind: Kind, declared: Declared, shape: Shape | None) -> None:
        definition = self.tables.parameters.get(name.span)
        if definition is None:
            definition = Definition(name.name, kind, name.span, declared, None, shape)
        self.scopes[-1][name.name] = definition
        self.note(name.span, definition, Role.DECLARES)

    def binders(self, binders: tuple[ast.Binder, ...], kind: Kind) -> None:
        for binder in binders:
            self.type(binder.type)
            self.bind(binder.name, kind, binder, Shape(binder.type))

    def lookup(self, name: str) -> Definition | None:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return self.tables.member(self.process, name) or self.tables.globals.get(name)

    def path(self, path: ast.Ident, role: Role = Role.USES) -> None:
        """A transition, or `process.step`."""
        process, dot, step = path.name.partition(".")
        owner = self.tables.globals.get(process)
        if not dot:
            self.note(path.span, owner, role)
            return
        # There may be spaces around the dot: the names are the ends of the span.
        start, end, file = path.span.start, path.span.end, path.span.file
        self.note(Span(file, start, start + len(process)), owner)
        self.note(Span(file, end - len(step), end), self.tables.member(owner, f".{step}"), role)

    # --- declarations ------------------------------------------------------------------------------------

    def declaration(self, declaration: ast.Decl) -> None:
        match declaration:
            case ast.SpecName() | ast.Import() | ast.DeadlockFreeDecl() | ast.BrokenDecl():
                pass
            case ast.SortDecl(name, size):
                self.declared(name, self.tables.globals.get(name.name))
                self.expression(size)
            case ast.EnumDecl(name, values):
                for part in (name, *values):
                    self.declared(part, self.tables.globals.get(part.name))
            case ast.StructDecl(name, fields):
                owner = self.tables.globals.get(name.name)
                self.declared(name, owner)
                self.fields(fields, owner)
            case ast.ConstDecl(type, name, value):
                self.declared(name, self.tables.globals.get(name.name))
                self.type(type)
                self.expression(value)
            case ast.StateBlock(_, variables):
                for variable in variables:
                    self.variable(variable)
            case ast.InitBlock(body):
                self.block(body)
            case ast.DefDecl(name, params, body, override):
                self.own_name(name, override)
                self.parametric(params, body)
            case ast.TransitionDecl(name, params, body, _, override):
                self.own_name(name, override)
                with self.scope():
                    self.binders(params, Kind.PARAMETER)
                    self.block(body)
            case ast.ProcessDecl():
                self.process_declaration(declaration)
            case ast.StepOverride(name, body):
                self.step_override(name, body)
            case (
                ast.InvariantDecl(name, params, body)
                | ast.StepInvariantDecl(name, params, body)
                | ast.ReachableDecl(name, params, body)
            ):
                self.declared(name, self.tables.properties.get(name.name))
                self.parametric(params, body)
            case ast.LivenessDecl(name, params, _, trigger, goal):
                self.declared(name, self.tables.properties.get(name.name))
                self.parametric(params, *([] if trigger is None else [trigger]), goal)
            case ast.AssumeDecl(name, body):
                self.declared(name, self.tables.properties.get(name.name))
                self.expression(body)
            case ast.ScenarioDecl(name, params, lines):
                self.declared(name, self.tables.properties.get(name.name))
                with self.scope():
                    self.binders(params, Kind.PARAMETER)
                    for line in lines:
                        self.line(line)
            case ast.CheckDecl(name, items):
                self.note(name.span, Definition(name.name, Kind.CHECK, name.span, declaration), Role.DECLARES)
                for item in items:
                    self.item(item)
            case _:
                assert_never(declaration)

    def own_name(self, name: ast.Ident, override: bool) -> None:
        if override:
            self.note(name.span, self.tables.globals.get(name.name), Role.OVERRIDES)
        else:
            self.declared(name, self.tables.globals.get(name.name))

    def parametric(self, params: tuple[ast.Binder, ...], *bodies: ast.Expr) -> None:
        with self.scope():
            self.binders(params, Kind.PARAMETER)
            for body in bodies:
                self.expression(body)

    def variable(self, variable: ast.VariableDecl) -> None:
        self.declared(variable.name, self.tables.globals.get(variable.name.name))
        self.type(variable.type)
        for index in variable.indices:
            self.type(index)
        self.value(variable.init)

    def fields(self, fields: tuple[ast.FieldDecl, ...], owner: Definition | None) -> None:
        for declared in fields:
            self.declared(declared.name, self.tables.member(owner, declared.name.name))
            self.type(declared.type)
            self.value(declared.init)

    def process_declaration(self, process: ast.ProcessDecl) -> None:
        owner = self.tables.globals.get(process.name.name)
        self.declared(process.name, owner)
        with self.scope():
            self.binders(process.params, Kind.PARAMETER)
            self.fields(process.locals, owner)
            self.process = owner
            for step in process.steps:
                self.declared(step.name, self.tables.member(owner, f".{step.name.name}"))
                self.block(step.body)
            self.process = None

    def step_override(self, name: ast.Ident, body: tuple[ast.Statement, ...]) -> None:
        """The body stands in the process: its parameters and locals mean the same there."""
        self.path(name, Role.OVERRIDES)
        owner = self.tables.globals.get(name.name.partition(".")[0])
        with self.scope():
            if owner is not None and isinstance(owner.declared, ast.ProcessDecl):
                for param in owner.declared.params:
                    self.scopes[-1][param.name.name] = self.tables.parameters[param.name.span]
            self.process = owner
            self.block(body)
            self.process = None

    # --- statements --------------------------------------------------------------------------------------

    def block(self, body: tuple[ast.Statement, ...]) -> None:
        with self.scope():
            for statement in body:
                self.statement(statement)

    def statement(self, statement: ast.Statement) -> None:
        match statement:
            case ast.Require(condition) | ast.Assert(condition):
                self.expression(condition)
            case ast.Assign(target, value):
                self.expression(target)
                self.value(value)
            case ast.Let(name, value):
                self.bind(name, Kind.LOCAL, statement, self.expression(value))
            case ast.Choose(binders, where):
                self.binders(binders, Kind.LOCAL)
                self.value(where)
            case ast.If(condition, then, orelse):
                self.expression(condition)
                self.block(then)
                self.block(orelse)
            case ast.ForAll(binders, where, body):
                with self.scope():
                    self.binders(binders, Kind.LOCAL)
                    self.value(where)
                    self.block(body)
            case ast.Reset(names):
                for name in names:
                    self.note(name.span, self.lookup(name.name))
            case ast.Goto(step):
                self.note(step.span, self.tables.member(self.process, f".{step.name}"))
            case ast.ResetVolatile() | ast.Exit():
                pass
            case _:
                assert_never(statement)

    def line(self, line: ast.ScenarioLine) -> None:
        match line:
            case ast.Fire(transition, args) | ast.Blocked(transition, args):
                self.path(transition)
                for arg in args:
                    self.expression(arg)
            case ast.Assert(condition):
                self.expression(condition)

    def item(self, item: ast.CheckItem) -> None:
        match item:
            case ast.Setting(name, value):
                self.note(name.span, self.tables.globals.get(name.name))
                self.expression(value)
            case ast.Only(properties) | ast.Expect(_, properties):
                for prop in properties:
                    self.note(prop.span, self.tables.properties.get(prop.name))

    # --- types and expressions ---------------------------------------------------------------------------

    def type(self, written: ast.TypeExpr) -> None:
        match written:
            case ast.NamedType(name):
                self.note(written.span, self.tables.globals.get(name))
            case ast.RangeType(lo, hi):
                self.expression(lo)
                self.expression(hi)
            case ast.OptionalType(inner) | ast.SetType(inner):
                self.type(inner)

    def value(self, value: ast.Expr | ast.AnyValue | None) -> None:
        if value is not None and not isinstance(value, ast.AnyValue):
            self.expression(value)

    def expression(self, expr: ast.Expr) -> Shape | None:
        """Record the names in an expression; gives what it holds, where that can be told without types."""
        match expr:
            case ast.Name(name):
                definition = self.lookup(name)
                self.note(expr.span, definition)
                return None if definition is None else definition.shape
            case ast.Number() | ast.Boolean() | ast.Null():
                return None
            case ast.Primed(base):
                return self.expression(base)
            case ast.Index(base, index):
                shape = self.expression(base)
                self.expression(index)
                return None if shape is None or not shape.indices else Shape(shape.type, shape.indices - 1)
            case ast.FieldAccess(base, name):
                definition = self.member(self.expression(base), name.name)
                self.note(name.span, definition)
                return None if definition is None else definition.shape
            case ast.Call(function, args):
                self.note(function.span, self.tables.globals.get(function.name))
                for arg in args:
                    self.expression(arg)
                return None
            case ast.Unary(_, arg) | ast.Cardinality(arg):
                self.expression(arg)
                return None
            case ast.Binary(_, left, right):
                self.expression(left)
                self.expression(right)
                return None
            case ast.Conditional(condition, then, orelse):
                self.expression(condition)
                shapes = (self.expression(then), self.expression(orelse))
                return shapes[0] or shapes[1]
            case ast.Quantified(_, binders, where, body):
                with self.scope():
                    self.binders(binders, Kind.LOCAL)
                    self.value(where)
                    self.expression(body)
                return None
            case ast.SetLiteral(items):
                for item in items:
                    self.expression(item)
                return None
            case ast.At(process, step):
                shape = self.expression(process)
                if shape is not None and isinstance(shape.type, ast.ProcessDecl):
                    self.note(step.span, self.tables.step(shape.type.name.name, step.name))
                return None
            case ast.By(transition):
                self.path(transition)
                return None
            case _:
                assert_never(expr)

    def member(self, shape: Shape | None, name: str) -> Definition | None:
        """A field of what an expression holds."""
        if shape is None or shape.indices:
            return None
        match shape.type:
            case ast.NamedType(owner):
                return self.tables.member(self.tables.globals.get(owner), name)
            case ast.ProcessDecl(process):
                return self.tables.member(self.tables.globals.get(process.name), name)
            case _:
                return None
