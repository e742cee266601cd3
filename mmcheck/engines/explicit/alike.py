"""Which steps from a state are alike: a permutation that leaves the state as it is takes one to the other.

Two tasks that did the same so far can do the same next, and it is the same step but for the name of the task:
the targets lie in one orbit, so that one of them is enough. Only permutations that exchange two elements with
neighbouring numbers are looked for. In a canonical form nearly all elements that can be exchanged are
neighbours.

References: C. N. Ip and D. L. Dill, Better verification through symmetry, FMSD 1996, for orbits of states.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from mmcheck.core.codes import encode
from mmcheck.core.dag import Dag
from mmcheck.core.ground import GroundAction
from mmcheck.core.instance import Cell, Instance
from mmcheck.core.symmetry import Permutation, permute
from mmcheck.core.types import Elem, SetType, Value
from mmcheck.engines.explicit.arrangement import sort_of

_Name: TypeAlias = tuple[str, tuple[Value, ...], tuple[Value, ...]]
"""What tells a ground action from the others: the transition, its arguments, its choices."""

_Place: TypeAlias = tuple[str, tuple[Value, ...], tuple[str, ...]]
"""What tells a cell from the others: the variable, its indices, the path to a field."""


def superfluous(
    dag: Dag, instance: Instance, sorts: Sequence[str], actions: Sequence[GroundAction]
) -> list[int]:
    """For each action the node that says in which states it is not needed, since from these an action before
    it leads to the same orbit. `sorts` are those whose elements may be permuted.

    The action before it may not be needed either, for the sake of one before that; the first of them is."""
    names = [_name(action) for action in actions]
    number = {name: i for i, name in enumerate(names)}
    whys: list[list[int]] = [[] for _ in actions]
    if len(number) < len(names):
        return [dag.false for _ in actions]
    places = {(cell.variable, cell.indices, cell.path): i for i, cell in enumerate(instance.cells)}
    for exchange in _exchanges(instance, sorts):
        fixed = _leaves_alone(dag, instance, places, exchange)
        if fixed == dag.false:
            continue
        for i, (transition, args, choices) in enumerate(names):
            image = transition, _permuted(args, exchange), _permuted(choices, exchange)
            if number.get(image, i) < i:
                whys[i].append(fixed)
    return [dag.disj(*why) for why in whys]


def _name(action: GroundAction) -> _Name:
    return action.action.transition.name, action.action.args, action.choices


def _permuted(values: tuple[Value, ...], permutation: Permutation) -> tuple[Value, ...]:
    return tuple(permute(value, permutation) for value in values)


def _exchanges(instance: Instance, sorts: Sequence[str]) -> Iterator[Permutation]:
    """The permutations that exchange two elements with neighbouring numbers."""
    for sort in sorts:
        for i in range(instance.sizes[sort] - 1):
            images = list(range(instance.sizes[sort]))
            images[i], images[i + 1] = i + 1, i
            yield {sort: tuple(images)}


def _leaves_alone(dag: Dag, instance: Instance, places: Mapping[_Place, int], exchange: Permutation) -> int:
    """Where a permutation takes a state to itself, as far as that can be said in few words."""
    same = []
    for number, cell in enumerate(instance.cells):
        target = places[cell.variable, _permuted(cell.indices, exchange), cell.path]
        mentions = sort_of(cell.type) in exchange
        if mentions and isinstance(cell.type, SetType):
            return dag.false
        # What an exchange takes there it takes back, so that one direction says both.
        if number < target or (number == target and mentions):
            moved = _moved(dag, number, cell, exchange) if mentions else dag.cell(number)
            same.append(dag.eq(moved, dag.cell(target)))
    return dag.conj(*same)


def _moved(dag: Dag, number: int, cell: Cell, exchange: Permutation) -> int:
    """The value of a cell after the exchange."""
    value = moved = dag.cell(number)
    for sort, images in exchange.items():
        for i, image in enumerate(images):
            if i != image:
                old, new = (dag.const(encode(Elem(sort, n), cell.type)) for n in (i, image))
                moved = dag.ite(dag.eq(value, old), new, moved)
    return moved
