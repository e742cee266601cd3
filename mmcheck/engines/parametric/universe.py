"""Small universes: formulas as clauses over all structures up to some sizes at once.

Each sort has as many elements as allowed, of which those exist that a literal says do; quantifiers speak of
these, and functions lead to these. So one question is about every choice of sizes, and with the literals the
sizes of an answer are made small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations, pairwise, product

from msgspec import Struct, field

from mmcheck.core.types import Value
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
from mmcheck.engines.symbolic.ic3.minisat import MiniSat
from mmcheck.engines.symbolic.ic3.sat import Sat

Place = tuple[Symbol, tuple[int, ...]]


class Structure(Struct, frozen=True):
    """A finite structure: how many elements each sort has, and what the symbols that matter mean."""

    sizes: Mapping[str, int]
    meaning: Mapping[tuple[str, tuple[int, ...]], Value]
    """By the name of the symbol and the numbers of elements; of a sort, the number of an element."""


class Universe(Struct, dict=True):
    """Structures with no more elements of each sort than `most`."""

    logic: Logic
    most: Mapping[str, int]
    look: Callable[[], None]
    _truths: dict[Place, int] = field(default_factory=dict)
    _values: dict[Place, dict[Value, int]] = field(default_factory=dict)
    _elements: dict[Place, list[int]] = field(default_factory=dict)
    _known: dict[tuple[int, tuple[int, ...]], int] = field(default_factory=dict)
    _gates: dict[tuple[int, ...], int] = field(default_factory=dict)
    _order: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sat: Sat = MiniSat(self.look)
        self.true = self.sat.new()
        self.sat.add((self.true,))
        self.exists: dict[str, list[int]] = {}
        for sort, count in self.most.items():
            own = self.exists[sort] = [self.true, *(self.sat.new() for _ in range(count - 1))]
            for one, other in pairwise(own):
                self.sat.add((-other, one))

    # --- questions ---------------------------------------------------------------------------------------

    def literal(self, formula: int) -> int:
        """A literal that is true where a closed formula is."""
        return self._truth(formula, {})

    def any_of(self, literals: Iterable[int]) -> int:
        return -self._all(-literal for literal in literals)

    def is_possible(self, literals: Sequence[int]) -> bool:
        return self.sat.solve(literals)

    def core(self, given: Sequence[int], literals: Sequence[int]) -> list[int] | None:
        """Some of the literals that make impossible what is given; None where all of them do not."""
        if self.is_possible([*given, *literals]):
            return None
        core = self.sat.core()
        return [literal for literal in literals if literal in core]

    def thinned(self, given: Sequence[int], core: list[int]) -> list[int]:
        """A core of which nothing can be left out; what is first goes first, where there is a choice."""
        step = max(len(core) // 2, 1)
        while step:
            start = 0
            while start < len(core):
                fewer = self.core(given, core[:start] + core[start + step :])
                if fewer is None:
                    start += step
                else:
                    start = len(set(core[:start]).intersection(fewer))
                    core = fewer
            step //= 2
        return core

    def holds(self, literals: Sequence[int]) -> list[bool]:
        """Which of some literals are true in the structure that was found."""
        values = self.sat.values([abs(literal) for literal in literals])
        return [value == (literal > 0) for value, literal in zip(values, literals, strict=True)]

    def smallest(self, literals: Sequence[int]) -> Structure | None:
        """A structure in which some literals are true, no sort of which can be made smaller alone."""
        if not self.is_possible(literals):
            return None
        found, bounds = self.structure(), list(literals)
        for sort in self.most:
            for size in range(1, found.sizes[sort]):
                bound = -self.exists[sort][size]
                if self.is_possible([*bounds, bound]):
                    bounds.append(bound)
                    found = self.structure()
                    break
        return found

    def structure(self) -> Structure:
        """The structure that makes the last question possible."""
        sizes = {sort: sum(self.holds(own)) for sort, own in self.exists.items()}
        meaning: dict[tuple[str, tuple[int, ...]], Value] = {}

        def exists(symbol: Symbol, at: tuple[int, ...]) -> bool:
            return all(i < sizes[sort] for sort, i in zip(symbol.args, at, strict=True))

        truths = [(place, literal) for place, literal in self._truths.items() if exists(*place)]
        values = self.holds([literal for _, literal in truths])
        meaning.update(((p[0].name, p[1]), v) for (p, _), v in zip(truths, values, strict=True))
        for place, cases in self._values.items():
            if exists(*place):
                chosen = self.holds(list(cases.values()))
                meaning[place[0].name, place[1]] = next(v for v, c in zip(cases, chosen, strict=True) if c)
        for place, own in self._elements.items():
            if exists(*place):
                meaning[place[0].name, place[1]] = self.holds(own).index(True)
        return Structure(sizes, meaning)

    # --- gates -------------------------------------------------------------------------------------------

    def _all(self, literals: Iterable[int]) -> int:
        """A literal that is true where all of some are; those behind one that decides are not asked for."""
        different: set[int] = set()
        for literal in literals:
            if literal == -self.true or -literal in different:
                return -self.true
            if literal != self.true:
                different.add(literal)
        if not different:
            return self.true
        if len(different) == 1:
            return different.pop()
        parts = sorted(different)
        key = tuple(parts)
        known = self._gates.get(key)
        if known is None:
            known = self._gates[key] = self.sat.new()
            for part in parts:
                self.sat.add((-known, part))
            self.sat.add((known, *(-part for part in parts)))
        return known

    # --- formulas ----------------------------------------------------------------------------------------

    def _truth(self, number: int, env: Mapping[int, int]) -> int:
        order = self._order.get(number)
        if order is None:
            order = self._order[number] = tuple(sorted(self.logic.free[number]))
        key = number, tuple(env[v] for v in order)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._made(number, env)
        return known

    def _made(self, number: int, env: Mapping[int, int]) -> int:
        match self.logic.nodes[number]:
            case Pred(symbol, args):
                return self._where(args, env, lambda at: self._atom(symbol, at))
            case Is(symbol, args, value):
                return self._where(args, env, lambda at: self._cases(symbol, at)[value])
            case Eq(left, right):
                others = dict(self._element(right, env))
                pairs = ((guard, others.get(i)) for i, guard in self._element(left, env))
                return self.any_of(self._all((g, other)) for g, other in pairs if other is not None)
            case Not(arg):
                return -self._truth(arg, env)
            case And(args):
                return self._all(self._truth(arg, env) for arg in args)
            case Or(args):
                return self.any_of(self._truth(arg, env) for arg in args)
            case Bound(forall, vars, body):
                return self._quantified(forall, vars, body, env)
            case Var() | App():
                raise TypeError("a term is no formula")

    def _quantified(self, forall: bool, vars: tuple[int, ...], body: int, env: Mapping[int, int]) -> int:
        sorts = [self.logic.sort(var) for var in vars]
        found = []
        for at in product(*(range(self.most[sort]) for sort in sorts)):
            there = [self.exists[sort][i] for sort, i in zip(sorts, at, strict=True)]
            inside = self._truth(body, {**env, **dict(zip(vars, at, strict=True))})
            found.append(self._all((*there, -inside if forall else inside)))
        some = self.any_of(found)
        return -some if forall else some

    def _where(
        self, args: tuple[int, ...], env: Mapping[int, int], atom: Callable[[tuple[int, ...]], int]
    ) -> int:
        """An atom of elements that terms name."""
        found = []
        for chosen in product(*(self._element(arg, env) for arg in args)):
            named = [guard for _, guard in chosen]
            found.append(self._all((*named, atom(tuple(i for i, _ in chosen)))))
        return self.any_of(found)

    def _element(self, term: int, env: Mapping[int, int]) -> list[tuple[int, int]]:
        """The elements that a term may name, each with a literal for that it does."""
        node = self.logic.nodes[term]
        if isinstance(node, Var):
            return [(env[term], self.true)]
        assert isinstance(node, App)
        found: dict[int, list[int]] = {}
        for chosen in product(*(self._element(arg, env) for arg in node.args)):
            named = [guard for _, guard in chosen]
            for i, literal in enumerate(self._images(node.symbol, tuple(i for i, _ in chosen))):
                found.setdefault(i, []).append(self._all((*named, literal)))
        return [(i, self.any_of(guards)) for i, guards in found.items()]

    # --- symbols -----------------------------------------------------------------------------------------

    def _atom(self, symbol: Symbol, at: tuple[int, ...]) -> int:
        known = self._truths.get((symbol, at))
        if known is None:
            known = self._truths[symbol, at] = self.sat.new()
        return known

    def _cases(self, symbol: Symbol, at: tuple[int, ...]) -> dict[Value, int]:
        known = self._values.get((symbol, at))
        if known is None:
            known = self._values[symbol, at] = {value: self.sat.new() for value in symbol.values}
            self._one_of(list(known.values()))
        return known

    def _images(self, symbol: Symbol, at: tuple[int, ...]) -> list[int]:
        """For each element a literal for that a function leads to it, from elements that exist."""
        known = self._elements.get((symbol, at))
        if known is None:
            assert symbol.sort is not None
            known = [self.sat.new() for _ in range(self.most[symbol.sort])]
            self._elements[symbol, at] = known
            self._one_of(known)
            there = [self.exists[sort][i] for sort, i in zip(symbol.args, at, strict=True)]
            for literal, exists in zip(known, self.exists[symbol.sort], strict=True):
                self.sat.add((*(-t for t in there), -literal, exists))
        return known

    def _one_of(self, literals: Sequence[int]) -> None:
        self.sat.add(tuple(literals))
        for one, other in combinations(literals, 2):
            self.sat.add((-one, -other))
