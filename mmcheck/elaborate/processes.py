"""Processes: each step becomes a transition that is enabled when its instance stands there."""

from __future__ import annotations

from collections.abc import Iterator

from mmcheck.core import system
from mmcheck.core.system import PROGRAM_COUNTER, Transition
from mmcheck.core.terms import Compare, Comparison, Literal, Place, Read
from mmcheck.elaborate.context import Context, program_counter
from mmcheck.elaborate.statements import Statements, Where, fresh_locals, jumps
from mmcheck.elaborate.transitions import fairness, is_impossible
from mmcheck.syntax import ast


def lower_process(context: Context, declaration: ast.ProcessDecl) -> Iterator[Transition]:
    """The steps of a process as transitions named `process.step`."""
    if not declaration.steps:
        context.error(
            "E404",
            f"the process `{declaration.name.name}` has no steps",
            declaration.name.span,
            "give it at least one: `step first { … }`",
        )
        return
    seen: dict[str, ast.StepDecl] = {}
    for step in declaration.steps:
        if step.name.name in seen:
            message = f"the step `{step.name.name}` is declared twice"
            context.error("E201", message, step.name.span, "rename one of the two")
        seen.setdefault(step.name.name, step)
    for step, following in zip(declaration.steps, (*declaration.steps[1:], None), strict=True):
        transition = _lower_step(context, declaration, step, following)
        if transition is not None:
            yield transition


def _lower_step(
    context: Context, process: ast.ProcessDecl, step: ast.StepDecl, following: ast.StepDecl | None
) -> Transition | None:
    """One step: it waits until the instance stands there, does its body, and moves on. Behind the last step
    the instance stands at the first again, its locals fresh."""
    lowering = Statements(context, Where.STEP, process=process)
    params = lowering.expressions.bind(process.params, "the parameter of a process")
    variable = context.variable(process)
    body = lowering.sequence(step.body)
    if params is None or variable is None:
        return None
    span = step.name.span
    counter = program_counter(process)
    place = Place(variable.name, lowering.own_indices(process), (PROGRAM_COUNTER,), counter, span=span)
    here = Compare(Comparison.EQ, Read(place, span=span), Literal(step.name.name, counter), span=span)
    target = following or process.steps[0]
    onwards: system.Body = ()
    if not (step.body and jumps(step.body[-1])):
        onwards = lowering.stand_at(process, target.name.name, span)
        if following is None:
            onwards += fresh_locals(lowering, process)
    inherits = step.fairness is ast.Fairness.NONE
    return Transition(
        name=f"{process.name.name}.{step.name.name}",
        params=params,
        body=(system.Require(here, span=span), *body, *onwards),
        fairness=fairness(process.fairness if inherits else step.fairness),
        process=process.name.name,
        of_process=inherits and process.fairness is not ast.Fairness.NONE,
        impossible=is_impossible(body),
        doc=step.doc,
        span=step.span,
    )
