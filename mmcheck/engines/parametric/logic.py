"""Formulas of many-sorted first-order logic, shared: what lifted systems are made of.

A formula, and a term that names an element, is the number of a node in one table. Equal parts are one node,
and what is plainly true or false is never built. Bound variables are all different, so that nothing is ever
captured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from msgspec import Struct, field

from mmcheck.core.types import Value


class Symbol(NamedTuple):
    """A function of elements: to elements of a sort, to one of some values, or (neither of them) to the truth
    values."""

    name: str
    args: tuple[str, ...]
    sort: str | None = None
    values: tuple[Value, ...] = ()


class Var(NamedTuple):
    """A bound variable."""

    name: str
    sort: str


class App(NamedTuple):
    """The element that a function names."""

    symbol: Symbol
    args: tuple[int, ...]


class Pred(NamedTuple):
    """An atom: a predicate of elements."""

    symbol: Symbol
    args: tuple[int, ...]


class Is(NamedTuple):
    """An atom: a function has one of its values at some elements."""

    symbol: Symbol
    args: tuple[int, ...]
    value: Value


class Eq(NamedTuple):
    """An atom: two terms name one element."""

    left: int
    right: int


class Not(NamedTuple):
    arg: int


class And(NamedTuple):
    args: tuple[int, ...]


class Or(NamedTuple):
    args: tuple[int, ...]


class Bound(NamedTuple):
    """A quantifier: for all, or for some, values of the variables."""

    forall: bool
    vars: tuple[int, ...]
    body: int


Node: TypeAlias = Var | App | Pred | Is | Eq | Not | And | Or | Bound

FALSE, TRUE = 0, 1
_NONE: frozenset[int] = frozenset()


class Logic(Struct):
    """The table of nodes."""

    nodes: list[Node] = field(default_factory=lambda: [Or(()), And(())])
    free: list[frozenset[int]] = field(default_factory=lambda: [_NONE, _NONE])
    """For each node the variables that occur free in it."""
    _numbers: dict[tuple[type, Node], int] = field(default_factory=dict)
    _vars: int = 0

    def _number(self, node: Node, free: Iterable[frozenset[int]]) -> int:
        key = type(node), node
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = len(self.nodes)
            self.nodes.append(node)
            self.free.append(_NONE.union(*free))
        return known

    def var(self, sort: str) -> int:
        """A variable that is nowhere else. No name of a spec has a `!` in it."""
        self._vars += 1
        number = self._number(Var(f"{sort[0].lower()}!{self._vars}", sort), ())
        self.free[number] = frozenset((number,))
        return number

    def sort(self, term: int) -> str:
        """The sort of the element that a term names."""
        node = self.nodes[term]
        if isinstance(node, Var):
            return node.sort
        assert isinstance(node, App) and node.symbol.sort is not None
        return node.symbol.sort

    # --- atoms -------------------------------------------------------------------------------------------

    def app(self, symbol: Symbol, args: tuple[int, ...]) -> int:
        return self._number(App(symbol, args), (self.free[a] for a in args))

    def pred(self, symbol: Symbol, args: tuple[int, ...]) -> int:
        return self._number(Pred(symbol, args), (self.free[a] for a in args))

    def has(self, symbol: Symbol, args: tuple[int, ...], value: Value) -> int:
        """That a function has a value."""
        if len(symbol.values) == 1:
            return TRUE
        return self._number(Is(symbol, args, value), (self.free[a] for a in args))

    def eq(self, left: int, right: int) -> int:
        if left == right:
            return TRUE
        pair = Eq(min(left, right), max(left, right))
        return self._number(pair, (self.free[left], self.free[right]))

    # --- connectives -------------------------------------------------------------------------------------

    def neg(self, arg: int) -> int:
        if arg in (FALSE, TRUE):
            return TRUE - arg
        node = self.nodes[arg]
        return node.arg if isinstance(node, Not) else self._number(Not(arg), (self.free[arg],))

    def conj(self, *args: int) -> int:
        return self._junction(And, args)

    def disj(self, *args: int) -> int:
        return self._junction(Or, args)

    def _junction(self, kind: type[And] | type[Or], args: Iterable[int]) -> int:
        neutral, zero = (TRUE, FALSE) if kind is And else (FALSE, TRUE)
        parts: dict[int, None] = {}
        for part in self._flattened(kind, args):
            if part == zero or self.neg(part) in parts:
                return zero
            if part != neutral:
                parts[part] = None
        if self._is_decided(kind, parts):
            return zero
        if len(parts) < 2:
            return next(iter(parts), neutral)
        ordered = tuple(sorted(parts))
        return self._number(kind(ordered), (self.free[p] for p in ordered))

    def _flattened(self, kind: type[And] | type[Or], args: Iterable[int]) -> Iterator[int]:
        for arg in args:
            node = self.nodes[arg]
            if isinstance(node, And | Or) and type(node) is kind:
                yield from node.args
            else:
                yield arg

    def _is_decided(self, kind: type[And] | type[Or], parts: dict[int, None]) -> bool:
        """Whether a function would have two values at once, or has one of all that it can have."""
        values: dict[tuple[Symbol, tuple[int, ...]], int] = {}
        for part in parts:
            node = self.nodes[part]
            if isinstance(node, Is):
                place = node.symbol, node.args
                values[place] = count = values.get(place, 0) + 1
                if count == (2 if kind is And else len(node.symbol.values)):
                    return True
        return False

    def implies(self, left: int, right: int) -> int:
        return self.disj(self.neg(left), right)

    def iff(self, left: int, right: int) -> int:
        if left == right:
            return TRUE
        if left in (FALSE, TRUE) or right in (FALSE, TRUE):
            return self.ite(left, right, self.neg(right))
        return self.conj(self.implies(left, right), self.implies(right, left))

    def ite(self, test: int, then: int, orelse: int) -> int:
        if then == orelse:
            return then
        if test in (FALSE, TRUE):
            return then if test else orelse
        return self.disj(self.conj(test, then), self.conj(self.neg(test), orelse))

    def forall(self, vars: Iterable[int], body: int) -> int:
        return self._bound(True, vars, body)

    def exists(self, vars: Iterable[int], body: int) -> int:
        return self._bound(False, vars, body)

    def _bound(self, forall: bool, vars: Iterable[int], body: int) -> int:
        # Every sort has an element, so that a variable which does not occur makes no difference.
        own = tuple(v for v in dict.fromkeys(vars) if v in self.free[body])
        if not own:
            return body
        number = self._number(Bound(forall, own, body), (self.free[body],))
        self.free[number] = self.free[body] - frozenset(own)
        return number

    # --- substitution ------------------------------------------------------------------------------------

    def substitute(self, node: int, images: Mapping[int, int]) -> int:
        """The node with terms in the place of variables that are free in it."""
        return self._substitute(node, images, {}) if images else node

    def _substitute(self, number: int, images: Mapping[int, int], memo: dict[int, int]) -> int:
        if self.free[number].isdisjoint(images):
            return number
        if number not in memo:
            memo[number] = self._substituted(number, images, memo)
        return memo[number]

    def _substituted(self, number: int, images: Mapping[int, int], memo: dict[int, int]) -> int:
        def inside(numbers: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(self._substitute(n, images, memo) for n in numbers)

        match self.nodes[number]:
            case Var():
                return images[number]
            case App(symbol, args):
                return self.app(symbol, inside(args))
            case Pred(symbol, args):
                return self.pred(symbol, inside(args))
            case Is(symbol, args, value):
                return self.has(symbol, inside(args), value)
            case Eq(left, right):
                return self.eq(*inside((left, right)))
            case Not(arg):
                return self.neg(*inside((arg,)))
            case And(args):
                return self.conj(*inside(args))
            case Or(args):
                return self.disj(*inside(args))
            case Bound(forall, vars, body):
                return self._bound(forall, vars, *inside((body,)))

    def parts(self, roots: Iterable[int]) -> list[int]:
        """All nodes that occur in some, each behind those that occur in it."""
        found: dict[int, None] = {}
        pending = [(root, False) for root in roots]
        while pending:
            number, entered = pending.pop()
            if number in found:
                continue
            if entered:
                found[number] = None
            else:
                pending.append((number, True))
                pending += ((child, False) for child in reversed(self.children(number)))
        return list(found)

    def children(self, number: int) -> tuple[int, ...]:
        match self.nodes[number]:
            case Var():
                return ()
            case App(_, args) | Pred(_, args) | Is(_, args, _) | And(args) | Or(args):
                return args
            case Eq(left, right):
                return left, right
            case Not(arg):
                return (arg,)
            case Bound(_, vars, body):
                return (*vars, body)
