"""Symmetry breaking for runs: of those that differ by a permutation of elements, one is enough.

A run mentions elements in the arguments of its steps. Whatever the order in which it first mentions those of
a sort, some permutation makes it the order of their numbers, and takes the run to another of the same length,
which shows what the first one showed as long as that names no element. So it may be demanded that an element
is only used where the one before it is, or was.

References: J. Crawford et al., Symmetry-breaking predicates for search problems, KR 1996, for the idea;
arguments in sets take no part here, since they have no order of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import z3
from msgspec import Struct, field

from mmcheck.core.instance import Action
from mmcheck.core.types import Elem, Record, Value
from mmcheck.engines.symbolic.grounded import Goal
from mmcheck.engines.symbolic.solver import Formula
from mmcheck.engines.symbolic.unroll import Unrolling


class FirstUse(Struct, dict=True):
    """The demand, for one row of frames. It holds under `assuming`, so that what names elements can be asked
    about without it."""

    frames: Unrolling
    _used: dict[Elem, Formula] = field(default_factory=dict)
    """For each element a literal that implies that it was used before the last frame."""

    def __post_init__(self) -> None:
        self._demanded = z3.Bool("first_use", self.frames.solver.context)
        actions = [action.action for action in self.frames.grounded.actions]
        self._orders = [mentioned(action) for action in actions]

    def assuming(self, goal: Goal | None = None) -> list[Formula]:
        """What to assume where a question is about a goal, or about runs alone."""
        return [] if goal is not None and any(_elements(v) for _, v in goal.binding) else [self._demanded]

    def extend(self) -> None:
        """Demand it of the step that was added last."""
        frame = self.frames.steps - 1
        selectors = self.frames.selectors(frame)
        for selector, order in zip(selectors, self._orders, strict=True):
            for position, element in enumerate(order):
                before = _before(element)
                if before is not None and before not in order[:position]:
                    self._demand(selector, before)
        for element in dict.fromkeys(e for order in self._orders for e in order):
            now = [s for s, order in zip(selectors, self._orders, strict=True) if element in order]
            self._use(element, now, frame)

    def _demand(self, selector: Formula, before: Elem) -> None:
        used = [self._used[before]] if before in self._used else []
        self.frames.solver.add(z3.Or(z3.Not(self._demanded), z3.Not(selector), *used))

    def _use(self, element: Elem, now: list[Formula], frame: int) -> None:
        """A literal for that an element was used up to a step."""
        earlier = [self._used[element]] if element in self._used else []
        used = z3.Bool(f"used {element}@{frame}", self.frames.solver.context)
        self.frames.solver.add(z3.Or(z3.Not(used), *earlier, *now))
        self._used[element] = used


def mentioned(action: Action) -> tuple[Elem, ...]:
    """The elements in the arguments of an action, each once, in order."""
    return tuple(dict.fromkeys(e for arg in action.args for e in _elements(arg)))


def _elements(value: Value) -> list[Elem]:
    return list(_found(value))


def _found(value: Value) -> Iterator[Elem]:
    match value:
        case Elem():
            yield value
        case Record(_, _, parts):
            for part in parts:
                yield from _found(part)
        case _:
            pass


def _before(element: Elem) -> Elem | None:
    return Elem(element.sort, element.ordinal - 1) if element.ordinal else None
