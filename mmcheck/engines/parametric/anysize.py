"""Questions about every size at once, to z3 with quantifiers: whether some assertions exclude each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import z3
from msgspec import Struct, field

from mmcheck.core.types import Value, show_value
from mmcheck.engines.parametric.logic import (
    And,
    App,
    Bound,
    Eq,
    Is,
    Logic,
    Not,
    Or,
    Pred,
    Symbol,
    Var,
)
from mmcheck.engines.symbolic.solver import Formula

EFFORT = 1_500_000
"""How much a question may take, as z3 counts it: those that can be answered usually take a few milliseconds,
which are some ten thousand. Time would depend on what else the machine does."""
SECONDS = 20.0
"""The same as time, for what z3 does not count."""


class Translation(Struct):
    """Formulas in a context of z3."""

    logic: Logic
    context: z3.Context = field(default_factory=z3.Context)
    _known: dict[int, Formula] = field(default_factory=dict)
    _sorts: dict[str, Any] = field(default_factory=dict)
    _functions: dict[Symbol, Any] = field(default_factory=dict)
    _types: dict[tuple[Value, ...], tuple[Any, dict[Value, Any]]] = field(default_factory=dict)

    def formula(self, root: int) -> Formula:
        """A formula, or a term, as an expression of z3."""
        for number in self.logic.parts([root]):
            if number not in self._known:
                self._known[number] = self._made(number)
        return self._known[root]

    def _made(self, number: int) -> Formula:
        known = self._known
        match self.logic.nodes[number]:
            case Var(name, sort):
                return z3.Const(name, self._sort(sort))
            case App(symbol, args) | Pred(symbol, args):
                return self._function(symbol)(*(known[arg] for arg in args))
            case Is(symbol, args, value):
                applied = self._function(symbol)(*(known[arg] for arg in args))
                return applied == self._type(symbol)[1][value]
            case Eq(left, right):
                return known[left] == known[right]
            case Not(arg):
                return z3.Not(known[arg])
            case And(args):
                return z3.And([known[arg] for arg in args]) if args else z3.BoolVal(True, self.context)
            case Or(args):
                return z3.Or([known[arg] for arg in args]) if args else z3.BoolVal(False, self.context)
            case Bound(forall, vars, body):
                bind = z3.ForAll if forall else z3.Exists
                return bind([known[var] for var in vars], known[body])

    def _sort(self, name: str) -> Any:
        if name not in self._sorts:
            self._sorts[name] = z3.DeclareSort(f"sort {name}", self.context)
        return self._sorts[name]

    def _type(self, symbol: Symbol) -> tuple[Any, dict[Value, Any]]:
        known = self._types.get(symbol.values)
        if known is None:
            name = f"values {len(self._types)}"
            names = [f"{name} {show_value(value)}" for value in symbol.values]
            sort, made = z3.EnumSort(name, names, ctx=self.context)
            known = self._types[symbol.values] = sort, dict(zip(symbol.values, made, strict=True))
        return known

    def _function(self, symbol: Symbol) -> Any:
        if symbol not in self._functions:
            args = [self._sort(sort) for sort in symbol.args]
            if symbol.sort is not None:
                result = self._sort(symbol.sort)
            else:
                result = self._type(symbol)[0] if symbol.values else z3.BoolSort(self.context)
            self._functions[symbol] = z3.Function(symbol.name, *args, result)
        return self._functions[symbol]


class AnySize(Struct):
    """Questions that share an assertion, each to a solver of its own: what one has learnt does not help the
    next, and slows it down."""

    translation: Translation
    shared: int
    effort: int = EFFORT

    def excludes(self, lemmas: Iterable[int], wrong: int) -> bool:
        """Whether some lemmas exclude something wrong; false as well where the solver does not know."""
        solver = self._solver(wrong)
        solver.add(*map(self.translation.formula, lemmas))
        return bool(solver.check() == z3.unsat)

    def core(self, lemmas: Sequence[int], wrong: int) -> frozenset[int]:
        """Those of some lemmas, which exclude something wrong, that suffice: perhaps all."""
        solver = self._solver(wrong)
        names = {f"lemma {lemma}": lemma for lemma in lemmas}
        for name, lemma in names.items():
            # A quantifier behind a mark takes the solver ten times as long.
            solver.assert_and_track(self.translation.formula(lemma), name)
        if solver.check() != z3.unsat:
            return frozenset(lemmas)
        return frozenset(names[str(mark)] for mark in solver.unsat_core())

    def _solver(self, wrong: int) -> z3.Solver:
        solver = z3.SimpleSolver(ctx=self.translation.context)
        solver.set("ctrl_c", False)
        solver.set("timeout", int(1_000 * SECONDS))
        solver.set("rlimit", self.effort)
        solver.add(*map(self.translation.formula, (self.shared, wrong)))
        return solver
