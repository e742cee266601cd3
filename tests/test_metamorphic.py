"""Edits that keep the meaning: verdicts, counts, depths and lengths of traces stay as they were."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agreement import length_of, small_instance
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from strategies import specs

import mmcheck
from mmcheck.core.outcome import SpecOutcome
from mmcheck.core.verdict import Proved, Violated
from mmcheck.diagnostics import Collector
from mmcheck.engines.engine import Limits
from mmcheck.session import Options
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast
from mmcheck.syntax.parser import parse
from mmcheck.syntax.printer import show

ROOT = Path(__file__).parent.parent
CASES = sorted((ROOT / "tests" / "cases" / "verdict").glob("*.mmc"))
OPTIONS = Options(engine="reference", limits=Limits(max_states=4_000))

Summary = dict[str, dict[str, object]]
Edit = Callable[[ast.Module, random.Random], ast.Module]


def summary(outcome: SpecOutcome) -> Summary:
    """What must not change: for each check its numbers, and for each property its verdict and length."""
    assert outcome.diagnostics == (), outcome.diagnostics
    found: Summary = {}
    for check in outcome.checks:
        row: dict[str, object] = {
            each.prop.name: (
                type(each.verdict).__name__,
                length_of(each.verdict) if isinstance(each.verdict, Proved | Violated) else None,
            )
            for each in check.properties
        }
        if check.statistics.complete:
            row["numbers"] = (check.statistics.states, check.statistics.depth)
        found[check.check.name] = row
    return found


def verify(text: str, options: Options = OPTIONS) -> Summary:
    return summary(mmcheck.verify(mmcheck.loads(text), options))


def tree(text: str) -> ast.Module:
    collector = Collector()
    module = parse(SourceFile("<text>", text), collector)
    collector.raise_if_errors()
    return module


# --- edits -----------------------------------------------------------------------------------------------


def rebuilt(node: Any, change: Callable[[Any], Any]) -> Any:
    """A tree with a change made to every node, the inner ones first."""
    if isinstance(node, tuple):
        return tuple(rebuilt(item, change) for item in node)
    if not isinstance(node, Struct) or isinstance(node, Span):
        return node
    parts = {
        name: rebuilt(getattr(node, name), change)
        for name in node.__struct_fields__
        if isinstance(getattr(node, name), tuple | Struct)
    }
    return change(replace(node, **parts))


def renamed(module: ast.Module, _: random.Random) -> ast.Module:
    """Every name but those of properties, checks and steps is another."""
    kept = {"bool", "exited", "deadlock free", "no model error"}
    for d in module.declarations:
        if isinstance(d, ast.CheckDecl | ast.ScenarioDecl | ast.AssumeDecl) or type(d).__name__ in (
            "InvariantDecl",
            "StepInvariantDecl",
            "ReachableDecl",
            "LivenessDecl",
        ):
            kept.add(d.name.name)  # type: ignore[union-attr]  # all of these have one

    def change(node: Any) -> Any:
        if isinstance(node, ast.Ident | ast.Name | ast.NamedType) and node.name not in kept:
            return replace(node, name=".".join(f"{part}_r" for part in node.name.split(".")))
        return node

    return rebuilt(module, change)  # type: ignore[no-any-return]


def shuffled(module: ast.Module, seed: random.Random) -> ast.Module:
    """Transitions, properties and `def`s stand elsewhere. (The order of variables, and of what has a name in
    a type, may matter: initial values are given in it.)"""
    moving = (ast.TransitionDecl, ast.DefDecl, ast.InvariantDecl, ast.StepInvariantDecl, ast.ReachableDecl)
    loose = [d for d in module.declarations if isinstance(d, moving)]
    seed.shuffle(loose)
    rest = iter(loose)
    return replace(
        module,
        declarations=tuple(next(rest) if isinstance(d, moving) else d for d in module.declarations),
    )


def with_an_unused_variable(module: ast.Module, _: random.Random) -> ast.Module:
    return replace(
        module, declarations=(*module.declarations, *tree("state { 0..3 unused_ = 2; }").declarations)
    )


def with_a_transition_twice(module: ast.Module, seed: random.Random) -> ast.Module:
    transitions = [d for d in module.declarations if isinstance(d, ast.TransitionDecl)]
    if not transitions:
        return module
    chosen = seed.choice(transitions)
    if re.search(rf"by\({chosen.name.name}\)", show(module)):
        return module
    copy = replace(chosen, name=replace(chosen.name, name="another_"))
    return replace(module, declarations=(*module.declarations, copy))


def swapped(module: ast.Module, seed: random.Random) -> ast.Module:
    """The sides of `==`, `!=`, `<=>`, `|`, `&` and `+` change places. (Those of `&&` and `||` may not: which
    comes first decides what is evaluated.)"""
    op = ast.BinaryOp
    commutative = {op.EQ, op.NE, op.IFF, op.UNION, op.INTERSECTION, op.PLUS}

    def change(node: Any) -> Any:
        literal = isinstance(node, ast.Binary) and isinstance(node.right, ast.Null | ast.SetLiteral)
        if isinstance(node, ast.Binary) and node.op in commutative and not literal and seed.random() < 0.5:
            return replace(node, left=node.right, right=node.left)
        return node

    return rebuilt(module, change)  # type: ignore[no-any-return]


def doubly_negated(module: ast.Module, seed: random.Random) -> ast.Module:
    """Conditions are negated twice, `forall` becomes `!exists !`."""

    def twice(expr: ast.Expr) -> ast.Expr:
        return ast.Unary(ast.UnaryOp.NOT, ast.Unary(ast.UnaryOp.NOT, expr, span=expr.span), span=expr.span)

    def change(node: Any) -> Any:
        if isinstance(node, ast.Require | ast.Assert) and seed.random() < 0.5:
            return replace(node, condition=twice(node.condition))
        if isinstance(node, ast.Quantified) and node.kind is ast.QuantifierKind.FORALL:
            body = ast.Unary(ast.UnaryOp.NOT, node.body, span=node.span)
            exists = replace(node, kind=ast.QuantifierKind.EXISTS, body=body)
            return ast.Unary(ast.UnaryOp.NOT, exists, span=node.span)
        return node

    return rebuilt(module, change)  # type: ignore[no-any-return]


EDITS = [renamed, shuffled, with_an_unused_variable, with_a_transition_twice, swapped, doubly_negated]


def check_edit(text: str, edit: Edit, seed: random.Random) -> None:
    edited = show(edit(tree(text), seed))
    try:
        after = verify(edited)
    except mmcheck.SpecError as error:
        pytest.fail(f"the edit made a spec with errors: {error}\n{edited}")
    assert after == verify(text), edited


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: case.stem)
def test_edits_of_cases(case: Path, edit: Edit) -> None:
    check_edit(case.read_text(), edit, random.Random(case.stem))


@pytest.mark.parametrize("edit", EDITS)
def test_edits_of_random_specs(edit: Edit) -> None:
    limits = settings(
        max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )
    limits(given(specs(), st.randoms(use_true_random=False))(on_random_spec(edit)))()


def on_random_spec(edit: Edit) -> Callable[[str, random.Random], None]:
    def check(text: str, seed: random.Random) -> None:
        spec = mmcheck.loads(text)
        _, expected = small_instance(spec, spec.checks[0])
        assume(expected.depths)
        check_edit(text, edit, seed)

    return check


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_setting_what_is_declared_changes_nothing(case: Path) -> None:
    spec = mmcheck.load(case)
    sizes = [f"{name}={size}" for name, size in spec.declared.sizes.items()]
    constants = [f"{name}={str(value).lower()}" for name, value in spec.declared.constants.items()]
    declared = [c.name for c in spec.checks if not c.set]
    assume_some = replace(OPTIONS, checks=tuple(declared))
    if declared:
        again = mmcheck.load(case, settings=[*sizes, *constants])
        assert summary(mmcheck.verify(again, assume_some)) == summary(mmcheck.verify(spec, assume_some))


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("spec", sorted((ROOT / "specs").glob("*.mmc")), ids=lambda spec: spec.stem)
def test_edits_of_specs(spec: Path, edit: Edit, tmp_path: Path) -> None:
    """The specs of this repository, each in its first check, cut off at a depth that they reach quickly."""
    limited = replace(OPTIONS, engine="explicit", limits=Limits(max_depth=6, max_states=100_000))
    edited = tmp_path / "models" / spec.name
    edited.parent.mkdir()
    edited.write_text(show(edit(tree(spec.read_text()), random.Random(0))))
    if edit is renamed:
        pytest.skip("a name that is imported cannot be renamed here alone")
    first = mmcheck.load(spec).checks[0].name
    limited = replace(limited, checks=(first,))
    assert summary(mmcheck.verify_file(str(edited), limited)) == summary(
        mmcheck.verify_file(str(spec), limited)
    )
