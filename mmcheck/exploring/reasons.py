"""Why an action is not enabled in a state: the first condition that keeps it from happening."""

from __future__ import annotations

from msgspec import Struct

from mmcheck.core import system
from mmcheck.core.blame import Blame, blame
from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.semantics import Env, Failed, ModelError, denote, execute
from mmcheck.core.system import Body, Statement
from mmcheck.core.terms import Literal
from mmcheck.core.types import show_value
from mmcheck.source import Span

MOST_WAYS = 64
"""Of more ways through the statements before, the first are followed."""


class Reason(Struct, frozen=True):
    """What stands in the way: a condition that is false, or a `choose` without a candidate. `why` is the part
    of the condition that is false, with what it read."""

    span: Span | None
    what: str
    why: Blame | None = None

    def text(self) -> str:
        """The reason in one line: `!sealed is false: sealed = true`."""
        if self.why is None:
            return self.what
        if isinstance(self.why.part, Literal):
            return f"the constants of the check forbid it: `{self._written()}`"
        span = self.why.part.span
        part = " ".join(span.text.split()) if span else self.what
        truth = "is true" if self.why.value else "is false"
        read = ", ".join(f"{label} = {show_value(value)}" for label, value in self.why.reads)
        return f"{part} {truth}{': ' if read else ''}{read}"

    def _written(self) -> str:
        return " ".join(self.span.text.split()) if self.span else self.what


def why_not_enabled(action: Action, state: State, instance: Instance) -> Reason | None:
    """The first condition that keeps an action from happening; None where it is enabled, or fails."""
    found = _run(action.transition.body, Env(state, state, action.bindings), instance)
    return found if isinstance(found, Reason) else None


def _run(body: Body, env: Env, instance: Instance) -> list[Env] | Reason:
    """The ways through a body, or why there is none."""
    ways = [env]
    for statement in body:
        following: list[Env] = []
        reason: Reason | None = None
        for way in ways:
            outcome = [way] if way.stopped else _one(statement, way, instance)
            if isinstance(outcome, Reason):
                reason = reason or outcome
            else:
                following += outcome
        if not following and reason is not None:
            return reason
        ways = following[:MOST_WAYS]
    return ways


def _one(statement: Statement, env: Env, instance: Instance) -> list[Env] | Reason:
    match statement:
        case system.Require(condition):
            try:
                if denote(condition, instance)(env):
                    return [env]
            except ModelError:
                return []
            return Reason(statement.span, "a condition is false", blame(condition, env, instance))
        case system.If(condition, then, orelse):
            try:
                taken = then if denote(condition, instance)(env) else orelse
            except ModelError:
                return []
            return _run(taken, env, instance)
        case _:
            outcomes = execute((statement,), instance)(env)
            if not outcomes:
                written = " ".join(statement.span.text.split()) if statement.span else "a statement"
                return Reason(statement.span, f"no way through `{written}`")
            return [outcome for outcome in outcomes if not isinstance(outcome, Failed)]
