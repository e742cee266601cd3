"""Weaker statements: every way to leave one guard, assignment, jump or condition out of a body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from mmcheck.core.mutation import Weakening
from mmcheck.mutation.guards import without
from mmcheck.source import Span
from mmcheck.syntax import ast

Body: TypeAlias = tuple[ast.Statement, ...]


class Change(Struct, frozen=True):
    """A body with one thing changed: what, where, how, and the body that comes of it. `condition` is what was
    left out of a guard, or what an `if` does not ask any more."""

    weakening: Weakening
    span: Span
    text: str
    body: Body
    condition: ast.Expr | None = None


LEFT_OUT = "left out"


def changes(body: Body) -> Iterator[Change]:
    """Every weaker form of a body, in the order of the text."""
    for i, statement in enumerate(body):
        for change in _of(statement):
            yield replace(change, body=body[:i] + change.body + body[i + 1 :])


def conditions(body: Body) -> Iterator[ast.Expr]:
    """What has to hold for the body to be run: the conditions that `changes` weakens."""
    for statement in body:
        match statement:
            case ast.Require(condition):
                yield condition
            case ast.Choose(_, where) if where is not None:
                yield where
            case ast.If(_, then, orelse):
                yield from conditions(then)
                yield from conditions(orelse)
            case ast.ForAll(_, where, inner):
                if where is not None:
                    yield where
                yield from conditions(inner)
            case _:
                pass


def _of(statement: ast.Statement) -> Iterator[Change]:
    """What can come in the place of one statement."""
    match statement:
        case ast.Require(condition):
            for dropped, rest in without(condition):
                weak: Body = () if rest is None else (replace(statement, condition=rest),)
                span = statement.span if rest is None else dropped.span
                yield Change(Weakening.GUARD, span, LEFT_OUT, weak, dropped)
        case ast.Assign():
            yield Change(Weakening.ASSIGNMENT, statement.span, LEFT_OUT, ())
        case ast.ResetVolatile():
            yield Change(Weakening.ASSIGNMENT, statement.span, LEFT_OUT, ())
        case ast.Reset(names):
            for i, name in enumerate(names):
                rest_of = names[:i] + names[i + 1 :]
                kept: Body = (replace(statement, names=rest_of),) if rest_of else ()
                yield Change(Weakening.ASSIGNMENT, name.span, "not reset", kept)
        case ast.Choose(_, where) if where is not None:
            for dropped, rest in without(where):
                weak = (replace(statement, where=rest),)
                yield Change(Weakening.GUARD, dropped.span, LEFT_OUT, weak, dropped)
        case ast.If():
            yield from _of_if(statement)
        case ast.ForAll():
            yield from _of_bulk(statement)
        case ast.Goto() | ast.Exit():
            yield Change(Weakening.JUMP, statement.span, LEFT_OUT, ())
        case ast.Choose() | ast.Let() | ast.Assert():
            return
        case _:
            assert_never(statement)


def _of_if(statement: ast.If) -> Iterator[Change]:
    span = statement.condition.span
    always = replace(statement, condition=ast.Boolean(True, span=span))
    yield Change(Weakening.BRANCH, span, "always true", (always,), statement.condition)
    if statement.orelse or not _is_one_change(statement.then):
        never = replace(statement, condition=ast.Boolean(False, span=span))
        yield Change(Weakening.BRANCH, span, "always false", (never,), statement.condition)
    for change in changes(statement.then):
        yield replace(change, body=(replace(statement, then=change.body),))
    for change in changes(statement.orelse):
        yield replace(change, body=(replace(statement, orelse=change.body),))


def _is_one_change(body: Body) -> bool:
    """Whether to leave the body out is what `changes` does with its only statement."""
    return len(body) == 1 and isinstance(
        body[0], ast.Assign | ast.ResetVolatile | ast.Goto | ast.Exit | ast.Require
    )


def _of_bulk(statement: ast.ForAll) -> Iterator[Change]:
    if statement.where is not None:
        for dropped, rest in without(statement.where):
            weak = (replace(statement, where=rest),)
            yield Change(Weakening.GUARD, dropped.span, LEFT_OUT, weak, dropped)
    for change in changes(statement.body):
        yield replace(change, body=(replace(statement, body=change.body),) if change.body else ())
