"""Properties, assumptions and scenarios, lowered."""

from __future__ import annotations

from typing import assert_never

from mmcheck.core import system
from mmcheck.core.terms import Local, Term
from mmcheck.core.types import Type
from mmcheck.elaborate.context import Context
from mmcheck.elaborate.expressions import Expressions, Mode
from mmcheck.elaborate.scope import PropertyDecl, Scope, kind
from mmcheck.elaborate.written_out import is_small
from mmcheck.source import Span
from mmcheck.syntax import ast


def lower_properties(context: Context, declarations: tuple[ast.Decl, ...]) -> tuple[system.Property, ...]:
    """All properties in the order of declaration, behind the one that is always there."""
    properties: list[system.Property] = [system.NoModelError()]
    for declaration in declarations:
        match declaration:
            case ast.DeadlockFreeDecl():
                if not any(isinstance(p, system.DeadlockFree) for p in properties):
                    properties.append(system.DeadlockFree(doc=declaration.doc, span=declaration.span))
            case ast.ScenarioDecl():
                properties += _scenario(context, declaration)
            case ast.InvariantDecl() | ast.StepInvariantDecl() | ast.ReachableDecl() | ast.LivenessDecl() if (
                context.symbols.properties.get(declaration.name.name) is declaration
            ):
                properties += _property(context, declaration)
            case _:
                pass
    return tuple(properties)


def lower_assumptions(context: Context, declarations: tuple[ast.Decl, ...]) -> tuple[system.Assumption, ...]:
    """The assumptions in the order of declaration."""
    assumptions = []
    for declaration in declarations:
        if isinstance(declaration, ast.AssumeDecl) and _is_first(context, declaration):
            body = _predicate(Expressions(context, Scope(), Mode.STATE), declaration.body)
            if body is not None:
                name, doc = declaration.name.name, declaration.doc
                assumptions.append(system.Assumption(name, body, doc=doc, span=declaration.span))
    return tuple(assumptions)


def _is_first(context: Context, declaration: PropertyDecl) -> bool:
    """Whether the name of a property is its own: that of a second declaration was taken, and is reported."""
    return context.symbols.properties.get(declaration.name.name) is declaration


def _predicate(lowering: Expressions, expr: ast.Expr) -> Term | None:
    term = lowering.boolean(expr)
    return term if term is not None and is_small(lowering.context, term, expr.span) else None


def _property(
    context: Context,
    declaration: ast.InvariantDecl | ast.StepInvariantDecl | ast.ReachableDecl | ast.LivenessDecl,
) -> tuple[system.Property, ...]:
    mode = Mode.STEP if isinstance(declaration, ast.StepInvariantDecl) else Mode.STATE
    lowering = Expressions(context, Scope(), mode)
    params = lowering.bind(declaration.params, "the parameter of a property")
    name, doc, span = declaration.name.name, declaration.doc, declaration.span
    if isinstance(declaration, ast.LivenessDecl):
        return _liveness(lowering, declaration, params)
    body = _predicate(lowering, declaration.body)
    if params is None or body is None:
        return ()
    match declaration:
        case ast.InvariantDecl():
            return (system.Invariant(name, params, body, doc=doc, span=span),)
        case ast.StepInvariantDecl():
            return (system.StepInvariant(name, params, body, doc=doc, span=span),)
        case ast.ReachableDecl():
            return (system.Reachable(name, params, body, doc=doc, span=span),)
        case _:
            assert_never(declaration)


_LIVENESS = {
    ast.LivenessKind.LEADS_TO: system.LivenessKind.LEADS_TO,
    ast.LivenessKind.EVENTUALLY: system.LivenessKind.EVENTUALLY,
    ast.LivenessKind.ALWAYS_EVENTUALLY: system.LivenessKind.ALWAYS_EVENTUALLY,
    ast.LivenessKind.EVENTUALLY_ALWAYS: system.LivenessKind.EVENTUALLY_ALWAYS,
}


