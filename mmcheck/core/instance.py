"""An instance: a system at one size, laid out as a finite row of cells, with its finite set of actions.

A *cell* holds one scalar: an element of an array, a field of a struct, a whole set. A state is the tuple of
the values of all cells, in the order of `Instance.cells`. An *action* is a transition with arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import product
from typing import TypeAlias

from msgspec import Struct

from mmcheck.core.system import PROGRAM_COUNTER, Property, System, Transition, Variable
from mmcheck.core.terms import Local
from mmcheck.core.types import Record, Scalar, Sizes, StructType, Type, Value, domain, show_value

State: TypeAlias = tuple[Value, ...]
"""The values of all cells of an instance, in the order of its `cells`."""


class Cell(Struct, frozen=True):
    """One scalar of the state."""

    variable: str
    indices: tuple[Value, ...]
    path: tuple[str, ...]
    type: Scalar

    def __repr__(self) -> str:
        """As the language writes it: `pinned[Task#0][Page#1]`, `inode[File#0].dirty`, `remap[File#0] at`."""
        indices = "".join(f"[{show_value(i)}]" for i in self.indices)
        if self.path == (PROGRAM_COUNTER,):
            return f"{self.variable}{indices} {PROGRAM_COUNTER}"
        return self.variable + indices + "".join(f".{name}" for name in self.path)


class Action(Struct, frozen=True):
    """A transition with arguments: what can be taken as a step."""

    transition: Transition
    args: tuple[Value, ...]
    bindings: Mapping[str, Value]
    """The parameters of the transition with the arguments."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Action):
            return NotImplemented
        return (self.transition, self.args) == (other.transition, other.args)

    def __hash__(self) -> int:
        return hash((self.transition.name, self.args))

    def __repr__(self) -> str:
        return f"{self.transition.name}({', '.join(map(show_value, self.args))})"

    @classmethod
    def of(cls, transition: Transition, args: tuple[Value, ...]) -> Action:
        return cls(transition, args, bindings(transition.params, args))


class Instance(Struct, frozen=True, dict=True):
    """A system with sizes for its sorts."""

    system: System
    sizes: Sizes

    def __hash__(self) -> int:
        return hash(self.system)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell, in the order of declaration, indices varying fastest at the right."""
        return tuple(cell for variable in self.system.variables for cell in self._cells_of(variable))

    def slices(self, variable: str, path: tuple[str, ...]) -> dict[tuple[Value, ...], slice]:
        """For each choice of indices, where in a state the value of `variable[indices].path` lies. The cells
        of a struct are adjacent, so a slice is enough."""
        known = self._slices.get((variable, path))
        if known is None:
            known = self._slices[variable, path] = self._find_slices(variable, path)
        return known

    @cached_property
    def _slices(self) -> dict[tuple[str, tuple[str, ...]], dict[tuple[Value, ...], slice]]:
        return {}

    def _find_slices(self, variable: str, path: tuple[str, ...]) -> dict[tuple[Value, ...], slice]:
        found: dict[tuple[Value, ...], slice] = {}
        for i, cell in enumerate(self.cells):
            if cell.variable == variable and cell.path[: len(path)] == path:
                start = int(found[cell.indices].start) if cell.indices in found else i
                found[cell.indices] = slice(start, i + 1)
        return found

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """Every transition with every choice of arguments, in the order of declaration."""
        return tuple(
            Action.of(transition, args)
            for transition in self.system.transitions
            for args in self.values(transition.params)
        )

    def values(self, binders: tuple[Local, ...]) -> Iterator[tuple[Value, ...]]:
        """Every choice of values for the binders, the last varying fastest."""
        return product(*(tuple(domain(binder.type, self.sizes)) for binder in binders))

    def claims(self, property: Property) -> Iterator[dict[str, Value]]:
        """The bindings of the property's parameters, one for each of its instances."""
        params: tuple[Local, ...] = getattr(property, "params", ())
        return (bindings(params, values) for values in self.values(params))

    def show(self, state: State) -> str:
        """A state in the golden form: `mapped[Task#0]=true sealed=false`."""
        return " ".join(f"{c!r}={show_value(v)}" for c, v in zip(self.cells, state, strict=True))

    def _cells_of(self, variable: Variable) -> Iterator[Cell]:
        for indices in product(*(tuple(domain(type, self.sizes)) for type in variable.indices)):
            for path, type in _leaves(variable.type):
                yield Cell(variable.name, indices, path, type)


def bindings(binders: tuple[Local, ...], values: tuple[Value, ...]) -> dict[str, Value]:
    """The names of the binders with their values."""
    return {binder.name: value for binder, value in zip(binders, values, strict=True)}


def flatten(value: Value) -> tuple[Value, ...]:
    """The scalars inside a value, in the order of cells."""
    if not isinstance(value, Record):
        return (value,)
    return tuple(scalar for part in value.values for scalar in flatten(part))


def assemble(type: Type, scalars: Iterator[Value]) -> Value:
    """The value of the type made of the next scalars: the inverse of `flatten`."""
    if not isinstance(type, StructType):
        return next(scalars)
    names = tuple(field.name for field in type.fields)
    return Record(type.name, names, tuple(assemble(field.type, scalars) for field in type.fields))


def leaves(type: Type) -> tuple[Scalar, ...]:
    """The scalar types inside a type, in the order of cells."""
    return tuple(leaf for _, leaf in _leaves(type))


def _leaves(type: Type) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    """The scalars inside a type, each with its path of fields."""
    if not isinstance(type, StructType):
        yield (), type
        return
    for inner in type.fields:
        for path, leaf in _leaves(inner.type):
            yield (inner.name, *path), leaf
