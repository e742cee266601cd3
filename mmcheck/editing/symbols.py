"""What names stand for: definitions, the places that name them, and the shapes of what they hold."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from mmcheck.source import Span
from mmcheck.syntax import ast


class Kind(Enum):
    """What a name is; the value is what a reader calls it."""

    MODULE = "module"
    SORT = "sort"
    ENUM = "enum"
    ENUM_VALUE = "enum constant"
    STRUCT = "struct"
    FIELD = "field"
    CONSTANT = "constant"
    VARIABLE = "state variable"
    DEF = "def"
    TRANSITION = "transition"
    PROCESS = "process"
    STEP = "step"
    PROCESS_LOCAL = "local of a process"
    PARAMETER = "parameter"
    LOCAL = "name"
    PROPERTY = "property"
    CHECK = "check"


class Shape(Struct, frozen=True):
    """What a name holds: a written type behind a number of indices. A process holds its locals."""

    type: ast.TypeExpr | ast.ProcessDecl
    indices: int = 0


Declared: TypeAlias = (
    ast.Decl | ast.VariableDecl | ast.FieldDecl | ast.StepDecl | ast.Binder | ast.Let | ast.Ident
)
"""What a name is declared by. An enum's constant is an `Ident` of its own."""


class Definition(Struct, frozen=True, eq=False):
    """One thing with a name. Two are the same only if they are the same object."""

    name: str
    kind: Kind
    span: Span
    """The name where it is declared."""
    declared: Declared
    owner: Definition | None = None
    """The enum, struct or process that it belongs to."""
    shape: Shape | None = None

    @property
    def doc(self) -> str:
        """Its `///` text, or ""."""
        return self.declared.doc if isinstance(self.declared, ast.Declaration) else ""


class Role(Enum):
    """What a place does with a name."""

    DECLARES = "declares"
    OVERRIDES = "overrides"
    USES = "uses"


class Occurrence(Struct, frozen=True):
    """A place that names something: `span` is just the name."""

    span: Span
    definition: Definition
    role: Role
