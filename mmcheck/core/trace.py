"""Traces: runs of an instance that someone can check step by step."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from mmcheck.core.instance import Action, State
from mmcheck.core.types import Value
from mmcheck.source import Span

Choices: TypeAlias = tuple[tuple[str, Value], ...]
"""What the `choose` statements of a step picked: names and values, in the order of execution."""


def as_written(choices: Choices) -> Choices:
    """The choices with the names that the source has for them, where elaboration had to tell two apart."""
    return tuple((name.partition("$")[0], value) for name, value in choices)


class Failure(Struct, frozen=True):
    """A model error: "range overflow", "index out of range", "null dereference" or "failed assert"."""

    kind: str
    message: str
    span: Span | None


class Step(Struct, frozen=True):
    """An action, what it chose, and the state that it led to."""

    action: Action
    choices: Choices
    target: State


class FailedStep(Struct, frozen=True):
    """An action that ran into a model error, so that no state follows."""

    action: Action
    choices: Choices
    failure: Failure


class Trace(Struct, frozen=True):
    """An initial state and the steps from it; at the end perhaps a step that failed, or a model error met
    while a property was evaluated in the last state (`failure` without an action).

    With a `loop` it is a run that never ends: the last state is that of this number, and what came behind it
    comes again and again. Where it is the number of the last state itself, nothing happens there any more:
    the run stutters for ever."""

    initial: State
    steps: tuple[Step, ...]
    end: FailedStep | Failure | None = None
    loop: int | None = None

    @property
    def states(self) -> tuple[State, ...]:
        """The states in order: one more than there are steps that succeeded."""
        return (self.initial, *(step.target for step in self.steps))

    @property
    def length(self) -> int:
        """How many transitions were taken, one that failed included."""
        return len(self.steps) + isinstance(self.end, FailedStep)
