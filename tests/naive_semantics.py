"""A second interpreter of the language: it walks the syntax tree over a dictionary of cells.

It is written from the description of the language and shares nothing with elaboration nor with the core: no
terms, no coercions, no folding, no expansion of `def`s. Where it disagrees with `core.semantics`, one of the
two is wrong. Nondeterminism is a script: a run asks `pick` whenever there are several ways to go on, and the
runs for all scripts are made one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any, TypeAlias, assert_never

from msgspec import Struct

from mmcheck.core.types import Elem
from mmcheck.diagnostics import Collector
from mmcheck.source import SourceFile
from mmcheck.syntax import ast
from mmcheck.syntax.parser import parse

Key: TypeAlias = tuple[str, tuple[Any, ...], tuple[str, ...]]
Cells: TypeAlias = dict[Key, Any]
Pick: TypeAlias = Callable[[Sequence[Any]], Any]


class FaultError(Exception):
    """A model error; the argument is its kind."""


class NotEnabledError(Exception):
    """A `require` was false, or a `choose` had no candidate."""


class JumpedError(Exception):
    """A `goto` or an `exit` ended the step."""


class Result(Struct, frozen=True):
    """Where a run led: to cells, or to a fault."""

    cells: Cells | None
    fault: str | None


class Scope(Struct, frozen=True):
    """What an expression is evaluated in."""

    names: Mapping[str, Any]
    reads: Cells
    after: Cells | None = None
    by: str = ""
    primed: bool = False
    process: ast.ProcessDecl | None = None
    own: tuple[Any, ...] = ()

    def bound(self, **names: Any) -> Scope:
        return self.changed(names={**self.names, **names})

    def changed(self, **parts: Any) -> Scope:
        old = {name: getattr(self, name) for name in Scope.__struct_fields__}
        return Scope(**{**old, **parts})


def every_run(run: Callable[[Pick], Cells]) -> Iterator[Result]:
    """The results of a run for every way to make its choices."""
    script: list[tuple[int, int]] = []
    while True:
        asked = 0

        def pick(options: Sequence[Any]) -> Any:
            nonlocal asked
            if not options:
                raise NotEnabledError
            if asked == len(script):
                script.append((0, len(options)))
            chosen = options[script[asked][0]]
            asked += 1
            return chosen

        try:
            yield Result(run(pick), None)
        except FaultError as fault:
            yield Result(None, str(fault))
        except NotEnabledError:
            pass
        while script and script[-1][0] + 1 == script[-1][1]:
            script.pop()
        if not script:
            return
        script[-1] = (script[-1][0] + 1, script[-1][1])


class Model:
    """A spec, with constants and sort sizes perhaps set otherwise than declared."""

    def __init__(self, text: str, set: Mapping[str, Any] | None = None) -> None:
        collector = Collector()
        module = parse(SourceFile("<text>", text), collector)
        collector.raise_if_errors()
        self.set = dict(set or {})
        self.declarations = module.declarations
        self.named: dict[str, Any] = {
            d.name.name: d
            for d in self.declarations
            if isinstance(
                d,
                ast.SortDecl | ast.EnumDecl | ast.StructDecl | ast.ConstDecl | ast.DefDecl | ast.ProcessDecl,
            )
        }
        self.blocks = [d for d in self.declarations if isinstance(d, ast.StateBlock)]
        self.variables = {v.name.name: v for block in self.blocks for v in block.variables}
        self.constants = {
            v.name: v.name for d in self.declarations if isinstance(d, ast.EnumDecl) for v in d.values
        }
        self.actions = list(self._actions())

    def _actions(self) -> Iterator[tuple[str, tuple[ast.Binder, ...], ast.ProcessDecl | None, Any]]:
        for d in self.declarations:
            if isinstance(d, ast.TransitionDecl):
                yield d.name.name, d.params, None, d.body
            elif isinstance(d, ast.ProcessDecl):
                for step in d.steps:
                    yield f"{d.name.name}.{step.name.name}", d.params, d, step

    # --- types -------------------------------------------------------------------------------------------

    def constant(self, expr: ast.Expr) -> Any:
        return self.value(expr, Scope({}, {}))

    def size(self, sort: ast.SortDecl) -> int:
        return int(self.set.get(sort.name.name, self.constant(sort.size)))

    def values(self, type: ast.TypeExpr) -> list[Any]:
        """All values of a type, its default first (a struct is a dictionary of its fields)."""
        match type:
            case ast.NamedType("bool"):
                return [False, True]
            case ast.NamedType(name):
                match self.named[name]:
                    case ast.SortDecl() as sort:
                        return [Elem(name, i) for i in range(self.size(sort))]
                    case ast.EnumDecl(_, values):
                        return [v.name for v in values]
                    case ast.StructDecl(_, fields):
                        rows = product(*(self.values(f.type) for f in fields))
                        names = [f.name.name for f in fields]
                        return [dict(zip(names, row, strict=True)) for row in rows]
                    case other:
                        raise TypeError(other)
            case ast.RangeType(lo, hi):
                return list(range(self.constant(lo), self.constant(hi) + 1))
            case ast.OptionalType(base):
                return [None, *self.values(base)]
            case ast.SetType(element):
                items = self.values(element)
                return [frozenset(c) for n in range(len(items) + 1) for c in combinations(items, n)]
            case _:
                assert_never(type)

    def store(self, value: Any, type: ast.TypeExpr, kind: str = "range overflow") -> Any:
        """The value, if it is one of the type."""
        if isinstance(value, dict):
            return value
        if isinstance(type, ast.SetType):
            for item in value:
                self.store(item, type.element, kind)
            return value
        if value is None and not isinstance(type, ast.OptionalType):
            raise FaultError("null dereference")
        if value not in self.values(type):
            raise FaultError(kind)
        return value

    def fields(self, type: ast.TypeExpr) -> list[tuple[str, ast.TypeExpr]] | None:
        """The fields of a struct, and None for other types."""
        struct = self.named.get(type.name) if isinstance(type, ast.NamedType) else None
        if not isinstance(struct, ast.StructDecl):
            return None
        return [(f.name.name, f.type) for f in struct.fields]

    # --- cells -------------------------------------------------------------------------------------------

    def load(self, cells: Cells, name: str, at: tuple[Any, ...], path: tuple[str, ...], type: Any) -> Any:
        fields = self.fields(type)
        if fields is None:
            return cells[name, at, path]
        return {f: self.load(cells, name, at, (*path, f), inner) for f, inner in fields}

    def put(self, cells: Cells, name: str, at: tuple[Any, ...], path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, dict):
            for f, inner in value.items():
                self.put(cells, name, at, (*path, f), inner)
        else:
            cells[name, at, path] = value

    def place(self, expr: ast.Expr, scope: Scope) -> tuple[str, tuple[Any, ...], tuple[str, ...], Any, bool]:
        """The variable, indices, fields and type of an access, and whether it is primed."""
        match expr:
            case ast.Name(name):
                local = self._own_local(name, scope)
                if local is not None and scope.process is not None:
                    return scope.process.name.name, scope.own, (name,), local, scope.primed
                type = self.variables[name].type if name in self.variables else None
                return name, (), (), type, scope.primed
            case ast.Primed(base):
                name, at, path, type, _ = self.place(base, scope)
                return name, at, path, type, True
            case ast.Index(base, index):
                name, at, path, type, primed = self.place(base, scope)
                value = self.store(self.value(index, scope), self._index_type(name, at), "index out of range")
                return name, (*at, value), path, type, primed
            case ast.FieldAccess(base, field):
                name, at, path, type, primed = self.place(base, scope)
                if type is None:
                    locals = self.named[name].locals
                    inner = next(f.type for f in locals if f.name.name == field.name)
                else:
                    inner = dict(self.fields(type) or ())[field.name]
                return name, at, (*path, field.name), inner, primed
            case _:
                raise TypeError(expr)

    def _index_type(self, name: str, before: tuple[Any, ...]) -> ast.TypeExpr:
        if name in self.variables:
            return self.variables[name].indices[len(before)]
        params: tuple[ast.Binder, ...] = self.named[name].params
        return params[len(before)].type

    def _own_local(self, name: str, scope: Scope) -> ast.TypeExpr | None:
        locals = scope.process.locals if scope.process else ()
        return next((f.type for f in locals if f.name.name == name and name not in scope.names), None)

    def _is_place(self, expr: ast.Expr, scope: Scope) -> bool:
        while isinstance(expr, ast.Index | ast.FieldAccess | ast.Primed):
            expr = expr.base
        if not isinstance(expr, ast.Name) or expr.name in scope.names:
            return False
        known = expr.name in self.variables or isinstance(self.named.get(expr.name), ast.ProcessDecl)
        return known or self._own_local(expr.name, scope) is not None

    # --- expressions -------------------------------------------------------------------------------------

    def value(self, expr: ast.Expr, scope: Scope) -> Any:
        if self._is_place(expr, scope):
            name, at, path, type, primed = self.place(expr, scope)
            cells = scope.after if primed else scope.reads
            assert cells is not None
            return self.load(cells, name, at, path, type)
        match expr:
            case ast.Number(value) | ast.Boolean(value):
                return value
            case ast.Null():
                return None
            case ast.Name(name):
                return self._named_value(name, scope)
            case ast.Primed(ast.Call(function, args)):
                return self._call(function.name, args, scope, primed=True)
            case ast.Call(function, args):
                return self._call(function.name, args, scope, primed=scope.primed)
            case ast.FieldAccess(base, field):
                return self.value(base, scope)[field.name]
            case ast.Unary(ast.UnaryOp.NOT, arg):
                return not self.value(arg, scope)
            case ast.Unary(ast.UnaryOp.MINUS, arg):
                return -self.number(arg, scope)
            case ast.Binary():
                return self._binary(expr, scope)
            case ast.Conditional(condition, then, orelse):
                return self.value(then if self.value(condition, scope) else orelse, scope)
            case ast.Quantified(kind, binders, where, body):
                truths = [self.value(body, inner) for inner in self.bindings(binders, where, scope)]
                if kind is ast.QuantifierKind.COUNT:
                    return truths.count(True)
                return any(truths) if kind is ast.QuantifierKind.EXISTS else all(truths)
            case ast.SetLiteral(items):
                members = [self.value(item, scope) for item in items]
                if None in members:
                    raise FaultError("null dereference")
                return frozenset(members)
            case ast.Cardinality(inside):
                return len(self.value(inside, scope))
            case ast.At(process, step):
                name, at, _, _, primed = self.place(process, scope)
                cells = scope.after if primed else scope.reads
                assert cells is not None
                return cells[name, at, ("at",)] == step.name
            case ast.By(transition):
                return scope.by == transition.name or scope.by.startswith(f"{transition.name}.")
            case _:
                raise TypeError(expr)

    def number(self, expr: ast.Expr, scope: Scope) -> int:
        value = self.value(expr, scope)
        if value is None:
            raise FaultError("null dereference")
        return int(value)

    def _named_value(self, name: str, scope: Scope) -> Any:
        if name in scope.names:
            return scope.names[name]
        if name in self.constants:
            return name
        declaration = self.named[name]
        if name in self.set:
            return self.set[name]
        return self.constant(declaration.value)

    def _call(self, name: str, args: tuple[ast.Expr, ...], scope: Scope, primed: bool) -> Any:
        declaration = self.named[name]
        given = {
            param.name.name: self.store(self.value(arg, scope), param.type)
            for param, arg in zip(declaration.params, args, strict=True)
        }
        return self.value(declaration.body, scope.changed(names=given, primed=primed, process=None, own=()))

    def _binary(self, expr: ast.Binary, scope: Scope) -> Any:
        op = ast.BinaryOp
        if expr.op in (op.AND, op.OR, op.IMPLIES):
            left = self.value(expr.left, scope)
            if left is (expr.op is op.OR):
                return left if expr.op is not op.IMPLIES else True
            return self.value(expr.right, scope)
        if expr.op in (op.LT, op.LE, op.GT, op.GE):
            a, b = self.number(expr.left, scope), self.number(expr.right, scope)
            return {op.LT: a < b, op.LE: a <= b, op.GT: a > b, op.GE: a >= b}[expr.op]
        left, right = self.value(expr.left, scope), self.value(expr.right, scope)
        match expr.op:
            case op.EQ | op.IFF:
                return left == right
            case op.NE:
                return left != right
            case op.IN:
                return left in right
            case op.UNION:
                return left | right
            case op.INTERSECTION:
                return left & right
            case op.PLUS | op.MINUS:
                if left is None or right is None:
                    raise FaultError("null dereference")
                return left + right if expr.op is op.PLUS else left - right
            case _:
                raise TypeError(expr.op)

    def bindings(self, binders: tuple[ast.Binder, ...], where: ast.Expr | None, scope: Scope) -> list[Scope]:
        """A scope for every choice of values that satisfies the condition."""
        rows = product(*(self.values(b.type) for b in binders))
        inside = [scope.bound(**{b.name.name: v for b, v in zip(binders, row, strict=True)}) for row in rows]
        return [inner for inner in inside if where is None or self.value(where, inner)]

    # --- statements --------------------------------------------------------------------------------------

    def run(self, body: Sequence[ast.Statement], cells: Cells, scope: Scope, pick: Pick) -> None:
        """Run statements one after the other; they change `cells`. `scope.reads` is `cells` itself but in a
        bulk update, where it is what was before."""
        for statement in body:
            match statement:
                case ast.Require(condition):
                    if not self.value(condition, scope):
                        raise NotEnabledError
                case ast.Assert(condition):
                    if not self.value(condition, scope):
                        raise FaultError("failed assert")
                case ast.Assign(target, value):
                    self._assign(target, value, cells, scope, pick)
                case ast.Let(name, value):
                    scope = scope.bound(**{name.name: self.value(value, scope)})
                case ast.Choose(binders, where):
                    scope = pick(self.bindings(binders, where, scope))
                case ast.If(condition, then, orelse):
                    self.run(then if self.value(condition, scope) else orelse, cells, scope, pick)
                case ast.ForAll(binders, where, inner):
                    before = dict(cells) if scope.reads is cells else scope.reads
                    for each in self.bindings(binders, where, scope):
                        self.run(inner, cells, each.changed(reads=before), pick)
                case ast.Reset(names):
                    for name in names:
                        self._reset(name.name, cells, pick)
                case ast.ResetVolatile():
                    self._reset_volatile(cells, pick)
                case ast.Goto(step):
                    assert scope.process is not None
                    cells[scope.process.name.name, scope.own, ("at",)] = step.name
                    raise JumpedError
                case ast.Exit():
                    assert scope.process is not None
                    cells[scope.process.name.name, scope.own, ("at",)] = "exited"
                    raise JumpedError
                case _:
                    assert_never(statement)

    def _assign(self, target: ast.Expr, value: Any, cells: Cells, scope: Scope, pick: Pick) -> None:
        given = None if isinstance(value, ast.AnyValue) else (self.value(value, scope),)
        name, at, path, type, _ = self.place(target, scope)
        self.put(
            cells, name, at, path, pick(self.values(type)) if given is None else self.store(*given, type)
        )

    # --- initial values ----------------------------------------------------------------------------------

    def _initial(self, type: ast.TypeExpr, init: Any, scope: Scope, pick: Pick) -> Any:
        if isinstance(init, ast.AnyValue):
            return pick(self.values(type))
        return self.values(type)[0] if init is None else self.store(self.value(init, scope), type)

    def _reset(self, name: str, cells: Cells, pick: Pick) -> None:
        if name not in self.variables:
            self._reset_process(self.named[name], cells, pick)
            return
        variable, before = self.variables[name], dict(cells)
        for at in product(*(self.values(index) for index in variable.indices)):
            value = self._initial(variable.type, variable.init, Scope({}, before), pick)
            self.put(cells, name, at, (), value)

    def _reset_process(self, process: ast.ProcessDecl, cells: Cells, pick: Pick) -> None:
        before = dict(cells)
        for at in product(*(self.values(param.type) for param in process.params)):
            cells[process.name.name, at, ("at",)] = process.steps[0].name.name
            self._fresh_locals(process, at, cells, before, pick)

    def _fresh_locals(
        self, process: ast.ProcessDecl, at: tuple[Any, ...], cells: Cells, reads: Cells, pick: Pick
    ) -> None:
        names = {param.name.name: value for param, value in zip(process.params, at, strict=True)}
        scope = Scope(names, reads, process=process, own=at)
        for local in process.locals:
            value = self._initial(local.type, local.init, scope, pick)
            self.put(cells, process.name.name, at, (local.name.name,), value)

    def _reset_volatile(self, cells: Cells, pick: Pick) -> None:
        for block in self.blocks:
            for variable in block.variables if block.volatile else ():
                self._reset(variable.name.name, cells, pick)
        for declaration in self.declarations:
            if isinstance(declaration, ast.ProcessDecl):
                self._reset_process(declaration, cells, pick)

    # --- what is compared --------------------------------------------------------------------------------

    def initial(self) -> Iterator[Result]:
        """Every way to an initial state."""

        def run(pick: Pick) -> Cells:
            cells: Cells = {}
            for name in self.variables:
                self._reset(name, cells, pick)
            for declaration in self.declarations:
                if isinstance(declaration, ast.ProcessDecl):
                    self._reset_process(declaration, cells, pick)
            for declaration in self.declarations:
                if isinstance(declaration, ast.InitBlock):
                    self.run(declaration.body, cells, Scope({}, cells), pick)
            return cells

        return every_run(run)

    def successors(self, cells: Cells) -> Iterator[tuple[str, tuple[Any, ...], Result]]:
        """Every step from a state: the name of the action, its arguments, and where it leads."""
        for name, params, process, body in self.actions:
            for args in product(*(self.values(p.type) for p in params)):
                for result in every_run(
                    lambda pick, a=args, n=params, p=process, b=body: self._step(  # type: ignore[misc]
                        cells, a, n, p, b, pick
                    )
                ):
                    yield name, args, result

    def _step(
        self,
        before: Cells,
        args: tuple[Any, ...],
        params: tuple[ast.Binder, ...],
        process: ast.ProcessDecl | None,
        body: Any,
        pick: Pick,
    ) -> Cells:
        cells = dict(before)
        names = {param.name.name: value for param, value in zip(params, args, strict=True)}
        if process is None:
            self.run(body, cells, Scope(names, cells), pick)
            return cells
        here = (process.name.name, args, ("at",))
        if cells[here] != body.name.name:
            raise NotEnabledError
        try:
            self.run(body.body, cells, Scope(names, cells, process=process, own=args), pick)
        except JumpedError:
            return cells
        steps = [step.name.name for step in process.steps]
        if body.name.name != steps[-1]:
            cells[here] = steps[steps.index(body.name.name) + 1]
        else:
            cells[here] = steps[0]
            self._fresh_locals(process, args, cells, cells, pick)
        return cells
