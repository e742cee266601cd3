"""Formulas of the parametric engine, evaluated in one state of one instance, naively."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product

from msgspec import Struct

from mmcheck.core.instance import Instance, State
from mmcheck.core.types import Elem, SetType, Value
from mmcheck.engines.parametric.logic import And, App, Bound, Eq, Is, Not, Or, Pred, Symbol, Var
from mmcheck.engines.parametric.values import AnyValue, Element
from mmcheck.engines.parametric.vocabulary import Content, Slot, Vocabulary

Interpretation = Mapping[tuple[Symbol, tuple[int, ...]], Value]
"""The values of symbols for the numbers of elements."""


def cell_values(vocabulary: Vocabulary, instance: Instance, state: State) -> dict[tuple[object, ...], Value]:
    return {(c.variable, c.indices, c.path): v for c, v in zip(instance.cells, state, strict=True)}


def places(
    vocabulary: Vocabulary, instance: Instance, slot: Slot
) -> Iterator[tuple[tuple[int, ...], tuple[object, ...], Value]]:
    """The elements that a slot is asked for, with the cell that is meant, and the member in it."""
    variable = instance.system.variable(slot.variable)
    free = [vocabulary.sort_of(i) is not None for i in variable.indices]
    of_set = isinstance(slot.type, SetType) and vocabulary.sort_of(slot.type.element) is not None
    for at in product(*(range(instance.sizes[sort]) for sort in slot.args)):
        rest, fixed = list(at), list(slot.fixed)
        indices = []
        for type, is_free in zip(variable.indices, free, strict=True):
            indices.append(Elem(type.name, rest.pop(0)) if is_free else fixed.pop(0))  # type: ignore[union-attr]
        member: Value = Elem(slot.args[-1], rest.pop(0)) if of_set else slot.member
        yield at, (slot.variable, tuple(indices), slot.path), member


def interpretation(
    vocabulary: Vocabulary, instance: Instance, state: State
) -> dict[tuple[str, tuple[int, ...]], Value]:
    """What the symbols of slots mean in a state, by their names."""
    cells = cell_values(vocabulary, instance, state)
    found: dict[tuple[str, tuple[int, ...]], Value] = {}
    for slot in vocabulary.slots():
        for at, cell, member in places(vocabulary, instance, slot):
            value = cells[cell]
            if isinstance(slot.type, SetType):
                assert isinstance(value, frozenset)
                value = member in value
            found[slot.name, at] = value
            found[f"{slot.name} is null", at] = value is None
    return found


class Structure(Struct):
    """A state of an instance, with the meaning of further symbols."""

    vocabulary: Vocabulary
    instance: Instance
    meaning: dict[tuple[str, tuple[int, ...]], Value]

    def ask(self, symbol: Symbol, args: tuple[int, ...]) -> Value:
        value = self.meaning[symbol.name, args]
        if symbol.sort is not None:
            return value.ordinal if isinstance(value, Elem) else 0
        return value

    def value(self, number: int, env: Mapping[int, int]) -> Value:
        """The truth of a formula, or the number of the element that a term names."""
        node = self.vocabulary.logic.nodes[number]
        match node:
            case Var():
                return env[number]
            case App(symbol, args) | Pred(symbol, args):
                return self.ask(symbol, self.all(args, env))
            case Is(symbol, args, value):
                return self.ask(symbol, self.all(args, env)) == value
            case Eq(left, right):
                return self.value(left, env) == self.value(right, env)
            case Not(arg):
                return not self.value(arg, env)
            case And(args):
                return all(self.value(arg, env) for arg in args)
            case Or(args):
                return any(self.value(arg, env) for arg in args)
            case Bound(forall, vars, body):
                logic, sizes = self.vocabulary.logic, self.instance.sizes
                each = product(*(range(sizes[logic.sort(v)]) for v in vars))
                truths = (self.value(body, {**env, **dict(zip(vars, at, strict=True))}) for at in each)
                return all(truths) if forall else any(truths)

    def all(self, numbers: tuple[int, ...], env: Mapping[int, int]) -> tuple[int, ...]:
        return tuple(int(self.value(n, env)) for n in numbers)  # type: ignore[arg-type]

    def plain(self, value: AnyValue, sort: str | None, env: Mapping[int, int]) -> Value:
        """The one thing that a value is."""
        if isinstance(value, int):
            return bool(self.value(value, env))
        assert isinstance(value, dict)
        (leaf,) = (leaf for leaf, guard in value.items() if self.value(guard, env))
        if isinstance(leaf, Element):
            assert sort is not None
            return Elem(sort, int(self.value(leaf.term, env)))  # type: ignore[arg-type]
        return leaf

    def state(self, contents: Callable[[Slot], Content]) -> State:
        """The state whose slots hold these."""
        logic = self.vocabulary.logic
        cells: dict[tuple[object, ...], Value] = {}
        for slot in self.vocabulary.slots():
            vars = tuple(map(logic.var, slot.args))
            held = contents(slot)(vars)
            for at, cell, member in places(self.vocabulary, self.instance, slot):
                env = dict(zip(vars, at, strict=True))
                value = self.plain(held, self.vocabulary.sort_of(slot.type), env)
                if isinstance(slot.type, SetType):
                    before = cells.get(cell, frozenset())
                    assert isinstance(before, frozenset)
                    value = before | {member} if value else before
                cells[cell] = value
        return tuple(cells[c.variable, c.indices, c.path] for c in self.instance.cells)


def symbols_in(vocabulary: Vocabulary, roots: list[int]) -> set[Symbol]:
    logic = vocabulary.logic
    nodes = (logic.nodes[n] for n in logic.parts(roots))
    return {node.symbol for node in nodes if isinstance(node, App | Pred | Is)}


def choices(
    symbols: set[Symbol], instance: Instance, most: int
) -> list[dict[tuple[str, tuple[int, ...]], Value]] | None:
    """Every meaning of some symbols; None where there are too many."""
    places = [
        (symbol, at)
        for symbol in sorted(symbols, key=repr)
        for at in product(*(range(instance.sizes[sort]) for sort in symbol.args))
    ]
    each: list[tuple[Value, ...]] = []
    count = 1
    for symbol, _ in places:
        if symbol.sort is not None:
            options: tuple[Value, ...] = tuple(
                Elem(symbol.sort, i) for i in range(instance.sizes[symbol.sort])
            )
        else:
            options = symbol.values or (False, True)
        each.append(options)
        count *= len(options)
    if count > most:
        return None
    keys = [(symbol.name, at) for symbol, at in places]
    return [dict(zip(keys, values, strict=True)) for values in product(*each)]
