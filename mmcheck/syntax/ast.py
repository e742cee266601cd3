"""The syntax tree: what was written, with places, and no meaning yet.

Every node is frozen and carries its `span`, which takes no part in equality: two texts that differ in
layout only have equal trees. The unions at the end of each section are closed; a `match` over one of them
is total.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from mmcheck.source import Placed, Span


class Node(Placed, frozen=True, kw_only=True):
    """What all nodes share: their place."""

    span: Span


class Ident(Node, frozen=True):
    """A name where it is declared or referred to as a name. Steps are `process.step`, written with a dot."""

    name: str


# --- types -----------------------------------------------------------------------------------------------


class NamedType(Node, frozen=True):
    """`bool`, or the name of a sort, an enum or a struct."""

    name: str


class RangeType(Node, frozen=True):
    """`lo..hi`, both included."""

    lo: Expr
    hi: Expr


class OptionalType(Node, frozen=True):
    """`T?`"""

    base: TypeExpr


class SetType(Node, frozen=True):
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


class Binder(Node, frozen=True):
    """`Task t` in a quantifier, a parameter list, a `choose` or a bulk `forall`."""

    type: TypeExpr
    name: Ident


class Name(Node, frozen=True):
    name: str


class Number(Node, frozen=True):
    value: int


class Boolean(Node, frozen=True):
    value: bool


class Null(Node, frozen=True):
    pass


class Primed(Node, frozen=True):
    """`x'`: the value after the step. The parser accepts it behind any postfix expression; only a variable
    name and a call of a `def` have a meaning there."""

    base: Expr


class Index(Node, frozen=True):
    """`base[index]`; `a[i][j]` nests."""

    base: Expr
    index: Expr


class FieldAccess(Node, frozen=True):
    """`base.field`"""

    base: Expr
    field: Ident


class Call(Node, frozen=True):
    """`function(args)`, a `def` applied."""

    function: Ident
    args: tuple[Expr, ...]


class Unary(Node, frozen=True):
    op: UnaryOp
    arg: Expr


class Binary(Node, frozen=True):
    op: BinaryOp
    left: Expr
    right: Expr


class Conditional(Node, frozen=True):
    """`(condition ? then : orelse)`"""

    condition: Expr
    then: Expr
    orelse: Expr


class Quantified(Node, frozen=True):
    """`forall Task t, Page p where e: body`; `count Task t: body` gives a number."""

    kind: QuantifierKind
    binders: tuple[Binder, ...]
    where: Expr | None
    body: Expr


class SetLiteral(Node, frozen=True):
    """`{a, b}`; `{}` is the empty set."""

    items: tuple[Expr, ...]


class Cardinality(Node, frozen=True):
    """`count(s)`: the number of elements of a set."""

    set: Expr


class At(Node, frozen=True):
    """`remap[f] at flush`: the process instance stands before that step. `at exited` after an `exit`."""

    process: Expr
    step: Ident


class By(Node, frozen=True):
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


class AnyValue(Node, frozen=True):
    """The right-hand side `any`."""


class Require(Node, frozen=True):
    condition: Expr


class Assign(Node, frozen=True):
    """`target = value;`. The target is parsed as an expression; elaboration says whether it is a place."""

    target: Expr
    value: Expr | AnyValue


class Let(Node, frozen=True):
    name: Ident
    value: Expr


class Choose(Node, frozen=True):
    """`choose Block b where e;` several binders are allowed: `choose Block b, Page p where e;`"""

    binders: tuple[Binder, ...]
    where: Expr | None


class If(Node, frozen=True):
    """`else if` is an `If` alone in `orelse`."""

    condition: Expr
    then: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


class ForAll(Node, frozen=True):
    """The bulk update."""

    binders: tuple[Binder, ...]
    where: Expr | None
    body: tuple[Statement, ...]


class Assert(Node, frozen=True):
    condition: Expr


class Reset(Node, frozen=True):
    """`reset x, y;`"""

    names: tuple[Ident, ...]


class ResetVolatile(Node, frozen=True):
    """`reset volatile;`"""


class Goto(Node, frozen=True):
    step: Ident


class Exit(Node, frozen=True):
    pass


Statement: TypeAlias = (
    Require | Assign | Let | Choose | If | ForAll | Assert | Reset | ResetVolatile | Goto | Exit
)


# --- declarations ----------------------------------------------------------------------------------------


class Fairness(Enum):
    NONE = ""
    WEAK = "fair"
    STRONG = "strong fair"


class Declaration(Node, frozen=True, kw_only=True):
    """What all declarations share: the text of the `///` lines before them, joined by newlines."""

    doc: str = ""


class SpecName(Declaration, frozen=True):
    """`spec memfd_seal;`"""

    name: Ident


class Import(Declaration, frozen=True):
    module: Ident


class SortDecl(Declaration, frozen=True):
    name: Ident
    size: Expr


class EnumDecl(Declaration, frozen=True):
    name: Ident
    values: tuple[Ident, ...]


class FieldDecl(Declaration, frozen=True):
    """A field of a struct, or a local of a process (which may have an initial value)."""

    type: TypeExpr
    name: Ident
    init: Expr | AnyValue | None


class StructDecl(Declaration, frozen=True):
    name: Ident
    fields: tuple[FieldDecl, ...]


class ConstDecl(Declaration, frozen=True):
    type: TypeExpr
    name: Ident
    value: Expr


class VariableDecl(Declaration, frozen=True):
    """`Data data[Page] = zero;`, one of a state block."""

    type: TypeExpr
    name: Ident
    indices: tuple[TypeExpr, ...]
    init: Expr | AnyValue | None


class StateBlock(Declaration, frozen=True):
    volatile: bool
    variables: tuple[VariableDecl, ...]


class InitBlock(Declaration, frozen=True):
    body: tuple[Statement, ...]


class DefDecl(Declaration, frozen=True):
    name: Ident
    params: tuple[Binder, ...]
    body: Expr
    override: bool


class TransitionDecl(Declaration, frozen=True):
    name: Ident
    params: tuple[Binder, ...]
    body: tuple[Statement, ...]
    fairness: Fairness
    override: bool


class StepDecl(Declaration, frozen=True):
    name: Ident
    body: tuple[Statement, ...]
    fairness: Fairness


class ProcessDecl(Declaration, frozen=True):
    name: Ident
    params: tuple[Binder, ...]
    locals: tuple[FieldDecl, ...]
    steps: tuple[StepDecl, ...]
    fairness: Fairness


class StepOverride(Declaration, frozen=True):
    """`override step remap.flush { … }`"""

    name: Ident
    body: tuple[Statement, ...]
    fairness: Fairness


class InvariantDecl(Declaration, frozen=True):
    name: Ident
    params: tuple[Binder, ...]
    body: Expr


class StepInvariantDecl(Declaration, frozen=True):
    name: Ident
    params: tuple[Binder, ...]
    body: Expr


class ReachableDecl(Declaration, frozen=True):
    name: Ident
    params: tuple[Binder, ...]
    body: Expr


class DeadlockFreeDecl(Declaration, frozen=True):
    pass


class LivenessKind(Enum):
    LEADS_TO = "~>"
    EVENTUALLY = "eventually"
    ALWAYS_EVENTUALLY = "always eventually"
    EVENTUALLY_ALWAYS = "eventually always"


class LivenessDecl(Declaration, frozen=True):
    """`trigger` is the left side of `~>`, and None for the other kinds."""

    name: Ident
    params: tuple[Binder, ...]
    kind: LivenessKind
    trigger: Expr | None
    goal: Expr


class AssumeDecl(Declaration, frozen=True):
    name: Ident
    body: Expr


class Fire(Node, frozen=True):
    """A line of a scenario: `map(t);` or `remap.flush(f);`"""

    transition: Ident
    args: tuple[Expr, ...]


class Blocked(Node, frozen=True):
    """`blocked seal_write();`"""

    transition: Ident
    args: tuple[Expr, ...]


ScenarioLine: TypeAlias = Fire | Blocked | Assert


class ScenarioDecl(Declaration, frozen=True):
    name: Ident
    params: tuple[Binder, ...]
    lines: tuple[ScenarioLine, ...]


class Setting(Node, frozen=True):
    """`Page = 3;` or `wait_for_pins = false;` in a check."""

    name: Ident
    value: Expr


class Only(Node, frozen=True):
    properties: tuple[Ident, ...]


class Expectation(Enum):
    HOLDS = "holds"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


class Expect(Node, frozen=True):
    """`expect violated p, q in 5 steps;`, `expect holds p;`, `expect holds;` (no properties: all others).

    A property is named by its identifier; the two built in are the identifiers `deadlock free` and
    `no model error`, with a single space each."""

    expectation: Expectation
    properties: tuple[Ident, ...]
    steps: int | None


CheckItem: TypeAlias = Setting | Only | Expect


class CheckDecl(Declaration, frozen=True):
    name: Ident
    items: tuple[CheckItem, ...]


class BrokenDecl(Declaration, frozen=True):
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


class Module(Node, frozen=True):
    """A file, in the order of its text."""

    declarations: tuple[Decl, ...]
