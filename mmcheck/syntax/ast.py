"""The syntax tree: what was written, with places, and no meaning yet.

Every node is frozen and carries its `span`, which takes no part in equality: two texts that differ in
layout only have equal trees. The unions at the end of each section are closed; a `match` over one of them
is total.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from mmcheck.source import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What all nodes share: their place."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ident(Node):
    """A name where it is declared or referred to as a name. Steps are `process.step`, written with a dot."""

    name: str


# --- types -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedType(Node):
    """`bool`, or the name of a sort, an enum or a struct."""

    name: str


@dataclass(frozen=True, slots=True)
class RangeType(Node):
    """`lo..hi`, both included."""

    lo: Expr
    hi: Expr


@dataclass(frozen=True, slots=True)
class OptionalType(Node):
    """`T?`"""

    base: TypeExpr


@dataclass(frozen=True, slots=True)
class SetType(Node):
    """`set T`"""

    element: TypeExpr


TypeExpr: TypeAlias = NamedType | RangeType | OptionalType | SetType


# --- expressions -----------------------------------------------------------------------------------------


class UnaryOp(Enum):
    NOT = "!"
    MINUS = "-"


class BinaryOp(Enum):
    IFF = "<=>"
    IMPLIES = "=>"
    OR = "||"
    AND = "&&"
    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    IN = "in"
    PLUS = "+"
    MINUS = "-"
    UNION = "|"
    INTERSECTION = "&"


class QuantifierKind(Enum):
    FORALL = "forall"
    EXISTS = "exists"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Binder(Node):
    """`Task t` in a quantifier, a parameter list, a `choose` or a bulk `forall`."""

    type: TypeExpr
    name: Ident


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    value: int


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class Null(Node):
    pass


@dataclass(frozen=True, slots=True)
class Primed(Node):
    """`x'`: the value after the step. The parser accepts it behind any postfix expression; only a variable
    name and a call of a `def` have a meaning there."""

    base: Expr


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`base[index]`; `a[i][j]` nests."""

    base: Expr
    index: Expr


@dataclass(frozen=True, slots=True)
class FieldAccess(Node):
    """`base.field`"""

    base: Expr
    field: Ident


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`function(args)`, a `def` applied."""

    function: Ident
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    op: UnaryOp
    arg: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    op: BinaryOp
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`(condition ? then : orelse)`"""

    condition: Expr
    then: Expr
    orelse: Expr


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """`forall Task t, Page p where e: body`; `count Task t: body` gives a number."""

    kind: QuantifierKind
    binders: tuple[Binder, ...]
    where: Expr | None
    body: Expr


@dataclass(frozen=True, slots=True)
class SetLiteral(Node):
    """`{a, b}`; `{}` is the empty set."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Cardinality(Node):
    """`count(s)`: the number of elements of a set."""

    set: Expr


@dataclass(frozen=True, slots=True)
class At(Node):
    """`remap[f] at flush`: the process instance stands before that step. `at exited` after an `exit`."""

    process: Expr
    step: Ident


@dataclass(frozen=True, slots=True)
class By(Node):
    """`by(seal_write)`, `by(remap.flush)`, `by(remap)`: which transition made the step."""

    transition: Ident


Expr: TypeAlias = (
    Name
    | Number
    | Boolean
    | Null
    | Primed
    | Index
    | FieldAccess
    | Call
    | Unary
    | Binary
    | Conditional
    | Quantified
    | SetLiteral
    | Cardinality
    | At
    | By
)


# --- statements ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnyValue(Node):
    """The right-hand side `any`."""


@dataclass(frozen=True, slots=True)
class Require(Node):
    condition: Expr


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`target = value;`. The target is parsed as an expression; elaboration says whether it is a place."""

    target: Expr
    value: Expr | AnyValue


@dataclass(frozen=True, slots=True)
class Let(Node):
    name: Ident
    value: Expr


@dataclass(frozen=True, slots=True)
class Choose(Node):
    """`choose Block b where e;` several binders are allowed: `choose Block b, Page p where e;`"""

    binders: tuple[Binder, ...]
    where: Expr | None


@dataclass(frozen=True, slots=True)
class If(Node):
    """`else if` is an `If` alone in `orelse`."""

    condition: Expr
    then: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ForAll(Node):
    """The bulk update."""

    binders: tuple[Binder, ...]
    where: Expr | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Assert(Node):
    condition: Expr


@dataclass(frozen=True, slots=True)
class Reset(Node):
    """`reset x, y;`"""

    names: tuple[Ident, ...]


@dataclass(frozen=True, slots=True)
class ResetVolatile(Node):
    """`reset volatile;`"""


@dataclass(frozen=True, slots=True)
class Goto(Node):
    step: Ident


@dataclass(frozen=True, slots=True)
class Exit(Node):
    pass


Statement: TypeAlias = (
    Require | Assign | Let | Choose | If | ForAll | Assert | Reset | ResetVolatile | Goto | Exit
)


# --- declarations ----------------------------------------------------------------------------------------


class Fairness(Enum):
    NONE = ""
    WEAK = "fair"
    STRONG = "strong fair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration(Node):
    """What all declarations share: the text of the `///` lines before them, joined by newlines."""

    doc: str = ""


@dataclass(frozen=True, slots=True)
class SpecName(Declaration):
    """`spec memfd_seal;`"""

    name: Ident


@dataclass(frozen=True, slots=True)
class Import(Declaration):
    module: Ident


