"""Syntax errors: the code, the exact place, the number of messages, and what is left of the tree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcheck.diagnostics import Collector, Diagnostic
from mmcheck.source import SourceFile
from mmcheck.syntax import ast
from mmcheck.syntax.parser import parse


def run(text: str) -> tuple[ast.Module, tuple[Diagnostic, ...]]:
    collector = Collector()
    module = parse(SourceFile("test", text), collector)
    return module, collector.in_order()


def errors(text: str) -> list[str]:
    """Code and place of each diagnostic; each must say what to do."""
    _, diagnostics = run(text)
    assert all(d.remedy and d.message and d.span for d in diagnostics)
    return [f"{d.code} {d.span.line}:{d.span.column}" for d in diagnostics if d.span]


def kinds(text: str) -> list[str]:
    return [type(decl).__name__ for decl in run(text)[0].declarations]


def statement(text: str) -> str:
    """A statement in a transition, beginning at 2:1, with a correct one behind it."""
    return f"transition t() {{\n{text}\nlast = 1;\n}}"


def expression(text: str) -> str:
    """An expression in an invariant, beginning at 2:1."""
    return f"invariant i:\n{text};"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("require a", "E101 2:10"),
        ("x = 1 // note", "E101 2:6"),
        ("let y = a == b", "E101 2:15"),
        ("require a = b;", "E103 2:11"),
        ("if (a = b) { }", "E103 2:7"),
        ("init = 1;", "E105 2:1"),
        ("let state = 1;", "E105 2:5"),
        ("require (a && b;", "E102 2:9"),
        ("x[a = 1;", "E102 2:2"),
        ("x = a);", "E102 2:6"),
        ("x = {a, b;", "E102 2:5"),
        ("i++;", "E104 2:2"),
        ("j += 1;", "E104 2:3"),
        ("x->y = 1;", "E104 2:2"),
        ("while (a) { x = 1; y = = 2; }", "E100 2:1"),
        ("for (i = 0; i < n; i++) { x = 1; }", "E100 2:1"),
        ("return x;", "E100 2:1"),
        ("switch (x) { }", "E100 2:1"),
        ("int y = 3;", "E100 2:1"),
        ("bool y;", "E100 2:1"),
        ("f(x);", "E100 2:1"),
        ("x == 3;", "E100 2:3"),
        (";", "E100 2:1"),
        ("x = ;", "E100 2:5"),
        ("if a { x = 1; }", "E100 2:4"),
        ("if (a) { x = 1; } else y = 2;", "E100 2:24"),
        ("else { x = 1; }", "E100 2:1"),
        ("choose t where a;", "E100 2:8"),
        ("forall t { }", "E100 2:8"),
        ("goto 3;", "E100 2:6"),
        ("x = (any);", "E100 2:6"),
        ("x = any + 1;", "E100 2:9"),
        ("x = \0;", "E104 2:5"),
        ('x = "text";', "E104 2:5"),
        ("x = 'c';", "E104 2:5"),
        ("x = 0x10;", "E100 2:5"),
        ("x = 1.5;", "E100 2:5"),
        ("x = 3rd;", "E100 2:5"),
        ("x = 1000000001;", "E003 2:5"),
        ("x = " + "9" * 5000 + ";", "E003 2:5"),
        ("x = y * 2;", "E104 2:7"),
        ("x := 1;", "E104 2:3"),
        ("x = 1; /* why */", "E104 2:8"),
        ("naïve = 1;", "E104 2:1"),
        ("@x = 1;", "E104 2:1"),
    ],
)
def test_one_error_in_a_statement(text: str, expected: str) -> None:
    module, _ = run(statement(text))
    assert errors(statement(text)) == [expected]
    # The statement behind it is still read.
    decl = module.declarations[0]
    assert isinstance(decl, ast.TransitionDecl)
    assert isinstance(decl.body[-1], ast.Assign) and decl.body[-1].target == ast.Name("last", span=decl.span)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a == b == c", ["E106 2:8"]),
        ("a < b < c < d", ["E106 2:7", "E106 2:11"]),
        ("x in s == c", ["E106 2:8"]),
        ("p at s == c", ["E106 2:8"]),
        ("!a == b", ["E106 2:1"]),
        ("c && !a != b", ["E106 2:6"]),
        ("c ? a : b", ["E106 2:3"]),
        ("a = b && c = d", ["E103 2:3", "E103 2:12"]),
        ("a and b or c", ["E100 2:3", "E100 2:9"]),
        ("not a", ["E100 2:1"]),
        ("a /\\ b \\/ c", ["E104 2:3", "E104 2:8"]),
        ("∀ Task t: a ∧ ¬b", ["E104 2:1", "E104 2:13", "E104 2:15"]),
        ("a ~> b", ["E100 2:3"]),
        ("always a", ["E100 2:1"]),
        ("forall t: a", ["E100 2:8"]),
        ("a &&", ["E100 2:5"]),
        ("a b", ["E100 2:3"]),
        ("(((a)", ["E102 2:1", "E102 2:2"]),
        ("(a", ["E102 2:1"]),
    ],
)
def test_errors_in_an_expression(text: str, expected: list[str]) -> None:
    assert errors(expression(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("trasition t() { }", "E100 1:1"),
        ("if (a) { b = 1; }", "E100 1:1"),
        ("x = 1;", "E100 1:1"),
        ("}", "E102 1:1"),
        ("\0", "E104 1:1"),
        ("transition t { }", "E100 1:14"),
        ("transition init() { }", "E105 1:12"),
        ("enum count { a }", "E105 1:6"),
        ("def f() = a", "E101 1:12"),
        ("def f() = a\ndef g() = b;", "E101 1:12"),
        ("def f() = a\ntransition g() { }", "E101 1:12"),
        ("transition t() { x = 1;", "E102 1:16"),
        ("transition t() { x = 1;\ntransition u() { }", "E102 1:16"),
        ("transition t() { if (a) { x = 1;\n}\nstep invariant i: a;", "E102 1:16"),
        ("process p() { step a { x = 1; } } step b { y = 1; } }", "E100 1:35"),
        ("transition t() { x = 1; } }\ntransition u() { }", "E102 1:27"),
        ("state { bool x[4]; }", "E100 1:16"),
        ("state { int x; }", "E100 1:9"),
        ("state { bool state; }", "E105 1:14"),
        ("state { bool x y; bool z; }", "E100 1:16"),
        ("const unsigned N = 3;", "E100 1:7"),
        ("enum E { a, 2 }", "E100 1:13"),
        ("def f(t) = a;", "E100 1:7"),
        ("assume n(Page p): a;", "E100 1:9"),
        ("liveness l: a;", "E100 1:14"),
        ("deadlock;", "E100 1:9"),
        ("state bool a; bool b; }\ndef f() = a;", "E100 1:7"),
        ("fair transition t() x = 1; y = 2; }\ndef f() = a;", "E100 1:21"),
        ("process p() { step a x = 1; } fair step b { } }\ndef f() = a;", "E100 1:22"),
        ("enum E;\ndef f() = a;", "E100 1:7"),
        ("check c { expect violated; }", "E100 1:26"),
        ("check c { Page = 3 expect holds; }", "E100 1:20"),
        ("process p { local x; step a { } }", "E100 1:20"),
        ("/* a comment", "E104 1:1"),
    ],
)
def test_one_error_in_a_declaration(text: str, expected: str) -> None:
    assert errors(text) == [expected]


def test_every_mistake_is_found_once() -> None:
    text = """\
