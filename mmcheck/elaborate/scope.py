"""Names: what each global name of a program stands for, and the names bound around an expression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeAlias

from msgspec import Struct, field

from mmcheck.core.terms import Local
from mmcheck.diagnostics import Collector, Note
from mmcheck.elaborate.modules import Program
from mmcheck.source import Span
from mmcheck.syntax import ast


class EnumValue(Struct, frozen=True):
    """A constant of an enum."""

    enum: ast.EnumDecl
    name: ast.Ident


Symbol: TypeAlias = (
    ast.SortDecl
    | ast.EnumDecl
    | EnumValue
    | ast.StructDecl
    | ast.ConstDecl
    | ast.VariableDecl
    | ast.DefDecl
    | ast.TransitionDecl
    | ast.ProcessDecl
)

PropertyDecl: TypeAlias = (
    ast.InvariantDecl
    | ast.StepInvariantDecl
    | ast.ReachableDecl
    | ast.LivenessDecl
    | ast.ScenarioDecl
    | ast.AssumeDecl
)


def kind(symbol: Symbol) -> str:
    """What a symbol is, for messages, with its article."""
    match symbol:
        case ast.SortDecl():
            return "a sort"
        case ast.EnumDecl():
            return "an enum"
        case EnumValue():
            return "a constant of an enum"
        case ast.StructDecl():
            return "a struct"
        case ast.ConstDecl():
            return "a constant"
        case ast.VariableDecl():
            return "a state variable"
        case ast.DefDecl():
            return "a def"
        case ast.TransitionDecl():
            return "a transition"
        case ast.ProcessDecl():
            return "a process"


class Symbols(Struct, frozen=True):
    """The global names of a program: things in one name space, properties in another, checks in a third.

    `broken` are names that stand in text with syntax errors: nothing is said about them."""

    globals: Mapping[str, Symbol]
    properties: Mapping[str, PropertyDecl]
    checks: Mapping[str, ast.CheckDecl]
    volatile: frozenset[str]
    broken: frozenset[str]

    def transitions(self) -> list[str]:
        """The names of all transitions and steps."""
        names: list[str] = []
        for symbol in self.globals.values():
            match symbol:
                case ast.TransitionDecl(name):
                    names.append(name.name)
                case ast.ProcessDecl(name, _, _, steps):
                    names += [f"{name.name}.{step.name.name}" for step in steps]
                case _:
                    pass
        return names


class _Declarer(Struct):
    collector: Collector
    globals: dict[str, Symbol] = field(default_factory=dict)
    properties: dict[str, PropertyDecl] = field(default_factory=dict)
    checks: dict[str, ast.CheckDecl] = field(default_factory=dict)
    volatile: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    places: dict[tuple[str, str], Span] = field(default_factory=dict)

    def declare(self, declaration: ast.Decl) -> None:
        match declaration:
            case ast.EnumDecl(name, values):
                self._global(name, declaration)
                for value in values:
                    self._global(value, EnumValue(declaration, value))
            case ast.StateBlock(volatile, variables):
                for variable in variables:
                    self._global(variable.name, variable)
                    if volatile:
                        self.volatile.add(variable.name.name)
            case (
                ast.SortDecl(name)
                | ast.StructDecl(name)
                | ast.ConstDecl(_, name)
                | ast.DefDecl(name)
                | ast.TransitionDecl(name)
                | ast.ProcessDecl(name)
            ):
                self._global(name, declaration)
            case (
                ast.InvariantDecl(name)
                | ast.StepInvariantDecl(name)
                | ast.ReachableDecl(name)
                | ast.LivenessDecl(name)
                | ast.ScenarioDecl(name)
                | ast.AssumeDecl(name)
            ):
                if self._is_new("property", name):
                    self.properties[name.name] = declaration
            case ast.CheckDecl(name):
                if self._is_new("check", name):
                    self.checks[name.name] = declaration
            case ast.BrokenDecl(names):
                self.broken |= names
            case (
                ast.SpecName() | ast.Import() | ast.InitBlock() | ast.DeadlockFreeDecl() | ast.StepOverride()
            ):
                pass

    def _global(self, name: ast.Ident, symbol: Symbol) -> None:
        if self._is_new("name", name):
            self.globals[name.name] = symbol

    def _is_new(self, space: str, name: ast.Ident) -> bool:
        first = self.places.setdefault((space, name.name), name.span)
        if first is name.span:
            return True
        self.collector.add(
            "E201",
            f"`{name.name}` is declared twice",
            name.span,
            "rename one of the two, or leave one out",
            (Note("first declared here", first),),
        )
        return False


def declare(program: Program, collector: Collector) -> Symbols:
    """Collect the global names of a program; those declared twice are reported, and the first one counts."""
    declarer = _Declarer(collector)
    for declaration in program.declarations:
        declarer.declare(declaration)
    return Symbols(
        declarer.globals,
        declarer.properties,
        declarer.checks,
        frozenset(declarer.volatile),
        frozenset(declarer.broken),
    )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    known = list(known)
    folded = {k.lower().replace("_", ""): k for k in known}
    if (same := folded.get(name.lower().replace("_", ""))) is not None:
        return same
    matches = get_close_matches(name, known, n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """A remedy for an unknown name."""
    near = nearest(name, known)
    return f"did you mean `{near}`?" if near else otherwise


class Scope(Struct):
    """The names bound around an expression, innermost last, and the supply of unique ones.

    A name of the source may be bound several times; every binding gets a name of its own in the core, the
    later ones with `$2`, `$3` behind."""

    blocks: list[dict[str, Local]] = field(default_factory=lambda: [{}])
    used: dict[str, int] = field(default_factory=dict)

    def push(self) -> None:
        self.blocks.append({})

    def pop(self) -> None:
        self.blocks.pop()

    def find(self, name: str) -> Local | None:
        """What the name is bound to, if it is."""
        return next((block[name] for block in reversed(self.blocks) if name in block), None)

    def in_this_block(self, name: str) -> bool:
        return name in self.blocks[-1]

    def bind(self, name: str, local: Local) -> None:
        self.blocks[-1][name] = local

    def unique(self, name: str) -> str:
        """A name that no other binding has."""
        count = self.used[name] = self.used.get(name, 0) + 1
        return name if count == 1 else f"{name}${count}"

    def names(self) -> list[str]:
        return [name for block in self.blocks for name in block]


def shown(name: str) -> str:
    """A unique name as the source wrote it."""
    return name.partition("$")[0]
