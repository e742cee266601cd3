"""What the parser makes of correct text: every construct, precedence, places, documentation, the cache."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mmcheck.diagnostics import Collector
from mmcheck.source import SourceFile
from mmcheck.syntax import ast, grammar
from mmcheck.syntax.parser import parse
from mmcheck.syntax.printer import show, show_expr

EVERYTHING = """\
spec everything;
import gup;
sort Task = N + 1;
enum Data { zero, old, new, }
struct Entry { bool dirty; Block? block, other = null; };
const 0..4 N = 2;
const bool wait = true;
state { bool mapped[Task][0..3]; Data d[Page] = zero; -1..N - 1 n = 1; File? owner = any; Block b, c; }
volatile state { set Task waiting[Page]; }
init { n = 0; choose Task t; }
def plain() = n;
override def f(Task t, u, 0..N p, set Page s, Data? o) = t == u;
transition t1() { require a; x[i].f = any; let v = 1; assert v == 1; reset x, y; reset volatile; }
fair transition t2(Task t) { if (a) { } else if (b) { x = 1; } else { x = 2; } }
override strong fair transition t3() { forall Task t, Page p where a { m[t][p] = 0; } }
process remap(File f) {
    local Block? target; local 0..3 n = 0, k;
    step one { choose Block b where free(b); goto two; }
    strong fair step two { exit; }
}
fair process bare { step only { } }
override fair step remap.flush { }
invariant i: a; invariant j(Page p): a;
step invariant k(Page p): by(t1) => x' == f(p)' && by(remap.flush);
reachable r: remap[f] at flush; reachable e: remap[f] at exited;
deadlock free;
liveness l1(Task t): a ~> b;
liveness l2: eventually a;
liveness l3: always eventually a;
liveness l4: eventually always a;
assume s: forall Page p: a;
scenario short { t1(); }
scenario long(Task t, Page p) { map(t); remap.flush(p); blocked seal(); blocked(); assert e; }
check c {
    Page = 3; wait = false; only = 1; expect = 2;
    only p, q, deadlock free, no model error;
    expect violated p in 5 steps; expect violated p, q in 1 step; expect violated no;
    expect holds; expect holds p; expect unknown p; expect unknown;
}
"""


def parsed(text: str) -> ast.Module:
    collector = Collector()
    module = parse(SourceFile("test", text), collector)
    assert [(d.code, d.message, str(d.span)) for d in collector.diagnostics] == []
    return module


def expr(text: str) -> ast.Expr:
    (decl,) = parsed(f"def f() = {text};").declarations
    assert isinstance(decl, ast.DefDecl)
    return decl.body


def tree(expr: ast.Expr) -> str:
    """An expression with all parentheses that its operators could have."""
    match expr:
        case ast.Binary(op, left, right):
            return f"({tree(left)} {op.value} {tree(right)})"
        case ast.Unary(op, arg):
            return f"({op.value}{tree(arg)})"
        case ast.At(process, step):
            return f"({tree(process)} at {step.name})"
        case ast.Quantified(kind, _, _, body):
            return f"({kind.value}: {tree(body)})"
        case _:
            return show_expr(expr)


def test_every_construct() -> None:
    module = parsed(EVERYTHING)
    kinds = {type(decl) for decl in module.declarations}
    assert kinds == set(ast.Decl.__args__) - {ast.BrokenDecl}  # type: ignore[attr-defined]
    assert parsed(show(module)) == module


def test_declarations_in_detail() -> None:
    by_name = {decl.name.name: decl for decl in parsed(EVERYTHING).declarations if hasattr(decl, "name")}
    assert [b.name.name for b in by_name["f"].params] == ["t", "u", "p", "s", "o"]
    assert by_name["f"].params[0].type == by_name["f"].params[1].type
    assert by_name["t3"].fairness is ast.Fairness.STRONG and by_name["t3"].override
    assert by_name["remap.flush"].fairness is ast.Fairness.WEAK
    remap = by_name["remap"]
    assert [(x.name.name, x.init is not None) for x in remap.locals] == [
        ("target", False),
        ("n", True),
        ("k", False),
    ]
    assert [x.fairness for x in remap.steps] == [ast.Fairness.NONE, ast.Fairness.STRONG]
    assert [type(x).__name__ for x in by_name["long"].lines] == ["Fire", "Fire", "Blocked", "Fire", "Assert"]
    assert by_name["long"].lines[1].transition.name == "remap.flush"
    items = by_name["c"].items
    assert [x.name.name for x in items if isinstance(x, ast.Setting)] == ["Page", "wait", "only", "expect"]
    (only,) = [x for x in items if isinstance(x, ast.Only)]
    assert [x.name for x in only.properties] == ["p", "q", "deadlock free", "no model error"]
    expectations = [
        (x.expectation.value, len(x.properties), x.steps) for x in items if isinstance(x, ast.Expect)
    ]
    assert expectations == [
        ("violated", 1, 5),
        ("violated", 2, 1),
        ("violated", 1, None),
        ("holds", 0, None),
        ("holds", 1, None),
        ("unknown", 1, None),
        ("unknown", 0, None),
    ]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a <=> b => c", "(a <=> (b => c))"),
        ("a => b => c", "(a => (b => c))"),
        ("a <=> b <=> c", "((a <=> b) <=> c)"),
        ("a => b || c", "(a => (b || c))"),
        ("a || b && c || d", "((a || (b && c)) || d)"),
        ("a && !b && c", "((a && (!b)) && c)"),
        ("!a && b", "((!a) && b)"),
        ("!!a", "(!(!a))"),
        ("!x in s", "(!(x in s))"),
        ("!p at s && q", "((!(p at s)) && q)"),
        ("a == b && c < d", "((a == b) && (c < d))"),
        ("a == !b && c", "((a == (!b)) && c)"),
        ("(a == b) == c", "((a == b) == c)"),
        ("a + b - c | d & e", "((((a + b) - c) | d) & e)"),
        ("a + 1 == b - 1", "((a + 1) == (b - 1))"),
        ("-a + b", "((-a) + b)"),
        ("a - -1", "(a - (-1))"),
        ("x in s | t", "(x in (s | t))"),
        ("remap'[f] at flush && a", "((remap'[f] at flush) && a)"),
        ("a && forall Task t: b || c", "(a && (forall: (b || c)))"),
        ("forall Task t: a => b", "(forall: (a => b))"),
        ("1 + count Task t: a && b", "(1 + (count: (a && b)))"),
        ("!exists Task t where a == b: c", "(!(exists: c))"),
        ("x <= count(s) + 1", "(x <= (count(s) + 1))"),
        ("data'[p].f'", "data'[p].f'"),
        ("s == {a, b} | {}", "(s == ({a, b} | {}))"),
        ("(c ? a == b : d) == e", "((c ? a == b : d) == e)"),
    ],
)
def test_precedence(text: str, meaning: str) -> None:
    assert tree(expr(text)) == meaning


@pytest.mark.parametrize(
    "word",
    "free no model error steps holds violated unknown only expect blocked exited".split(),  # noqa: SIM905
)
def test_contextual_words_are_names(word: str) -> None:
    text = (
        f"def {word}({word} {word}) = {word}({word}.{word}[{word}]);\ntransition {word}() {{ {word} = 1; }}"
    )
    definition, transition = parsed(text).declarations
    assert isinstance(definition, ast.DefDecl) and definition.name.name == word
    assert isinstance(transition, ast.TransitionDecl) and transition.name.name == word


def test_documentation() -> None:
    text = """\
