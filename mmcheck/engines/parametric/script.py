"""Formulas as SMT-LIB 2, quantifiers and all: a sort of the spec is a sort, its enums are datatypes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

LONG = 60
"""An expression of more letters that stands in several places is given a name."""


class Script(Struct):
    """One script: a question with the answer that it is due."""

    logic: Logic
    title: str
    sorts: Sequence[str]
    is_possible: bool = False
    lines: list[str] = field(default_factory=list)
    _declared: set[str] = field(default_factory=set)
    _types: dict[tuple[Value, ...], str] = field(default_factory=dict)
    _texts: dict[int, str] = field(default_factory=dict)
    _uses: dict[int, int] = field(default_factory=dict)

    def text(self) -> str:
        """The whole script."""
        status = "sat" if self.is_possible else "unsat"
        head = [f"; {line}" for line in self.title.splitlines()]
        head += ["(set-logic ALL)", f"(set-info :status {status})"]
        head += [f"(declare-sort {_sort(sort)} 0)" for sort in self.sorts]
        return "\n".join([*head, *self.lines, "(check-sat)", ""])

    def claim(self, formula: int, why: str = "") -> None:
        """Assert a formula."""
        for node in self.logic.parts([formula]):
            for child in self.logic.children(node):
                self._uses[child] = self._uses.get(child, 0) + 1
        text = self._text(formula)
        self.lines += [f"; {line}" for line in why.splitlines()]
        self.lines.append(f"(assert {text})")

    def elements(self, sizes: Mapping[str, int]) -> None:
        """Say how many elements each sort has."""
        for sort, size in sizes.items():
            names = [_quoted(f"{sort}#{i}") for i in range(size)]
            self.lines += [f"(declare-const {name} {_sort(sort)})" for name in names]
            if size > 1:
                self.lines.append(f"(assert (distinct {' '.join(names)}))")
            one = " ".join(f"(= x!0 {name})" for name in names)
            self.lines.append(f"(assert (forall ((x!0 {_sort(sort)})) (or {one})))")

    def _text(self, root: int) -> str:
        for number in self.logic.parts([root]):
            if number not in self._texts:
                self._texts[number] = self._named(number, self._written(number))
        return self._texts[root]

    def _named(self, number: int, text: str) -> str:
        """A long expression that is used again, by a name: a function of the variables free in it."""
        if len(text) <= LONG or self._uses.get(number, 0) < 2:
            return text
        free = sorted(self.logic.free[number])
        params = " ".join(self._binding(var) for var in free)
        node = self.logic.nodes[number]
        result = _sort(node.symbol.sort or "") if isinstance(node, App) else "Bool"
        self.lines.append(f"(define-fun def!{number} ({params}) {result} {text})")
        return _applied(f"def!{number}", [self._texts[var] for var in free])

    def _written(self, number: int) -> str:
        node = self.logic.nodes[number]
        match node:
            case Var(name):
                return name
            case App(symbol, args) | Pred(symbol, args):
                return self._application(symbol, args)
            case Is(symbol, args, value):
                return f"(= {self._application(symbol, args)} {self._constant(symbol, value)})"
            case Eq(left, right):
                return f"(= {self._texts[left]} {self._texts[right]})"
            case Not(arg):
                return f"(not {self._texts[arg]})"
            case And(args):
                return _applied("and", [self._texts[arg] for arg in args]) if args else "true"
            case Or(args):
                return _applied("or", [self._texts[arg] for arg in args]) if args else "false"
            case Bound(forall, vars, body):
                bound = " ".join(map(self._binding, vars))
                return f"({'forall' if forall else 'exists'} ({bound}) {self._texts[body]})"

    def _binding(self, var: int) -> str:
        node = self.logic.nodes[var]
        assert isinstance(node, Var)
        return f"({node.name} {_sort(node.sort)})"

    def _application(self, symbol: Symbol, args: Sequence[int]) -> str:
        self._declare(symbol)
        return _applied(_symbol(symbol), [self._texts[arg] for arg in args])

    def _declare(self, symbol: Symbol) -> None:
        if symbol.name in self._declared:
            return
        self._declared.add(symbol.name)
        result = _sort(symbol.sort) if symbol.sort else self._type(symbol) if symbol.values else "Bool"
        args = " ".join(map(_sort, symbol.args))
        self.lines.append(f"(declare-fun {_symbol(symbol)} ({args}) {result})")

    def _type(self, symbol: Symbol) -> str:
        """The datatype of the values of a function."""
        known = self._types.get(symbol.values)
        if known is None:
            known = self._types[symbol.values] = f"V!{len(self._types) + 1}"
            each = " ".join(f"({_constructor(known, value)})" for value in symbol.values)
            self.lines.append(f"(declare-datatypes (({known} 0)) (({each})))")
        return known

    def _constant(self, symbol: Symbol, value: Value) -> str:
        return _constructor(self._type(symbol), value)


def _constructor(type: str, value: Value) -> str:
    return _quoted(f"{type} {show_value(value)}")


def _applied(function: str, args: Sequence[str]) -> str:
    return f"({function} {' '.join(args)})" if args else function


def _sort(name: str) -> str:
    return _quoted(f"sort {name}")


def _symbol(symbol: Symbol) -> str:
    """A name that means nothing to any solver: a plain word might, whatever stands around it."""
    if any(sign in symbol.name for sign in "[( "):
        return _quoted(symbol.name)
    args = "".join(f"[{sort}]" for sort in symbol.args)
    return _quoted(f"{symbol.name}{args or '()'}")


def _quoted(name: str) -> str:
    return f"|{name}|"
