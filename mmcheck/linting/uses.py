"""Which names a program uses, for what, and which names hide others: one walk over its tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct, field

from mmcheck.syntax import ast


class Bound(Struct):
    """A name that is bound around a part of the text. `free` ones need not be used."""

    ident: ast.Ident
    what: str
    free: bool = False
    used: bool = False


class Hiding(Struct, frozen=True):
    """A name that is bound where it meant something else already."""

    ident: ast.Ident
    what: str
    hidden: ast.Ident


class Uses(Struct):
    """What is used, by name. Variables are read, written by steps, or set by `init`."""

    named: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    set_up: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    """Names behind a dot, read; and written, with `=` behind."""
    ranged: set[str] = field(default_factory=set)
    """Types that a bound name ranges over, or of which a variable takes any value."""
    bound: list[Bound] = field(default_factory=list)
    hiding: list[Hiding] = field(default_factory=list)


def uses(declarations: Sequence[ast.Decl], modules: frozenset[str] = frozenset()) -> Uses:
    """What a program uses. `modules` are files whose definitions are there to be overridden: these need not
    use their parameters."""
    walk = _Walk(_globals(declarations), modules)
    for declaration in declarations:
        walk.declaration(declaration)
    return walk.found


def _globals(declarations: Sequence[ast.Decl]) -> dict[str, ast.Ident]:
    """The names that an expression may speak of, and where they are declared."""
    names: list[ast.Ident] = []
    for declaration in declarations:
        match declaration:
            case ast.StateBlock(_, variables):
                names += [variable.name for variable in variables]
            case ast.EnumDecl(_, values):
                names += values
            case ast.ConstDecl(_, name) | ast.DefDecl(name) | ast.ProcessDecl(name):
                names.append(name)
            case _:
                pass
    return {ident.name: ident for ident in names}


class _Walk:
    def __init__(self, globals: dict[str, ast.Ident], modules: frozenset[str]) -> None:
        self.globals = globals
        self.modules = modules
        self.found = Uses()
        self.scopes: list[dict[str, Bound]] = []
        self.starting = False
        """Whether what is walked belongs to the initial states."""
        self.types: dict[str, ast.TypeExpr] = {}

    # --- names -------------------------------------------------------------------------------------------

    @contextmanager
    def scope(self) -> Iterator[None]:
        self.scopes.append({})
        yield
        self.scopes.pop()

    def bind(self, ident: ast.Ident, what: str, free: bool = False) -> None:
        hidden = self._find(ident.name)
        place = hidden.ident if hidden else self.globals.get(ident.name)
        if place is not None and place.span != ident.span:
            self.found.hiding.append(Hiding(ident, what, place))
        self.scopes[-1][ident.name] = bound = Bound(ident, what, free)
        self.found.bound.append(bound)

    def binders(self, binders: Sequence[ast.Binder], what: str, free: bool = False) -> None:
        for binder in binders:
            self.type(binder.type)
            self._range(binder.type)
            self.bind(binder.name, what, free)

    def _find(self, name: str) -> Bound | None:
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), None)

    def name(self, name: str, read: bool = True) -> None:
        bound = self._find(name)
        if bound is not None:
            bound.used = True
            return
        self.found.named.add(name)
        if read:
            self.found.read.add(name)

    def _range(self, type: ast.TypeExpr) -> None:
        match type:
            case ast.NamedType(name):
                self.found.ranged.add(name)
            case ast.OptionalType(inner) | ast.SetType(inner):
                self._range(inner)
            case ast.RangeType():
                pass

    # --- declarations ------------------------------------------------------------------------------------

    def declaration(self, decl: ast.Decl) -> None:
        match decl:
            case ast.DefDecl(_, params, body):
                hook = decl.span.file.name in self.modules or not any(_names_in(body))
                free = hook or _overrides(decl)
                with self.scope():
                    self.binders(params, "the parameter", free)
                    self.walk(body)
            case ast.TransitionDecl(_, params, body):
                with self.scope():
                    self.binders(params, "the parameter", _overrides(decl))
                    self.block(body)
            case ast.ProcessDecl():
                self._process(decl)
            case ast.ScenarioDecl(_, params, lines):
                with self.scope():
                    # They also say how many different elements there must be.
                    self.binders(params, "the parameter", free=True)
                    self.walk(lines)
            case ast.InvariantDecl(_, params) | ast.StepInvariantDecl(_, params):
                self._property(decl, params)
            case ast.ReachableDecl(_, params) | ast.LivenessDecl(_, params):
                self._property(decl, params)
            case ast.StateBlock(_, variables):
                for variable in variables:
                    self.variable(variable)
            case ast.StructDecl(_, declared):
                for item in declared:
                    self.type(item.type)
            case ast.InitBlock(body):
                self.starting = True
                self.block(body)
                self.starting = False
            case _:
                self.walk_fields(decl)

    def _property(
        self,
        decl: ast.InvariantDecl | ast.StepInvariantDecl | ast.ReachableDecl | ast.LivenessDecl,
        params: Sequence[ast.Binder],
    ) -> None:
        with self.scope():
            self.binders(params, "the parameter")
            self.walk_fields(decl, "params")

    def _process(self, decl: ast.ProcessDecl) -> None:
        with self.scope():
            self.binders(decl.params, "the parameter", free=True)
            for local in decl.locals:
                self.type(local.type)
                if local.init is not None:
                    self._initial(local.type, local.init)
                self.bind(local.name, "the local", free=True)
            for step in decl.steps:
                self.block(step.body)

    def variable(self, decl: ast.VariableDecl) -> None:
        self.type(decl.type)
        for index in decl.indices:
            self.type(index)
        self.types[decl.name.name] = decl.type
        if decl.init is not None:
            self._initial(decl.type, decl.init)
        if isinstance(decl.init, ast.AnyValue):
            self.found.set_up.add(decl.name.name)

    def _initial(self, type: ast.TypeExpr, value: ast.Expr | ast.AnyValue) -> None:
        if isinstance(value, ast.AnyValue):
            self._range(type)
        else:
            self.walk(value)

    def type(self, type: ast.TypeExpr) -> None:
        match type:
            case ast.NamedType(name):
                self.found.named.add(name)
            case ast.OptionalType(inner) | ast.SetType(inner):
                self.type(inner)
            case ast.RangeType(lo, hi):
                self.walk((lo, hi))

    # --- statements and expressions ----------------------------------------------------------------------

    def block(self, body: Sequence[ast.Statement]) -> None:
        with self.scope():
            for statement in body:
                self.walk(statement)

    def walk(self, node: object) -> None:
        """Anything inside a declaration."""
        match node:
            case tuple():
                for item in node:
                    self.walk(item)
            case ast.Name(name):
                self.name(name)
            case ast.Call(function, args):
                self.name(function.name)
                self.walk(args)
            case ast.FieldAccess(base, of):
                self.found.fields.add(of.name)
                self.walk(base)
            case ast.Assign(target, value):
                self._assign(target, value)
            case ast.Let(name, value):
                self.walk(value)
                self.bind(name, "the `let`")
            case ast.Choose(binders, where):
                self.binders(binders, "the name")
                self.walk(where)
            case ast.If(condition, then, orelse):
                self.walk(condition)
                self.block(then)
                self.block(orelse)
            case ast.ForAll(binders, where, body):
                with self.scope():
                    self.binders(binders, "the name")
                    self.walk(where)
                    self.block(body)
            case ast.Quantified(_, binders, where, inner):
                with self.scope():
                    self.binders(binders, "the name", free=isinstance(inner, ast.Boolean))
                    self.walk(where)
                    self.walk(inner)
            case ast.Reset(names):
                for ident in names:
                    self._write(ident.name)
            case ast.NamedType() | ast.RangeType() | ast.OptionalType() | ast.SetType():
                self.type(node)
            case ast.Node():
                self.walk_fields(node)
            case _:
                pass

    def walk_fields(self, node: ast.Node, *left_out: str) -> None:
        for name in node.__struct_fields__:
            if name not in ("span", *left_out):
                self.walk(getattr(node, name))

    def _assign(self, target: ast.Expr, value: ast.Expr | ast.AnyValue) -> None:
        self.walk(value)
        path: list[str] = []
        while isinstance(target, ast.Index | ast.FieldAccess):
            if isinstance(target, ast.Index):
                self.walk(target.index)
            else:
                path.append(target.field.name)
            target = target.base
        if not isinstance(target, ast.Name):
            self.walk(target)
            return
        if isinstance(value, ast.AnyValue) and target.name in self.types:
            self._range(self.types[target.name])
        self._write(target.name)

    def _write(self, name: str) -> None:
        if self._find(name) is None:
            self.found.named.add(name)
            (self.found.set_up if self.starting else self.found.written).add(name)


def _overrides(decl: ast.Decl) -> bool:
    """Whether it was written as an override: its parameters are not its own choice. Where it stands in the
    place of what it overrides, only the text tells."""
    return decl.span.text.startswith("override")


def _names_in(node: object) -> Iterator[str]:
    """The names that an expression mentions."""
    match node:
        case ast.Name(name):
            yield name
        case ast.Call(function, args):
            yield function.name
            yield from _names_in(args)
        case tuple():
            for item in node:
                yield from _names_in(item)
        case ast.Node():
            for name in node.__struct_fields__:
                if name != "span":
                    yield from _names_in(getattr(node, name))
        case _:
            return
