"""A system: typed and closed, the constants of a check filled in, still parametric in its sort sizes.

It keeps its quantifiers (transition parameters, bulk updates, `forall`), so that an engine may reason about
every size. `core.semantics` says what it means.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias, assert_never

from msgspec import Struct

from mmcheck.core.terms import Local, Place, Term, show_term
from mmcheck.core.types import EnumType, RangeType, SortType, Type
from mmcheck.source import Placed

# --- statements ------------------------------------------------------------------------------------------


class StatementBase(Placed, frozen=True):
    def __repr__(self) -> str:
        return show_statement(self)  # type: ignore[arg-type]  # every subclass below is in Statement


class Require(StatementBase, frozen=True):
    condition: Term


class Assert(StatementBase, frozen=True):
    """A model error ("failed assert") when the condition is false."""

    condition: Term


class Assign(StatementBase, frozen=True):
    """The value has the place's type (a `Coerce` stands around one that might not)."""

    place: Place
    value: Term


class Havoc(StatementBase, frozen=True):
    """`= any`: every value of the place's type is a successor."""

    place: Place


class Let(StatementBase, frozen=True):
    local: Local
    value: Term


class Choose(StatementBase, frozen=True):
    """Every binding that satisfies `where` is a way to go on; without one the transition is not enabled."""

    binders: tuple[Local, ...]
    where: Term | None


class If(StatementBase, frozen=True):
    condition: Term
    then: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


class ForAll(StatementBase, frozen=True):
    """The body for all bindings at once: every read in it sees the state before the statement, and the
    bindings write cells of their own. No `Stop` inside."""

    binders: tuple[Local, ...]
    where: Term | None
    body: tuple[Statement, ...]


class Stop(StatementBase, frozen=True):
    """The end of the body, reached early (behind `goto` and `exit`)."""


Statement: TypeAlias = Require | Assert | Assign | Havoc | Let | Choose | If | ForAll | Stop
Body: TypeAlias = tuple[Statement, ...]

# --- variables and transitions ---------------------------------------------------------------------------

IndexType: TypeAlias = SortType | EnumType | RangeType


class Sort(Placed, frozen=True):
    name: str
    doc: str = ""


PROGRAM_COUNTER = "at"
"""The field of a process variable that holds the next step; a reserved word, so no local is called so."""

EXITED = "exited"
"""Where a process instance stands after `exit`."""


class Variable(Placed, frozen=True):
    """A state variable, or the state of a process: a struct of its program counter `at` and its locals,
    indexed by the parameters of the process."""

    name: str
    indices: tuple[IndexType, ...]
    type: Type
    volatile: bool = False
    process: bool = False
    doc: str = ""


class Fairness(Enum):
    NONE = "unfair"
    WEAK = "weak"
    STRONG = "strong"


class Transition(Placed, frozen=True):
    """A named atomic action, or a step of a process (then called `process.step`, its parameters those of
    the process, its body beginning with the requirement that the instance stands there)."""

    name: str
    params: tuple[Local, ...]
    body: Body
    fairness: Fairness = Fairness.NONE
    process: str | None = None
    of_process: bool = False
    """The fairness was written before the process: all its steps that say nothing of their own share it."""
    impossible: bool = False
    """The constants of the check alone forbid it (`require policy == bounce` under another policy)."""
    doc: str = ""


# --- properties ------------------------------------------------------------------------------------------


class PropertyBase(Placed, frozen=True, kw_only=True):
    doc: str = ""


class Invariant(PropertyBase, frozen=True):
    name: str
    params: tuple[Local, ...]
    body: Term


class StepInvariant(PropertyBase, frozen=True):
    name: str
    params: tuple[Local, ...]
    body: Term


class Reachable(PropertyBase, frozen=True):
    name: str
    params: tuple[Local, ...]
    body: Term


class DeadlockFree(PropertyBase, frozen=True):
    name: str = "deadlock free"


class NoModelError(PropertyBase, frozen=True):
    """Always among the properties of a system, and the first of them."""

    name: str = "no model error"


class LivenessKind(Enum):
    LEADS_TO = "leads to"
    EVENTUALLY = "eventually"
    ALWAYS_EVENTUALLY = "always eventually"
    EVENTUALLY_ALWAYS = "eventually always"


class Liveness(PropertyBase, frozen=True):
    """`trigger` is the left side of `~>`, and None for the other kinds."""

    name: str
    params: tuple[Local, ...]
    kind: LivenessKind
    trigger: Term | None
    goal: Term


class Fire(Placed, frozen=True):
    """A line of a scenario: the transition is taken with these arguments, terms over the parameters."""

    transition: str
    args: tuple[Term, ...]


class Blocked(Placed, frozen=True):
    """A line of a scenario: the transition is not enabled with these arguments."""

    transition: str
    args: tuple[Term, ...]


ScenarioLine: TypeAlias = Fire | Blocked | Assert


class Scenario(PropertyBase, frozen=True):
    """An example that must work for some distinct values of its parameters, on some way through."""

    name: str
    params: tuple[Local, ...]
    lines: tuple[ScenarioLine, ...]


Property: TypeAlias = (
    Invariant | StepInvariant | Reachable | DeadlockFree | NoModelError | Liveness | Scenario
)


class Assumption(Placed, frozen=True):
    name: str
    body: Term
    doc: str = ""


class System(Struct, frozen=True):
    """Everything that a check needs but the sort sizes.

    `init` computes the initial states from a state of which nothing is known: the initialisers in the order
    of declaration, then the `init` blocks. It holds no reads of a variable before its initialiser."""

    name: str
    sorts: tuple[Sort, ...]
    variables: tuple[Variable, ...]
    init: Body
    transitions: tuple[Transition, ...]
    properties: tuple[Property, ...]
    assumptions: tuple[Assumption, ...]
    doc: str = ""

    def variable(self, name: str) -> Variable:
        return next(v for v in self.variables if v.name == name)

    def transition(self, name: str) -> Transition:
        return next(t for t in self.transitions if t.name == name)


def show_statement(statement: Statement) -> str:
    """A statement in the golden form."""
    match statement:
        case Require(condition):
            return f"(require {condition!r})"
        case Assert(condition):
            return f"(assert {condition!r})"
        case Assign(place, value):
            return f"(set {show_term(place)} {value!r})"
        case Havoc(place):
            return f"(havoc {show_term(place)})"
        case Let(local, value):
            return f"(let {local.name} {value!r})"
        case Choose(binders, where):
            return f"(choose ({_binders(binders)}){_where(where)})"
        case If(condition, then, orelse):
            return f"(if {condition!r} {_body(then)} {_body(orelse)})"
        case ForAll(binders, where, body):
            return f"(forall ({_binders(binders)}){_where(where)} {_body(body)})"
        case Stop():
            return "(stop)"
        case _:
            assert_never(statement)


def _binders(binders: tuple[Local, ...]) -> str:
    return " ".join(f"({b.name} {b.type!r})" for b in binders)


def _where(where: Term | None) -> str:
    return "" if where is None else f" :where {where!r}"


def _body(body: Body) -> str:
    return f"[{' '.join(map(show_statement, body))}]"
