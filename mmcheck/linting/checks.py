"""Checks that do not differ, transitions that no check allows, and what a spec's properties leave open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmcheck import session
from mmcheck.core.check import Check
from mmcheck.core.outcome import CheckOutcome
from mmcheck.core.system import Scenario
from mmcheck.diagnostics import Diagnostic, Note, SpecError
from mmcheck.session import Spec
from mmcheck.syntax import ast

CODES = ("W617", "W618", "W619", "W620")
DEEP_CODES = ("W621",)


def checks(spec: Spec) -> Iterator[Diagnostic]:
    """What can be said of checks and properties without a search."""
    yield from _without_reachability(spec)
    yield from _same_checks(spec)
    yield from _about_no_state(spec)
    yield from _forbidden(spec)


def _own(spec: Spec) -> list[ast.Decl]:
    return [d for d in spec.program.declarations if d.span.file == spec.program.source]


def _without_reachability(spec: Spec) -> Iterator[Diagnostic]:
    """Nothing shows that what is to be prevented could happen at all."""
    own_checks = [d for d in _own(spec) if isinstance(d, ast.CheckDecl)]
    guards = (ast.ReachableDecl, ast.ScenarioDecl)
    claims = (ast.InvariantDecl, ast.StepInvariantDecl, ast.LivenessDecl)
    declared = spec.program.declarations
    if not own_checks or not any(isinstance(d, claims) for d in declared):
        return
    if not any(isinstance(d, guards) for d in declared):
        yield Diagnostic(
            "W617",
            f"`{spec.program.name}` has no `reachable` property and no scenario",
            own_checks[0].name.span,
            "say what must be possible: a model in which nothing happens satisfies every invariant",
        )


def _same_checks(spec: Spec) -> Iterator[Diagnostic]:
    """Checks that are the same instance with the same properties, whatever they are called."""
    seen: dict[object, Check] = {}
    for check in spec.checks:
        if check.span is None:
            continue
        key = (_values(check, spec), check.properties)
        first = seen.setdefault(key, check)
        if first is not check:
            yield Diagnostic(
                "W618",
                f"check `{check.name}` is the same as check `{first.name}`",
                check.span,
                "remove one, or let it differ: two checks with other names say nothing more",
                (Note("the first of them", first.span),),
            )


def _values(check: Check, spec: Spec) -> frozenset[tuple[str, object]]:
    """All values of a check but those that follow from others."""
    constants = {**spec.declared.constants, **check.constants} if _is_plain(spec) else dict(check.constants)
    sizes = {**spec.declared.sizes, **check.sizes} if _is_plain(spec) else dict(check.sizes)
    return frozenset([*constants.items(), *sizes.items()])


def _is_plain(spec: Spec) -> bool:
    """Whether no constant and no size is made of other constants."""
    known = spec.declared.constants
    return not any(
        isinstance(d, ast.ConstDecl | ast.SortDecl)
        and any(name in known for name in _mentioned(d.value if isinstance(d, ast.ConstDecl) else d.size))
        for d in spec.program.declarations
    )


def _about_no_state(spec: Spec) -> Iterator[Diagnostic]:
    """Properties that neither read a variable nor speak of a process or a step, by any `def`."""
    dynamic = set[str]()
    defs: dict[str, set[str]] = {}
    for d in spec.program.declarations:
        match d:
            case ast.StateBlock(_, variables):
                dynamic |= {variable.name.name for variable in variables}
            case ast.ProcessDecl(name):
                dynamic.add(name.name)
            case ast.DefDecl(name, _, body):
                defs[name.name] = set(_mentioned(body))
            case _:
                pass
    for d in _own(spec):
        match d:
            case ast.InvariantDecl(name, _, body) | ast.StepInvariantDecl(name, _, body):
                kind = "invariant"
            case ast.ReachableDecl(name, _, body):
                kind = "`reachable` property"
            case _:
                continue
        if not _reaches(set(_mentioned(body)), defs, dynamic | {BY}):
            yield Diagnostic(
                "W619",
                f"the {kind} `{name.name}` says nothing of the state",
                name.span,
                "let it speak of a variable: it is decided before anything happens",
            )


BY = "by("
"""Stands for `by(t)` among the names that an expression mentions."""


def _reaches(names: set[str], defs: Mapping[str, set[str]], goal: set[str]) -> bool:
    seen = set[str]()
    while names:
        if names & goal:
            return True
        seen |= names
        names = set[str]().union(*(defs.get(name, set()) for name in names)) - seen
    return False


def _mentioned(node: object) -> Iterator[str]:
    """The names that an expression mentions, bound ones too."""
    match node:
        case ast.Name(name):
            yield name
        case ast.By():
            yield BY
        case ast.Call(function, args):
            yield function.name
            yield from _mentioned(args)
        case tuple():
            for item in node:
                yield from _mentioned(item)
        case ast.Node():
            for name in node.__struct_fields__:
                if name != "span":
                    yield from _mentioned(getattr(node, name))
        case _:
            return


def _forbidden(spec: Spec) -> Iterator[Diagnostic]:
    """Transitions of the file that the constants of every check forbid."""
    written = [check for check in spec.checks if check.span is not None]
    own = {
        t.name: t
        for t in spec.declared.system.transitions
        if t.impossible and t.span is not None and t.span.file == spec.program.source
    }
    left = set(own) if written else set()
    for check in written:
        if not left:
            return
        try:
            _, instance = session.instantiate(spec, check)
        except SpecError:
            return
        left &= {t.name for t in instance.system.transitions if t.impossible}
    for name in own:
        if name in left:
            yield Diagnostic(
                "W620",
                f"the constants of every check forbid `{name}`",
                own[name].span,
                "write the check that it is for, or remove it",
            )


def alike(outcomes: tuple[CheckOutcome, ...]) -> Iterator[Diagnostic]:
    """Checks that set different constants, and in which a whole search met with the same in all that was
    counted: states, steps, depth, how often each transition fired, and how each property ended."""
    seen: dict[object, Check] = {}
    for outcome in outcomes:
        check, found = outcome.check, outcome.statistics
        judged = [p for p in outcome.properties if not isinstance(p.prop, Scenario)]
        if check.span is None or not found.complete or not judged:
            continue
        endings = tuple((p.prop.name, type(p.verdict).__name__) for p in judged)
        measured = (found.states, found.transitions, found.depth, tuple(sorted(found.fired.items())))
        sizes = tuple(sorted(outcome.instance.sizes.items()))
        first = seen.setdefault((endings, measured, sizes), check)
        if first is not check:
            yield Diagnostic(
                "W621",
                f"check `{check.name}` differs from check `{first.name}` in nothing that was measured",
                check.span,
                "look whether what it sets makes a difference, or say why both are wanted",
                (Note("the first of them", first.span),),
            )