def _liveness(
    lowering: Expressions, declaration: ast.LivenessDecl, params: tuple[Local, ...] | None
) -> tuple[system.Property, ...]:
    trigger = None if declaration.trigger is None else _predicate(lowering, declaration.trigger)
    goal = _predicate(lowering, declaration.goal)
    if params is None or goal is None or (trigger is None) != (declaration.trigger is None):
        return ()
    kind = _LIVENESS[declaration.kind]
    name, doc, span = declaration.name.name, declaration.doc, declaration.span
    return (system.Liveness(name, params, kind, trigger, goal, doc=doc, span=span),)


def _scenario(context: Context, declaration: ast.ScenarioDecl) -> tuple[system.Property, ...]:
    lowering = Expressions(context, Scope(), Mode.STATE)
    params = lowering.bind(declaration.params, "the parameter of a scenario")
    lines: list[system.ScenarioLine] = []
    complete = True
    for written in declaration.lines:
        line = _line(lowering, written)
        if line is None:
            complete = False
        else:
            lines.append(line)
    if params is None or not complete:
        return ()
    name, doc, span = declaration.name.name, declaration.doc, declaration.span
    return (system.Scenario(name, params, tuple(lines), doc=doc, span=span),)


def _line(lowering: Expressions, line: ast.ScenarioLine) -> system.ScenarioLine | None:
    match line:
        case ast.Assert(condition):
            term = lowering.boolean(condition)
            return None if term is None else system.Assert(term, span=line.span)
        case ast.Fire(transition, args):
            terms = _args(lowering, transition, args, line.span)
            return None if terms is None else system.Fire(transition.name, terms, span=line.span)
        case ast.Blocked(transition, args):
            terms = _args(lowering, transition, args, line.span)
            return None if terms is None else system.Blocked(transition.name, terms, span=line.span)


def _args(
    lowering: Expressions, transition: ast.Ident, args: tuple[ast.Expr, ...], span: Span
) -> tuple[Term, ...] | None:
    params = _params(lowering.context, transition)
    if params is None:
        return None
    if len(args) != len(params):
        needed = f"{len(params)} argument{'s' * (len(params) != 1)}"
        signature = ", ".join(f"{p.type.span.text} {p.name.name}" for p in params)
        lowering.error(
            "E306",
            f"`{transition.name}` takes {needed}, not {len(args)}",
            span,
            f"it is declared as `{transition.name}({signature})`",
        )
        return None
    terms = [_arg(lowering, arg, param, transition) for arg, param in zip(args, params, strict=True)]
    known = tuple(term for term in terms if term is not None)
    return known if len(known) == len(terms) else None


def _arg(lowering: Expressions, arg: ast.Expr, param: ast.Binder, transition: ast.Ident) -> Term | None:
    type: Type | None = lowering.context.small_type(param.type, "a parameter")
    return None if type is None else lowering.value(arg, type, f"a parameter of `{transition.name}`")


def _params(context: Context, transition: ast.Ident) -> tuple[ast.Binder, ...] | None:
    """The parameters of a transition or of a step's process; None, with a diagnostic, when there is none."""
    process, _, step = transition.name.partition(".")
    match context.symbols.globals.get(process):
        case ast.TransitionDecl(_, params) if not step:
            return params
        case ast.ProcessDecl(_, params, _, steps) if any(s.name.name == step for s in steps):
            return params
        case ast.ProcessDecl(_, _, _, steps) as found if steps and not step:
            remedy = f"name one of its steps: `{process}.{steps[0].name.name}(…)`"
            context.error("E202", f"`{process}` is {kind(found)}, not a transition", transition.span, remedy)
            return None
        case symbol if symbol is not None and not step and not isinstance(symbol, ast.ProcessDecl):
            message = f"`{process}` is {kind(symbol)}, not a transition"
            context.error("E202", message, transition.span, "name a transition, or `process.step`")
            return None
        case _:
            known = context.symbols.transitions()
            context.unknown(
                "transition", transition.name, transition.span, known, "name a transition, or `process.step`"
            )
            return None
