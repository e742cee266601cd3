"""A syntax tree as text, in one canonical layout: what `parse` makes of the text is the tree again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from mmcheck.syntax import ast
from mmcheck.syntax.expression_printer import (
    show_binders,
    show_expr,
    show_list,
    show_type,
    show_where,
)

__all__ = ["show", "show_expr"]

_INDENT = "    "


def show(module: ast.Module) -> str:
    """The canonical text of a file. A declaration that could not be parsed leaves a comment."""
    lines: list[str] = []
    before: ast.Decl | None = None
    for declaration in module.declarations:
        shown = list(_declaration(declaration))
        if before is not None and (
            len(shown) > 1 or type(before) is not type(declaration) or lines[-1] == "}"
        ):
            lines.append("")
        lines += shown
        before = declaration
    return "".join(f"{line}\n" for line in lines)


def _declaration(decl: ast.Decl) -> Iterator[str]:
    yield from _doc(decl)
    yield from _declared(decl)


def _declared(decl: ast.Decl) -> Iterator[str]:
    match decl:
        case ast.SpecName(name):
            yield f"spec {name.name};"
        case ast.Import(module):
            yield f"import {module.name};"
        case ast.SortDecl(name, size):
            yield f"sort {name.name} = {show_expr(size)};"
        case ast.EnumDecl(name, values):
            yield f"enum {name.name} {{ {_names(values)} }}"
        case ast.StructDecl(name, fields):
            yield from _block(f"struct {name.name}", _fields("", fields))
        case ast.ConstDecl(type, name, value):
            yield f"const {show_type(type)} {name.name} = {show_expr(value)};"
        case ast.StateBlock(volatile, variables):
            yield from _block("volatile state" if volatile else "state", _variables(variables))
        case ast.InitBlock(body):
            yield from _block("init", _statements(body))
        case ast.DefDecl(name, params, expr, override):
            yield f"{_override(override)}def {name.name}({show_binders(params)}) = {show_expr(expr)};"
        case ast.TransitionDecl(name, params, body, fairness, override):
            head = f"{_override(override)}{_fair(fairness)}transition {name.name}({show_binders(params)})"
            yield from _block(head, _statements(body))
        case ast.ProcessDecl():
            yield from _process(decl)
        case ast.StepOverride(name, body, fairness):
            yield from _block(f"override {_fair(fairness)}step {name.name}", _statements(body))
        case ast.ScenarioDecl(name, params, scenario_lines):
            head = f"scenario {name.name}({show_binders(params)})"
            yield from _block(head, map(_scenario_line, scenario_lines))
        case ast.CheckDecl(name, items):
            yield from _block(f"check {name.name}", map(_check_item, items))
        case ast.BrokenDecl():
            yield "// A declaration that could not be parsed."
        case _:
            yield _property(decl)


def _property(
    decl: ast.InvariantDecl
    | ast.StepInvariantDecl
    | ast.ReachableDecl
    | ast.DeadlockFreeDecl
    | ast.LivenessDecl
    | ast.AssumeDecl,
) -> str:
    match decl:
        case ast.InvariantDecl(name, params, body):
            return f"invariant {name.name}{_params(params)}: {show_expr(body)};"
        case ast.StepInvariantDecl(name, params, body):
            return f"step invariant {name.name}{_params(params)}: {show_expr(body)};"
        case ast.ReachableDecl(name, params, body):
            return f"reachable {name.name}{_params(params)}: {show_expr(body)};"
        case ast.DeadlockFreeDecl():
            return "deadlock free;"
        case ast.LivenessDecl(name, params, kind, trigger, goal):
            head = f"liveness {name.name}{_params(params)}"
            before = "" if trigger is None else f"{show_expr(trigger)} "
            return f"{head}: {before}{kind.value} {show_expr(goal)};"
        case ast.AssumeDecl(name, body):
            return f"assume {name.name}: {show_expr(body)};"
        case _:
            assert_never(decl)


def _process(decl: ast.ProcessDecl) -> Iterator[str]:
    def lines() -> Iterator[str]:
        yield from _fields("local ", decl.locals)
        for step in decl.steps:
            yield from _doc(step)
            yield from _block(f"{_fair(step.fairness)}step {step.name.name}", _statements(step.body))

    yield from _block(f"{_fair(decl.fairness)}process {decl.name.name}{_params(decl.params)}", lines())


def _fields(prefix: str, fields: Iterable[ast.FieldDecl]) -> Iterator[str]:
    for field in fields:
        yield from _doc(field)
        yield f"{prefix}{show_type(field.type)} {field.name.name}{_initial(field.init)};"


def _variables(variables: Iterable[ast.VariableDecl]) -> Iterator[str]:
    for variable in variables:
        yield from _doc(variable)
        indices = "".join(f"[{show_type(index)}]" for index in variable.indices)
        yield f"{show_type(variable.type)} {variable.name.name}{indices}{_initial(variable.init)};"


def _initial(value: ast.Expr | ast.AnyValue | None) -> str:
    return "" if value is None else f" = {_value(value)}"


def _value(value: ast.Expr | ast.AnyValue) -> str:
    return "any" if isinstance(value, ast.AnyValue) else show_expr(value)


def _statements(body: Iterable[ast.Statement]) -> Iterator[str]:
    for statement in body:
        yield from _statement(statement)


def _statement(statement: ast.Statement) -> Iterator[str]:
    match statement:
        case ast.Require(condition):
            yield f"require {show_expr(condition)};"
        case ast.Assert(condition):
            yield f"assert {show_expr(condition)};"
        case ast.Assign(target, value):
            yield f"{show_expr(target)} = {_value(value)};"
        case ast.Let(name, bound):
            yield f"let {name.name} = {show_expr(bound)};"
        case ast.Choose(binders, where):
            yield f"choose {show_binders(binders)}{show_where(where)};"
        case ast.If():
            yield from _conditional(statement)
        case ast.ForAll(binders, where, body):
            yield from _block(f"forall {show_binders(binders)}{show_where(where)}", _statements(body))
        case ast.Reset(names):
            yield f"reset {_names(names)};"
        case ast.ResetVolatile():
            yield "reset volatile;"
        case ast.Goto(step):
            yield f"goto {step.name};"
        case ast.Exit():
            yield "exit;"
        case _:
            assert_never(statement)


def _conditional(statement: ast.If) -> Iterator[str]:
    """`if` and all its `else if`: each closing brace shares its line with the next `else`."""
    head = f"if ({show_expr(statement.condition)})"
    then = list(_block(head, _statements(statement.then)))
    if not statement.orelse:
        yield from then
        return
    yield from then[:-1]
    joint = f"{then[-1]} else"
    match statement.orelse:
        case (ast.If() as only,):
            first, *rest = _conditional(only)
            yield f"{joint} {first}"
            yield from rest
        case body:
            yield from _block(joint, _statements(body))


def _scenario_line(line: ast.ScenarioLine) -> str:
    match line:
        case ast.Fire(transition, args):
            return f"{transition.name}({show_list(args)});"
        case ast.Blocked(transition, args):
            return f"blocked {transition.name}({show_list(args)});"
        case ast.Assert(condition):
            return f"assert {show_expr(condition)};"
        case _:
            assert_never(line)


def _check_item(item: ast.CheckItem) -> str:
    match item:
        case ast.Setting(name, value):
            return f"{name.name} = {show_expr(value)};"
        case ast.Only(properties):
            return f"only {_names(properties)};"
        case ast.Expect(expectation, properties, steps):
            named = f" {_names(properties)}" if properties else ""
            bound = "" if steps is None else f" in {steps} step{'' if steps == 1 else 's'}"
            return f"expect {expectation.value}{named}{bound};"
        case _:
            assert_never(item)


def _block(head: str, lines: Iterable[str]) -> Iterator[str]:
    """A head with its block; one without lines stays on one line."""
    inner = [f"{_INDENT}{line}" for line in lines]
    if inner:
        yield f"{head} {{"
        yield from inner
        yield "}"
    else:
        yield f"{head} {{ }}"


def _doc(decl: ast.Declaration) -> Iterator[str]:
    if decl.doc:
        yield from (f"/// {line}".rstrip() for line in decl.doc.split("\n"))


def _params(params: Sequence[ast.Binder]) -> str:
    return f"({show_binders(params)})" if params else ""


def _names(names: Iterable[ast.Ident]) -> str:
    return ", ".join(name.name for name in names)


def _override(override: bool) -> str:
    return "override " if override else ""


def _fair(fairness: ast.Fairness) -> str:
    return f"{fairness.value} " if fairness is not ast.Fairness.NONE else ""
