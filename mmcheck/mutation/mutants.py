"""The mutants of a program: each is the program with one thing left out of its design.

The design is what transitions and steps do: their bodies, their fairness, and the defs that their guards are
made of. Properties, assumptions, scenarios, initial states and checks stay as they are, since they are what
a mutant is measured with. So that a def can be weaker in the design and the same in the properties, the
mutant gets a second def beside it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from mmcheck.core.mutation import Mutant, Weakening
from mmcheck.elaborate.modules import Program
from mmcheck.mutation.constant import Constants
from mmcheck.mutation.guards import calls, weaker
from mmcheck.mutation.statements import LEFT_OUT, changes, conditions
from mmcheck.source import Span
from mmcheck.syntax import ast

Declarations: TypeAlias = tuple[ast.Decl, ...]

WEAKENED = " (weakened)"
"""What the name of a weaker def ends with. Nobody can write such a name."""


class Candidate(Struct, frozen=True):
    """A mutant with its program."""

    mutant: Mutant
    program: Program


class _Found(Struct, frozen=True):
    weakening: Weakening
    span: Span
    within: str
    text: str
    declarations: Declarations
    condition: ast.Expr | None = None


def candidates(program: Program, imports: bool = True) -> tuple[Candidate, ...]:
    """The mutants of a program in the order of the text, imported files first, or those of its own file."""
    declarations = program.declarations
    constants = Constants(declarations)
    found = [m for i, d in enumerate(declarations) for m in _of_declaration(declarations, i, d)]
    found += _of_defs(declarations)
    files = {path: place for place, path in enumerate(program.files)}
    found.sort(key=lambda m: (files[Path(m.span.file.name).resolve()], m.span.start))
    seen: Counter[str] = Counter()
    named: list[Candidate] = []
    for mutation in found:
        if mutation.condition is not None and constants.decide(mutation.condition):
            continue
        if not imports and mutation.span.file.name != program.source.name:
            continue
        place = f"{Path(mutation.span.file.name).stem}:{mutation.span.line}:{mutation.span.column}"
        seen[place] += 1
        name = place if seen[place] == 1 else f"{place}.{seen[place]}"
        mutant = Mutant(name, mutation.weakening, mutation.span, mutation.within, mutation.text)
        named.append(Candidate(mutant, replace(program, declarations=mutation.declarations)))
    return tuple(named)


def _of_declaration(all: Declarations, place: int, declaration: ast.Decl) -> Iterator[_Found]:
    def changed(
        weakening: Weakening,
        span: Span,
        within: str,
        text: str,
        instead: ast.Decl,
        condition: ast.Expr | None = None,
    ) -> _Found:
        others = (*all[:place], instead, *all[place + 1 :])
        return _Found(weakening, span, within, text, others, condition)

    match declaration:
        case ast.TransitionDecl(name):
            for span, text, fairness in _less_fair(declaration):
                weak = replace(declaration, fairness=fairness)
                yield changed(Weakening.FAIRNESS, span, name.name, text, weak)
            for change in changes(declaration.body):
                weak = replace(declaration, body=change.body)
                yield changed(change.weakening, change.span, name.name, change.text, weak, change.condition)
        case ast.ProcessDecl(name):
            for span, text, fairness in _less_fair(declaration):
                weaker_process = replace(declaration, fairness=fairness)
                yield changed(Weakening.FAIRNESS, span, name.name, text, weaker_process)
            for i, step in enumerate(declaration.steps):
                for weakening, span, text, instead, condition in _of_step(step):
                    steps = (*declaration.steps[:i], instead, *declaration.steps[i + 1 :])
                    within = f"{name.name}.{step.name.name}"
                    weak_steps = replace(declaration, steps=steps)
                    yield changed(weakening, span, within, text, weak_steps, condition)
        case _:
            return


def _of_step(
    step: ast.StepDecl,
) -> Iterator[tuple[Weakening, Span, str, ast.StepDecl, ast.Expr | None]]:
    for span, text, fairness in _less_fair(step):
        yield Weakening.FAIRNESS, span, text, replace(step, fairness=fairness), None
    if len(step.body) > 1:
        span = Span(step.span.file, step.span.start, step.name.span.end)
        yield Weakening.STEP, span, "passed over", replace(step, body=()), None
    for change in changes(step.body):
        yield change.weakening, change.span, change.text, replace(step, body=change.body), change.condition


def _less_fair(
    declaration: ast.TransitionDecl | ast.ProcessDecl | ast.StepDecl,
) -> Iterator[tuple[Span, str, ast.Fairness]]:
    written = re.search(r"(?:strong\s+)?fair\b", declaration.span.text)
    if declaration.fairness is ast.Fairness.NONE or written is None:
        return
    start = declaration.span.start
    span = Span(declaration.span.file, start + written.start(), start + written.end())
    if declaration.fairness is ast.Fairness.STRONG:
        yield span, "weak instead of strong", ast.Fairness.WEAK
    yield span, LEFT_OUT, ast.Fairness.NONE


# --- defs ------------------------------------------------------------------------------------------------


def _of_defs(all: Declarations) -> Iterator[_Found]:
    """Weaker forms of the defs that guards are made of, used by the design only."""
    defs = {d.name.name: d for d in all if isinstance(d, ast.DefDecl)}
    for name, positive in _used_in_guards(all, defs):
        declaration = defs[name]
        for way in weaker(declaration.body, positive):
            weak = replace(declaration, body=way.rest)
            declarations = _with_second(all, defs, weak)
            yield _Found(Weakening.GUARD, way.dropped.span, name, LEFT_OUT, declarations, way.dropped)


def _used_in_guards(all: Declarations, defs: Mapping[str, ast.DefDecl]) -> list[tuple[str, bool]]:
    """The defs that guards depend on, directly or not, each with the direction: true where a weaker value
    makes a weaker guard. One that is used in both directions is taken in the first found."""
    bodies = [d.body for d in all if isinstance(d, ast.TransitionDecl)]
    bodies += [step.body for d in all if isinstance(d, ast.ProcessDecl) for step in d.steps]
    pending = [call for body in bodies for condition in conditions(body) for call in calls(condition)]
    found: dict[str, bool] = {}
    while pending:
        name, positive = pending.pop()
        if name in defs and name not in found:
            found[name] = positive
            pending += calls(defs[name].body, positive)
    return list(found.items())


def _with_second(all: Declarations, defs: Mapping[str, ast.DefDecl], weak: ast.DefDecl) -> Declarations:
    """The declarations with a second def beside the weakened one, and beside those that use it; the design
    calls the second ones, everything else the first."""
    affected = {weak.name.name}
    while more := {n for n, d in defs.items() if n not in affected and _called(d.body) & affected}:
        affected |= more
    names = {name: name + WEAKENED for name in affected}
    second: list[ast.Decl] = []
    for declaration in all:
        match declaration:
            case ast.DefDecl(name) if name.name in affected:
                body = weak.body if name.name == weak.name.name else declaration.body
                copy = replace(declaration, name=_renamed(name, names), body=_redirected(body, names))
                second += [declaration, copy]
            case ast.TransitionDecl(body=statements):
                second.append(replace(declaration, body=_redirected(statements, names)))
            case ast.ProcessDecl(steps=steps):
                second.append(replace(declaration, steps=_redirected(steps, names)))
            case _:
                second.append(declaration)
    return tuple(second)


def _renamed(name: ast.Ident, names: Mapping[str, str]) -> ast.Ident:
    return replace(name, name=names.get(name.name, name.name))


def _called(node: object) -> set[str]:
    """The names of all defs that are called anywhere in a piece of the tree."""
    if isinstance(node, tuple):
        return set[str]().union(*map(_called, node))
    if not isinstance(node, ast.Node):
        return set()
    inner = set[str]().union(*(_called(getattr(node, name)) for name in node.__struct_fields__))
    return inner | {node.function.name} if isinstance(node, ast.Call) else inner


def _redirected(node: Any, names: Mapping[str, str]) -> Any:
    """A piece of the tree in which every call of a def goes to the one named instead."""
    if isinstance(node, tuple):
        return tuple(_redirected(item, names) for item in node)
    if not isinstance(node, ast.Node):
        return node
    inner = {name: _redirected(getattr(node, name), names) for name in node.__struct_fields__}
    if isinstance(node, ast.Call):
        inner["function"] = _renamed(node.function, names)
    return replace(node, **inner)
