"""Printing and parsing are inverse to each other, and the layout is canonical."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcheck.diagnostics import Collector
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast
from mmcheck.syntax.parser import parse
from mmcheck.syntax.printer import show, show_expr

NOWHERE = Span(SourceFile("nowhere", ""), 0, 0)


def node(kind: Any, *args: Any, **fields: Any) -> Any:
    return kind(*args, **fields, span=NOWHERE)


def nodes(
    kind: Any, *args: st.SearchStrategy[Any], **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    return st.builds(kind, *args, **fields, span=st.just(NOWHERE))


def parsed(text: str) -> ast.Module:
    collector = Collector()
    module = parse(SourceFile("test", text), collector)
    assert collector.diagnostics == [], text
    return module


# --- every tree that the parser can make -----------------------------------------------------------------

words = st.sampled_from(["a", "b", "Task", "p2", "_x", "free", "no", "model", "error", "steps", "holds"])
more_words = words | st.sampled_from(["violated", "unknown", "only", "expect", "blocked", "exited"])
idents = nodes(ast.Ident, more_words)
paths = idents | st.builds(lambda a, b: node(ast.Ident, f"{a.name}.{b.name}"), idents, idents)
numbers = nodes(ast.Number, st.integers(0, 10**9))
names = nodes(ast.Name, more_words)


def tuples(items: st.SearchStrategy[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(items, min_size=least, max_size=most).map(tuple)


def sums(terms: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    ops = st.sampled_from([ast.BinaryOp.PLUS, ast.BinaryOp.MINUS])
    return terms | nodes(ast.Binary, ops, terms, terms)


def types_with(bounds: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    base = nodes(ast.NamedType, more_words | st.just("bool")) | nodes(ast.RangeType, bounds, bounds)
    simple = base | nodes(ast.OptionalType, base)
    return simple | nodes(ast.SetType, simple)


negative = st.builds(lambda n: node(ast.Unary, ast.UnaryOp.MINUS, n), numbers)
binders = nodes(ast.Binder, types_with(sums(numbers | names | negative)), idents)


def _larger(exprs: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        nodes(ast.Unary, st.sampled_from(ast.UnaryOp), exprs),
        nodes(ast.Binary, st.sampled_from(ast.BinaryOp), exprs, exprs),
        nodes(ast.Primed, exprs),
        nodes(ast.Index, exprs, exprs),
        nodes(ast.FieldAccess, exprs, idents),
        nodes(ast.Call, idents, tuples(exprs)),
        nodes(ast.Conditional, exprs, exprs, exprs),
        nodes(
            ast.Quantified, st.sampled_from(ast.QuantifierKind), tuples(binders, 1), st.none() | exprs, exprs
        ),
        nodes(ast.SetLiteral, tuples(exprs)),
        nodes(ast.Cardinality, exprs),
        nodes(ast.At, exprs, idents),
    )


atoms = st.one_of(names, numbers, nodes(ast.Boolean, st.booleans()), nodes(ast.Null), nodes(ast.By, paths))
exprs = st.recursive(atoms, _larger, max_leaves=12)
types = types_with(sums(numbers | names | exprs))
values = exprs | nodes(ast.AnyValue)

targets = st.recursive(
    names,
    lambda inner: nodes(ast.Index, inner, exprs) | nodes(ast.FieldAccess, inner, idents),
    max_leaves=3,
)
simple_statements = st.one_of(
    nodes(ast.Require, exprs),
    nodes(ast.Assign, targets, values),
    nodes(ast.Let, idents, exprs),
    nodes(ast.Choose, tuples(binders, 1), st.none() | exprs),
    nodes(ast.Assert, exprs),
    nodes(ast.Reset, tuples(idents, 1)),
    nodes(ast.ResetVolatile),
    nodes(ast.Goto, idents),
    nodes(ast.Exit),
)
statements = st.recursive(
    simple_statements,
    lambda inner: (
        nodes(ast.If, exprs, tuples(inner), tuples(inner))
        | nodes(ast.ForAll, tuples(binders, 1), st.none() | exprs, tuples(inner))
    ),
    max_leaves=6,
)
bodies = tuples(statements)
docs = st.lists(st.sampled_from(["", "one", " indented", "/ slash", "ü é"]), max_size=3).map("\n".join)
params = tuples(binders)
fairness = st.sampled_from(ast.Fairness)
fields = nodes(ast.FieldDecl, types, idents, st.none() | values, doc=docs)
variables = nodes(ast.VariableDecl, types, idents, tuples(types), st.none() | values, doc=docs)
steps = nodes(ast.StepDecl, idents, bodies, fairness, doc=docs)
dotted = st.builds(lambda a, b: node(ast.Ident, f"{a.name}.{b.name}"), idents, idents)
lines = st.one_of(
    nodes(ast.Fire, paths, tuples(exprs)), nodes(ast.Blocked, paths, tuples(exprs)), nodes(ast.Assert, exprs)
)
properties = idents | nodes(ast.Ident, st.sampled_from(["deadlock free", "no model error"]))
items = st.one_of(
    nodes(ast.Setting, idents, exprs),
    nodes(ast.Only, tuples(properties, 1)),
    nodes(
        ast.Expect, st.just(ast.Expectation.VIOLATED), tuples(properties, 1), st.none() | st.integers(0, 20)
    ),
    nodes(
        ast.Expect,
        st.sampled_from([ast.Expectation.HOLDS, ast.Expectation.UNKNOWN]),
        tuples(properties),
        st.none(),
    ),
)
other_kinds = st.sampled_from([kind for kind in ast.LivenessKind if kind is not ast.LivenessKind.LEADS_TO])
declarations = st.one_of(
    nodes(ast.SpecName, idents, doc=docs),
    nodes(ast.Import, idents, doc=docs),
    nodes(ast.SortDecl, idents, exprs, doc=docs),
    nodes(ast.EnumDecl, idents, tuples(idents, 1), doc=docs),
    nodes(ast.StructDecl, idents, tuples(fields), doc=docs),
    nodes(ast.ConstDecl, types, idents, exprs, doc=docs),
    nodes(ast.StateBlock, st.booleans(), tuples(variables), doc=docs),
    nodes(ast.InitBlock, bodies, doc=docs),
    nodes(ast.DefDecl, idents, params, exprs, st.booleans(), doc=docs),
    nodes(ast.TransitionDecl, idents, params, bodies, fairness, st.booleans(), doc=docs),
    nodes(ast.ProcessDecl, idents, params, tuples(fields), tuples(steps), fairness, doc=docs),
    nodes(ast.StepOverride, dotted, bodies, fairness, doc=docs),
    nodes(ast.InvariantDecl, idents, params, exprs, doc=docs),
    nodes(ast.StepInvariantDecl, idents, params, exprs, doc=docs),
    nodes(ast.ReachableDecl, idents, params, exprs, doc=docs),
    nodes(ast.DeadlockFreeDecl, doc=docs),
    nodes(ast.LivenessDecl, idents, params, st.just(ast.LivenessKind.LEADS_TO), exprs, exprs, doc=docs),
    nodes(ast.LivenessDecl, idents, params, other_kinds, st.none(), exprs, doc=docs),
    nodes(ast.AssumeDecl, idents, exprs, doc=docs),
    nodes(ast.ScenarioDecl, idents, params, tuples(lines), doc=docs),
    nodes(ast.CheckDecl, idents, tuples(items), doc=docs),
)


@settings(max_examples=300, deadline=None)
@given(exprs)
def test_expressions_survive_printing(expr: ast.Expr) -> None:
    module = parsed(f"def f() = {show_expr(expr)};")
    assert module == node(ast.Module, (node(ast.DefDecl, node(ast.Ident, "f"), (), expr, False),))


@settings(max_examples=300, deadline=None)
@given(tuples(declarations, 1, 4))
def test_modules_survive_printing(declared: tuple[ast.Decl, ...]) -> None:
    module = node(ast.Module, declared)
    assert parsed(show(module)) == module


# --- the layout ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("((a) && (b)) || c", "a && b || c"),
        ("a && (b || c)", "a && (b || c)"),
        ("(a => b) => c", "(a => b) => c"),
        ("a => (b => c)", "a => b => c"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) + c", "a - b + c"),
        ("(!a) == b", "(!a) == b"),
        ("!(a == b)", "!(a == b)"),
        ("!(x in s)", "!x in s"),
        ("-(-a)", "-(-a)"),
        ("a - (-1)", "a - -1"),
        ("(forall Task t: a) && b", "(forall Task t: a) && b"),
        ("b && (forall Task t: a)", "b && forall Task t: a"),
        ("(count Task t, u where t != u: a) + 1", "(count Task t, Task u where t != u: a) + 1"),
        ("((c ? a : b))", "(c ? a : b)"),
        ("(a)'", "a'"),
        ("(5)'", "(5)'"),
        ("((a == b) == c)", "(a == b) == c"),
        ("(p[f]) at s", "p[f] at s"),
    ],
)
def test_parentheses_are_minimal(text: str, canonical: str) -> None:
    (decl,) = parsed(f"def f() = {text};").declarations
    assert isinstance(decl, ast.DefDecl)
    assert show_expr(decl.body) == canonical


def test_layout() -> None:
    text = """\
/// A file.
///
/// With a gap.
spec s;

sort Task = 2;
sort Page = 2;

state {
    /// what
    bool mapped[Task][0..3] = any;
    set Task? w;
}

init { }

strong fair transition t(Task t, Page p) {
    if (a) {
        x = 1;
    } else if (b) {
        reset volatile;
    } else {
        forall Task u where u != t { }
    }
}

process q {
    local Page? p = null;
    fair step one {
        exit;
    }
}

check c {
    only p, deadlock free;
    expect violated p, no model error in 1 step;
}
"""
    assert show(parsed(text)) == text