// no documentation
/// Of the block,
///   indented.
///
//// no documentation either
state {
    /// Of both.
    bool a, b; // nor this
    bool c;
}
process p {
    /// Of the local.
    local bool l;
    /// Of the step.
    fair step s { }
}
/// Of nothing.
"""
    block, process = parsed(text).declarations
    assert isinstance(block, ast.StateBlock) and isinstance(process, ast.ProcessDecl)
    assert block.doc == "Of the block,\n  indented.\n"
    assert [variable.doc for variable in block.variables] == ["Of both.", "Of both.", ""]
    assert (process.doc, process.locals[0].doc, process.steps[0].doc) == ("", "Of the local.", "Of the step.")


def test_spans() -> None:
    text = "// c\n/// doc\nfair transition t(Task t) {\n\tx[(a)] = (b + c) - d;\r\n}\n"
    module = parsed(text)
    assert (module.span.start, module.span.end) == (0, len(text))
    (decl,) = module.declarations
    assert isinstance(decl, ast.TransitionDecl)
    assert decl.span.text == "fair transition t(Task t) {\n\tx[(a)] = (b + c) - d;\r\n}"
    assert (decl.name.span.line, decl.name.span.column) == (3, 17)
    assert decl.params[0].span.text == "Task t"
    (assign,) = decl.body
    assert isinstance(assign, ast.Assign) and isinstance(assign.value, ast.Binary)
    assert (assign.span.line, assign.span.column) == (4, 2)
    assert assign.span.text == "x[(a)] = (b + c) - d;"
    assert assign.target.span.text == "x[(a)]"
    assert assign.value.span.text == "(b + c) - d"
    assert assign.value.left.span.text == "(b + c)"


@pytest.mark.parametrize(
    "text", ["", "\ufeff", "// only a comment", " \t\r\n", "\ufeff// ü\r\n", "/// documentation of nothing"]
)
def test_empty_files(text: str) -> None:
    assert parsed(text).declarations == ()


def test_layout_does_not_matter() -> None:
    text = "\ufeffdef f() = a\t&&\tb; // ∀ ü\ndef g() = c;"
    spaced = text.replace(" ", "\r\n\t").replace("// ∀ ü".replace(" ", "\r\n\t"), "// ∀ ü")
    assert parsed(text) == parsed("def f()=a&&b;def g()=c;")
    assert parsed(spaced.replace("//\r\n\t∀\r\n\tü", "// ∀ ü")) == parsed(text)


def test_braces_of_sets_end_no_declaration() -> None:
    text = """\
