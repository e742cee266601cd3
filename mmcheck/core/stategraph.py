"""A state graph, perhaps collapsed: states that agree on some values are one class."""

from __future__ import annotations

from msgspec import Struct

from mmcheck.core.instance import Cell, Instance
from mmcheck.core.terms import Literal, Place, Read, Term
from mmcheck.core.types import Value


class StateKey(Struct, frozen=True):
    """What tells classes apart: a term with what it is called."""

    label: str
    term: Term


def cell_key(instance: Instance, cell: Cell) -> StateKey:
    """The value of a cell."""
    types = instance.system.variable(cell.variable).indices
    indices = tuple(Literal(value, type) for value, type in zip(cell.indices, types, strict=True))
    return StateKey(repr(cell), Read(Place(cell.variable, indices, cell.path, cell.type)))


class Tally(Struct, frozen=True):
    """How many states of a class, or steps of an edge, a property speaks of."""

    property: str
    count: int


class StateClass(Struct, frozen=True):
    """The states with the same `values`; None stands for one that cannot be computed in the state. `depth` is
    the least number of steps to one of them."""

    values: tuple[Value, ...]
    states: int
    depth: int
    initial: int = 0
    deadlocks: int = 0
    """How many of them no step leaves."""
    violating: tuple[Tally, ...] = ()
    """Invariants that are false there, and `no model error` where a step fails."""
    goals: tuple[Tally, ...] = ()
    """`reachable` properties that are reached there."""


class StateEdge(Struct, frozen=True):
    """All steps of one transition between two classes, by their numbers."""

    source: int
    target: int
    transition: str
    steps: int
    violating: tuple[Tally, ...] = ()
    """Step invariants that some of the steps violate."""


class StateGraph(Struct, frozen=True):
    """`keys` say what the values of a class are of. Classes are in the order of their depth."""

    name: str
    check: str
    keys: tuple[str, ...]
    classes: tuple[StateClass, ...]
    edges: tuple[StateEdge, ...]
    states: int
    steps: int
    collapsed: bool
    """Whether a class may hold several states."""
    stopped: str = ""
    """Why there may be more states; empty where all were visited."""


class TooManyClassesError(Exception):
    """A graph that nobody could look at."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} classes")
        self.most = most
