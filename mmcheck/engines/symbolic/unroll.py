"""Unrolling: the variables of one state put in the place of those of many, one frame after the other."""

from __future__ import annotations

from typing import Any

import z3
from msgspec import Struct, field

from mmcheck.core.instance import Action, State
from mmcheck.engines.symbolic.decoding import DecodingError, state_of
from mmcheck.engines.symbolic.encoding import Encoding, Flags, Variables, Wide
from mmcheck.engines.symbolic.grounded import Grounded
from mmcheck.engines.symbolic.solver import Formula, Model, Solver


class Unrolling(Struct, dict=True):
    """Frames 0, 1, ... in one solver; what is said of them is added as it is asked for."""

    grounded: Grounded
    solver: Solver
    steps: int = 0
    """How many steps were added: frame `steps` is the last one."""
    _pairs: dict[int, list[tuple[Any, Any]]] = field(default_factory=dict)
    _frames: dict[int, tuple[Variables, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.encoding = Encoding(self.grounded, self.solver.context)
        self._step = self.encoding.step()
        self._assumed = self.encoding.truth(self.grounded.assumed)

    # --- what holds in the frames ------------------------------------------------------------------------

    def begin(self) -> None:
        """Frame 0 is an initial state."""
        self.solver.add(self.at(self.encoding.beginning(), 0))

    def begin_anywhere(self) -> None:
        """Frame 0 is some state that satisfies the assumptions."""
        self.solver.add(self.at(self.encoding.proper(self.encoding.state), 0))
        self.assume(0)

    def assume(self, frame: int) -> None:
        """A frame satisfies the assumptions."""
        self.solver.add(self.at(self._assumed, frame))

    def extend(self) -> None:
        """One more step, to a state that satisfies the assumptions."""
        self.solver.add(self.at(self._step, self.steps))
        self.steps += 1
        self.assume(self.steps)

    def truth(self, node: int, frame: int) -> Formula:
        """A predicate over states, of a frame."""
        return self.at(self.encoding.truth(node), frame)

    def different(self, one: int, other: int) -> Formula:
        """That two frames are different states."""
        pairs = zip(self.state(one), self.state(other), strict=True)
        return z3.Not(z3.And(*(self.encoding.same(a, b) for a, b in pairs)))

    # --- variables ---------------------------------------------------------------------------------------

    def at(self, formula: Formula, frame: int) -> Formula:
        """A formula about a state (and the one after it) as one about a frame (and the next)."""
        pairs = self._pairs.get(frame)
        if pairs is None:
            pairs = self._pairs[frame] = [
                *self._renamed(self.encoding.state, self.state(frame)),
                *self._renamed(self.encoding.primed, self.state(frame + 1)),
                *((s, _framed(s, frame)) for s in (*self.encoding.selectors, *self.encoding.code)),
            ]
        return z3.substitute(formula, *pairs) if pairs else formula

    def state(self, frame: int) -> tuple[Variables, ...]:
        """The variables of a frame's cells."""
        known = self._frames.get(frame)
        if known is None:
            known = self._frames[frame] = tuple(_at_frame(cell, frame) for cell in self.encoding.state)
        return known

    def _renamed(
        self, plain: tuple[Variables, ...], framed: tuple[Variables, ...]
    ) -> list[tuple[Formula, Formula]]:
        return [
            pair
            for a, b in zip(plain, framed, strict=True)
            for pair in zip(a.variables, b.variables, strict=True)
        ]

    # --- reading a model ---------------------------------------------------------------------------------

    def states(self, model: Model, last: int) -> list[State]:
        """The states of the frames up to the last."""
        return [state_of(model, self.state(i), self.grounded.instance) for i in range(last + 1)]

    def actions(self, model: Model, last: int) -> list[Action]:
        """The actions that lead to the last frame."""
        return [self.grounded.actions[self._selected(model, frame)].action for frame in range(last)]

    def selectors(self, frame: int) -> tuple[Formula, ...]:
        """A literal for each action: whether it leads from a frame to the next."""
        return tuple(_framed(s, frame) for s in self.encoding.selectors)

    def _selected(self, model: Model, frame: int) -> int:
        chosen = model.chosen(self.selectors(frame))
        if len(chosen) != 1:
            raise DecodingError("a step has not exactly one action")
        return chosen[0]


def _at_frame(cell: Variables, frame: int) -> Variables:
    match cell:
        case Flags(variables, low, count, is_set):
            return Flags(tuple(_framed(v, frame) for v in variables), low, count, is_set)
        case Wide(variable, low, high):
            return Wide(_framed(variable, frame), low, high)


def _framed(variable: Formula, frame: int) -> Formula:
    """A variable of the same kind for a frame."""
    return z3.Const(f"{variable.decl().name()}@{frame}", variable.sort())