@dataclass(frozen=True, slots=True)
class SortDecl(Declaration):
    name: Ident
    size: Expr


@dataclass(frozen=True, slots=True)
class EnumDecl(Declaration):
    name: Ident
    values: tuple[Ident, ...]


@dataclass(frozen=True, slots=True)
class FieldDecl(Declaration):
    """A field of a struct, or a local of a process (which may have an initial value)."""

    type: TypeExpr
    name: Ident
    init: Expr | AnyValue | None


@dataclass(frozen=True, slots=True)
class StructDecl(Declaration):
    name: Ident
    fields: tuple[FieldDecl, ...]


@dataclass(frozen=True, slots=True)
class ConstDecl(Declaration):
    type: TypeExpr
    name: Ident
    value: Expr


@dataclass(frozen=True, slots=True)
class VariableDecl(Declaration):
    """`Data data[Page] = zero;`, one of a state block."""

    type: TypeExpr
    name: Ident
    indices: tuple[TypeExpr, ...]
    init: Expr | AnyValue | None


@dataclass(frozen=True, slots=True)
class StateBlock(Declaration):
    volatile: bool
    variables: tuple[VariableDecl, ...]


@dataclass(frozen=True, slots=True)
class InitBlock(Declaration):
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class DefDecl(Declaration):
    name: Ident
    params: tuple[Binder, ...]
    body: Expr
    override: bool


@dataclass(frozen=True, slots=True)
class TransitionDecl(Declaration):
    name: Ident
    params: tuple[Binder, ...]
    body: tuple[Statement, ...]
    fairness: Fairness
    override: bool


@dataclass(frozen=True, slots=True)
class StepDecl(Declaration):
    name: Ident
    body: tuple[Statement, ...]
    fairness: Fairness


@dataclass(frozen=True, slots=True)
class ProcessDecl(Declaration):
    name: Ident
    params: tuple[Binder, ...]
    locals: tuple[FieldDecl, ...]
    steps: tuple[StepDecl, ...]
    fairness: Fairness


@dataclass(frozen=True, slots=True)
class StepOverride(Declaration):
    """`override step remap.flush { … }`"""

    name: Ident
    body: tuple[Statement, ...]
    fairness: Fairness


@dataclass(frozen=True, slots=True)
class InvariantDecl(Declaration):
    name: Ident
    params: tuple[Binder, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class StepInvariantDecl(Declaration):
    name: Ident
    params: tuple[Binder, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class ReachableDecl(Declaration):
    name: Ident
    params: tuple[Binder, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class DeadlockFreeDecl(Declaration):
    pass


class LivenessKind(Enum):
    LEADS_TO = "~>"
    EVENTUALLY = "eventually"
    ALWAYS_EVENTUALLY = "always eventually"
    EVENTUALLY_ALWAYS = "eventually always"


@dataclass(frozen=True, slots=True)
class LivenessDecl(Declaration):
    """`trigger` is the left side of `~>`, and None for the other kinds."""

    name: Ident
    params: tuple[Binder, ...]
    kind: LivenessKind
    trigger: Expr | None
    goal: Expr


@dataclass(frozen=True, slots=True)
class AssumeDecl(Declaration):
    name: Ident
    body: Expr


@dataclass(frozen=True, slots=True)
class Fire(Node):
    """A line of a scenario: `map(t);` or `remap.flush(f);`"""

    transition: Ident
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Blocked(Node):
    """`blocked seal_write();`"""

    transition: Ident
    args: tuple[Expr, ...]


ScenarioLine: TypeAlias = Fire | Blocked | Assert


@dataclass(frozen=True, slots=True)
class ScenarioDecl(Declaration):
    name: Ident
    params: tuple[Binder, ...]
    lines: tuple[ScenarioLine, ...]


@dataclass(frozen=True, slots=True)
class Setting(Node):
    """`Page = 3;` or `wait_for_pins = false;` in a check."""

    name: Ident
    value: Expr


@dataclass(frozen=True, slots=True)
class Only(Node):
    properties: tuple[Ident, ...]


class Expectation(Enum):
    HOLDS = "holds"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Expect(Node):
    """`expect violated p, q in 5 steps;`, `expect holds p;`, `expect holds;` (no properties: all others).

    A property is named by its identifier; the two built in are the identifiers `deadlock free` and
    `no model error`, with a single space each."""

    expectation: Expectation
    properties: tuple[Ident, ...]
    steps: int | None


CheckItem: TypeAlias = Setting | Only | Expect


@dataclass(frozen=True, slots=True)
class CheckDecl(Declaration):
    name: Ident
    items: tuple[CheckItem, ...]


@dataclass(frozen=True, slots=True)
class BrokenDecl(Declaration):
    """What stands where a declaration could not be parsed. `names` are all the names in its text: none of
    them is reported as unknown elsewhere, so that one syntax error is one error."""

    names: frozenset[str]


Decl: TypeAlias = (
    SpecName
    | Import
    | SortDecl
    | EnumDecl
    | StructDecl
    | ConstDecl
    | StateBlock
    | InitBlock
    | DefDecl
    | TransitionDecl
    | ProcessDecl
    | StepOverride
    | InvariantDecl
    | StepInvariantDecl
    | ReachableDecl
    | DeadlockFreeDecl
    | LivenessDecl
    | AssumeDecl
    | ScenarioDecl
    | CheckDecl
    | BrokenDecl
)


@dataclass(frozen=True, slots=True)
class Module(Node):
    """A file, in the order of its text."""

    declarations: tuple[Decl, ...]
