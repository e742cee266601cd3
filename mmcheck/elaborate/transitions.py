"""Transitions: their parameters and bodies, lowered."""

from __future__ import annotations

from mmcheck.core.system import Body, Fairness, Require, Transition
from mmcheck.core.terms import Literal
from mmcheck.elaborate.context import Context
from mmcheck.elaborate.statements import Statements, Where
from mmcheck.syntax import ast


def lower_transition(context: Context, declaration: ast.TransitionDecl) -> Transition | None:
    """A transition as it is declared; None when a parameter has no usable type."""
    lowering = Statements(context, Where.TRANSITION)
    params = lowering.expressions.bind(declaration.params, "the parameter of a transition")
    body = lowering.sequence(declaration.body)
    if params is None:
        return None
    return Transition(
        name=declaration.name.name,
        params=params,
        body=body,
        fairness=fairness(declaration.fairness),
        impossible=is_impossible(body),
        doc=declaration.doc,
        span=declaration.span,
    )


def fairness(written: ast.Fairness) -> Fairness:
    match written:
        case ast.Fairness.NONE:
            return Fairness.NONE
        case ast.Fairness.WEAK:
            return Fairness.WEAK
        case ast.Fairness.STRONG:
            return Fairness.STRONG


def is_impossible(body: Body) -> bool:
    """Whether the constants of the check alone keep the body from ever being run to its end."""
    return any(
        isinstance(statement, Require)
        and isinstance(statement.condition, Literal)
        and statement.condition.value is False
        for statement in body
    )
