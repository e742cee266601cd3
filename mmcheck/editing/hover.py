"""What a name is, for a reader who points at it: its declaration, its documentation, where it stands."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from msgspec import Struct

from mmcheck.editing.analysis import Analysis
from mmcheck.editing.symbols import Definition, Role, Shape
from mmcheck.source import Span
from mmcheck.syntax import ast

MOST_LINES = 12
"""Longer declarations are cut."""


class Hover(Struct, frozen=True):
    """Markdown about the name at `span`."""

    span: Span
    markdown: str


def hover(analysis: Analysis, offset: int) -> Hover | None:
    """What is told about the name at an offset; None where there is none."""
    place = analysis.index.at(analysis.path, offset)
    if place is None:
        return None
    definition = place.definition
    parts = [f"```mmcheck\n{signature(definition)}\n```", definition.doc, _standing(analysis, definition)]
    return Hover(place.span, "\n\n".join(part for part in parts if part))


def _standing(analysis: Analysis, definition: Definition) -> str:
    owner = f" of `{definition.owner.name}`" if definition.owner is not None else ""
    told = f"{definition.kind.value}{owner}"
    if definition.span.file is not analysis.source:
        told += f", declared in {Path(definition.span.file.name).name}"
    overrides = [o for o in analysis.index.of(definition) if o.role is Role.OVERRIDES]
    if overrides:
        told += f", overridden in {Path(overrides[-1].span.file.name).name}"
    return f"*{told}*"


def signature(definition: Definition) -> str:
    """The declaration of a name in one line, or in a few."""
    declared = definition.declared
    match declared:
        case ast.Binder(type, name):
            return f"{type.span.text} {name.name}"
        case ast.VariableDecl(type, name, indices, init):
            subscripts = "".join(f"[{index.span.text}]" for index in indices)
            return f"{type.span.text} {name.name}{subscripts}{_initially(init)}"
        case ast.FieldDecl(type, name, init):
            return f"{type.span.text} {name.name}{_initially(init)}"
        case ast.Let(name, value):
            return f"{_written(definition.shape)}{name.name} = {value.span.text}"
        case ast.Ident():
            return definition.name if definition.owner is None else signature(definition.owner)
        case ast.TransitionDecl() | ast.ProcessDecl():
            return declared.span.text.partition("{")[0].strip()
        case ast.StepDecl():
            process = "" if definition.owner is None else f"{definition.owner.name}."
            return f"step {process}{definition.name}"
        case _:
            return _cut(declared.span)


def _initially(init: ast.Expr | ast.AnyValue | None) -> str:
    return "" if init is None else f" = {init.span.text}"


def _written(shape: Shape | None) -> str:
    """The type of a `let`, where it can be told, or the word itself."""
    if shape is None or shape.indices or isinstance(shape.type, ast.ProcessDecl):
        return "let "
    return f"{shape.type.span.text} "


def _cut(span: Span) -> str:
    """A text without the indentation that its place gives it."""
    lines = span.text.split("\n")
    text = "\n".join([lines[0], *dedent("\n".join(lines[1:])).split("\n")]) if lines[1:] else lines[0]
    kept = text.split("\n")[:MOST_LINES]
    return "\n".join(kept if len(lines) <= MOST_LINES else [*kept, "…"])
