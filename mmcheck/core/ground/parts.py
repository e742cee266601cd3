"""What grounding comes to: actions, initial states and predicates as nodes of a graph."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from mmcheck.core.coverage import Branch
from mmcheck.core.instance import Action
from mmcheck.core.types import Value


class GroundBranch(Struct, frozen=True):
    """Where an action takes a branch: where `taken` is true, of the states where it is enabled; and where
    `failed` is true, on the way into a model error."""

    branch: Branch
    taken: int
    failed: int


class GroundAction(Struct, frozen=True):
    """An action with its choices made.

    It is enabled where `guard` is true, and fails, leading nowhere, where `fails` is. `updates` gives the new
    value of each cell that it may change; every other keeps its own."""

    action: Action
    guard: int
    fails: int
    updates: Mapping[int, int]
    branches: tuple[GroundBranch, ...] = ()
    choices: tuple[Value, ...] = ()
    """The values that were chosen. With the arguments, all that tells elements of a sort apart."""


class Beginning(Struct, frozen=True):
    """How the initial states come about, without naming each: `values` are the nodes of all cells, over
    inputs, which are cells of their own and take any value within their bounds.

    An initial state is one where `guard` is true of the inputs; where `fails` is, there was a model error."""

    guard: int
    fails: int
    values: tuple[int, ...]


class Predicate(Struct, frozen=True):
    """Where a predicate is true, and where it runs into a model error."""

    holds: int
    fails: int
