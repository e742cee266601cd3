"""Symmetry: the elements of a sort are interchangeable, so permuting them takes runs to runs.

That holds for every system by construction: the language has no literals of a sort and no order on one.

References: C. N. Ip and D. L. Dill, Better verification through symmetry, FMSD 1996 (whose scalarsets are our
sorts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import TypeAlias, assert_never

from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.trace import FailedStep, Failure, Step, Trace
from mmcheck.core.types import Elem, Record, Sizes, Value, sort_key

Permutation: TypeAlias = Mapping[str, tuple[int, ...]]
"""For each sort, where each of its elements goes."""


def permute(value: Value, permutation: Permutation) -> Value:
    """A value with its elements permuted."""
    match value:
        case Elem(sort, ordinal):
            return Elem(sort, permutation[sort][ordinal]) if sort in permutation else value
        case Record(struct, names, values):
            return Record(struct, names, tuple(permute(v, permutation) for v in values))
        case frozenset():
            return frozenset(permute(v, permutation) for v in value)
        case None | bool() | int() | str():
            return value
        case _:
            assert_never(value)


def permute_state(instance: Instance, state: State, permutation: Permutation) -> State:
    """A state in which every element plays the part that its pre-image had."""
    places = {(c.variable, c.indices, c.path): i for i, c in enumerate(instance.cells)}
    moved: list[Value] = [None] * len(state)
    for cell, value in zip(instance.cells, state, strict=True):
        indices = tuple(permute(index, permutation) for index in cell.indices)
        moved[places[cell.variable, indices, cell.path]] = permute(value, permutation)
    return tuple(moved)


def permute_trace(instance: Instance, trace: Trace, permutation: Permutation) -> Trace:
    """The run that a run becomes."""

    def action(old: Action) -> Action:
        return Action.of(old.transition, tuple(permute(arg, permutation) for arg in old.args))

    def choices(old: tuple[tuple[str, Value], ...]) -> tuple[tuple[str, Value], ...]:
        return tuple((name, permute(value, permutation)) for name, value in old)

    def step(old: Step) -> Step:
        target = permute_state(instance, old.target, permutation)
        return Step(action(old.action), choices(old.choices), target)

    initial = permute_state(instance, trace.initial, permutation)
    steps = tuple(map(step, trace.steps))
    match trace.end:
        case FailedStep(old, picked, failure):
            return Trace(initial, steps, FailedStep(action(old), choices(picked), failure))
        case Failure() | None:
            return Trace(initial, steps, trace.end, trace.loop)
        case _:
            assert_never(trace.end)


def between(
    source: tuple[Value, ...], target: tuple[Value, ...], sizes: Sizes
) -> dict[str, tuple[int, ...]] | None:
    """A permutation that takes one tuple of values to another; None when there is none."""
    images: dict[Elem, Elem] = {}
    for a, b in zip(source, target, strict=True):
        if isinstance(a, Elem) and isinstance(b, Elem):
            if images.setdefault(a, b) != b:
                return None
        elif a != b:
            return None
    if len(set(images.values())) < len(images):
        return None
    return {sort: _completed(sort, size, images) for sort, size in sizes.items()}


def is_in_order(values: tuple[Value, ...], fixed: tuple[Value, ...] = ()) -> bool:
    """Whether elements first occur in the order of their numbers, those in `fixed` left out.

    Every tuple of values becomes one that is in order by a permutation that leaves alone what occurs in
    `fixed`: so what is true of all these, in a set of states that is closed under permutations, is true."""
    apart = set(elements_of(fixed))
    following: dict[str, int] = {}
    seen: set[Elem] = set()
    for element in elements_of(values):
        if element in apart or element in seen:
            continue
        seen.add(element)
        number = following.get(element.sort, 0)
        while Elem(element.sort, number) in apart:
            number += 1
        if element.ordinal != number:
            return False
        following[element.sort] = number + 1
    return True


def _completed(sort: str, size: int, images: Mapping[Elem, Elem]) -> tuple[int, ...]:
    taken = {image.ordinal for element, image in images.items() if element.sort == sort}
    free = (i for i in range(size) if i not in taken)
    own = {element.ordinal: image.ordinal for element, image in images.items() if element.sort == sort}
    return tuple(own[i] if i in own else next(free) for i in range(size))


def renumber(
    instance: Instance, binding: tuple[tuple[str, Value], ...], trace: Trace
) -> tuple[tuple[tuple[str, Value], ...], Trace]:
    """The same run with the elements of each sort numbered in the order in which its steps mention them."""
    steps = (*trace.steps, *((trace.end,) if isinstance(trace.end, FailedStep) else ()))
    mentioned: dict[Elem, None] = {}
    for step in steps:
        mentioned |= dict.fromkeys(elements_of((*step.action.args, *(value for _, value in step.choices))))
    mentioned |= dict.fromkeys(elements_of(tuple(value for _, value in binding)))
    numbers: dict[str, dict[Elem, int]] = {sort: {} for sort in instance.sizes}
    for element in mentioned:
        numbers[element.sort][element] = len(numbers[element.sort])
    images = {e: Elem(sort, number) for sort, order in numbers.items() for e, number in order.items()}
    permutation = {sort: _completed(sort, size, images) for sort, size in instance.sizes.items()}
    renamed = tuple((name, permute(value, permutation)) for name, value in binding)
    return renamed, permute_trace(instance, trace, permutation)


def elements_of(values: tuple[Value, ...]) -> Iterator[Elem]:
    """The elements that values mention, of sets in the order of their numbers."""
    for value in values:
        match value:
            case Elem():
                yield value
            case Record(_, _, parts):
                yield from elements_of(parts)
            case frozenset():
                yield from elements_of(tuple(sorted(value, key=sort_key)))
            case _:
                pass


def group(sizes: Sizes) -> list[dict[str, tuple[int, ...]]]:
    """Every permutation of every sort, the identity first."""
    found: list[dict[str, tuple[int, ...]]] = [{}]
    for sort, size in sizes.items():
        found = [{**g, sort: p} for g in found for p in permutations(range(size))]
    return found