invariant a: s == {x} && forall Task t where t in {x, y}: (c ? {} : {x}) == s;
step invariant b: {x} == {y};
override def c() = {x};
def d() = e({x});
transition t() { x = {y}; {x} = 2; if (s == {x}) { } forall Task t where t in {x} { } }
"""
    assert len(parsed(text).declarations) == 5


def test_speed() -> None:
    block = "transition t(Task t) {\n" + "    require a && !b[t] || c == d + 1;\n    x[t] = y;\n" * 4 + "}\n"
    text = block * 20
    assert text.count("\n") == 200
    parsed(text)
    best = min(_time(text) for _ in range(5))
    assert best < 0.1, f"{best:.3f} s"


def _time(text: str) -> float:
    start = time.perf_counter()
    parsed(text)
    return time.perf_counter() - start


# --- the cache of the tables -----------------------------------------------------------------------------


def _works(loaded: grammar.Grammar) -> bool:
    return "SEMICOLON" in loaded.texts and len(loaded.parser({}).accepts()) > 10  # type: ignore[no-untyped-call]


def test_cache_is_written_and_read(tmp_path: Path) -> None:
    assert _works(grammar.load(tmp_path))
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    assert _works(grammar.load(tmp_path))
    assert file.stat().st_mtime_ns == written


@pytest.mark.parametrize("keep", [0, 10, 70, 5_000])
def test_damaged_cache_is_harmless(tmp_path: Path, keep: int) -> None:
    grammar.load(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:keep])
    assert _works(grammar.load(tmp_path))
    file.write_bytes(file.read_bytes()[:70] + b"garbage" * 50)
    assert _works(grammar.load(tmp_path))


def test_unwritable_cache_is_harmless(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a directory")
    assert _works(grammar.load(occupied))
    assert _works(grammar.load(occupied / "below"))
    with_directory = tmp_path / "tables"
    grammar.load(with_directory)
    (file,) = with_directory.iterdir()
    file.unlink()
    file.mkdir()
    assert _works(grammar.load(with_directory))


def test_cache_is_for_one_grammar_only() -> None:
    assert grammar._key("one") != grammar._key("two")