state { bool a; int b; bool c d; bool e; }
transition t() {
    require a = b;
    if (a) {
        x = ;
        y = 1
    }
    z == 1;
}
trasition u() { v = = 1; }
trasition w() { v = = 1; }
invariant i: a == b == c;
check c { Page = ; expect violated; }
"""
    assert errors(text) == [
        "E100 1:17",
        "E100 1:31",
        "E103 3:15",
        "E100 5:13",
        "E101 6:14",
        "E100 8:7",
        "E100 10:1",
        "E100 11:1",
        "E106 12:21",
        "E100 13:18",
        "E100 13:35",
    ]


def test_broken_declarations_keep_their_names() -> None:
    module, _ = run("/// doc\ntransition t[x] { free = init; }\ndef good() = a;")
    broken, good = module.declarations
    assert isinstance(broken, ast.BrokenDecl) and isinstance(good, ast.DefDecl)
    assert broken.names == {"t", "x", "free"}
    assert (broken.span.line, broken.span.column) == (2, 1)


def test_lost_statements_keep_their_names() -> None:
    module, _ = run("transition t() { let v = ; x = v; }")
    kept, broken = module.declarations
    assert isinstance(kept, ast.TransitionDecl) and len(kept.body) == 1
    assert isinstance(broken, ast.BrokenDecl) and broken.names == {"v"}


def test_repairs_lose_nothing() -> None:
    assert kinds("transition t() { x = 1 }") == ["TransitionDecl"]
    assert kinds("invariant i: a = b") == ["InvariantDecl"]
    assert kinds("state { int x; }") == ["StateBlock", "BrokenDecl"]
    assert kinds("transition t() { x = 1; } }\ntransition u() { }") == [
        "TransitionDecl",
        "BrokenDecl",
        "TransitionDecl",
    ]


def test_remedies_name_what_is_meant() -> None:
    def remedy(text: str) -> str:
        (diagnostic,) = run(text)[1]
        return diagnostic.remedy

    assert remedy("trasition t() { }") == "Did you mean `transition`?"
    assert remedy("def f() = 0x10;") == "Write it in decimal: 16."
    assert "`&&`" in remedy(expression("a and b"))
    assert "0..3" in remedy("state { int x; }")
    assert "`==`" in remedy(expression("a = b"))
    assert "`//`" in remedy("/* a */")
    assert "transition name(Task t)" in remedy("transition t { }")


DEEP = {
    "parentheses": "def f() = " + "(" * 10_000 + "a" + ")" * 10_000 + ";",
    "open parentheses": "def f() = " + "(" * 10_000 + "a;",
    "ifs": "transition t() { " + "if (a) { " * 5_000 + "}" * 5_000 + " }",
    "else ifs": "transition t() { if (a) { } " + "else if (a) { } " * 5_000 + " }",
    "open braces": "transition t() " + "{ " * 5_000,
    "negations": "def f() = " + "!" * 10_000 + "a;",
    "implications": "def f() = " + "a => " * 10_000 + "a;",
    "a long sum": "def f() = " + "a + " * 10_000 + "a;",
    "quantifiers": "def f() = " + "forall Task t: " * 5_000 + "a;",
    "indices": "def f() = a" + "[b]" * 5_000 + ";",
    "primes": "def f() = a" + "'" * 5_000 + ";",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_absurd_nesting(text: str) -> None:
    module, diagnostics = run(text + "\ndef good() = a;")
    assert [d.code for d in diagnostics] == ["E003"]
    assert [type(decl) for decl in module.declarations if not isinstance(decl, ast.BrokenDecl)] in (
        [ast.DefDecl],
        [],
    )


def test_wide_is_not_deep() -> None:
    assert errors("transition t() { " + "x = 1; " * 5_000 + "}") == []
    assert errors("state { " + "bool x; " * 5_000 + "}") == []
    assert errors("def f() = {" + "a, " * 5_000 + "a};") == []


def test_absurd_size() -> None:
    module, diagnostics = run("//" + "x" * 2_000_000)
    assert [d.code for d in diagnostics] == ["E003"]
    assert module.declarations == ()


def test_line_ends_and_columns() -> None:
    assert errors("def f() =\r\n\t\ta = b;\r\n") == ["E103 2:5"]
    assert errors("\ufeffdef f() = ;") == ["E100 1:12"]


def test_many_errors_end_in_time() -> None:
    assert len(errors("transition t() { " + "x = ; " * 500 + "}")) == 30
    assert len(errors("x = ;\ndef a() = a;\n" * 200)) == 200


PIECES = """spec import sort enum struct const state volatile init def transition process step local override
invariant reachable deadlock free liveness assume scenario check fair strong require let choose where if else
forall exists count assert reset goto exit null true any bool set in at by eventually always only expect holds
violated no model error x Task 1 0 ; { } ( ) [ ] , . .. : ' ! && || => == = < + - | & ? ~> -> ++ 'c' " /* \0 é
// ///""".split()  # noqa: SIM905


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "\n"]), max_size=40).map(" ".join))
def test_no_text_raises(text: str) -> None:
    module, diagnostics = run(text)
    assert isinstance(module, ast.Module)
    assert all(0 <= d.span.start <= d.span.end <= len(text) for d in diagnostics if d.span)
    if any(isinstance(decl, ast.BrokenDecl) for decl in module.declarations):
        assert diagnostics


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_characters_raise(text: str) -> None:
    run(text)
