"""The formatter: its layout, and that it keeps what a text means and says, whatever the text looked like."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import specs
from test_printer import declarations, node, tuples

from mmcheck.diagnostics import Collector, SpecError
from mmcheck.source import SourceFile
from mmcheck.syntax import ast
from mmcheck.syntax.formatting.breaking import WIDTH
from mmcheck.syntax.formatting.formatter import format_text
from mmcheck.syntax.grammar import grammar
from mmcheck.syntax.lexer import lex
from mmcheck.syntax.parser import parse
from mmcheck.syntax.printer import show

ROOT = Path(__file__).parent.parent.parent
SHIPPED = [
    *sorted((ROOT / "specs").glob("*.mmc")),
    *sorted((ROOT / "models").glob("*.mmc")),
    *sorted((ROOT / "docs" / "examples").glob("*.mmc")),
]
CASES = sorted((ROOT / "tests" / "cases").rglob("*.mmc"))


def read(text: str) -> tuple[ast.Module, list[str]]:
    """The tree of a text, and its comments in order."""
    source, collector = SourceFile("test", text), Collector()
    module = parse(source, collector)
    assert collector.diagnostics == [], text
    return module, [c.text for c in lex(source, grammar().types, Collector()).comments]


def check(text: str) -> str:
    """Format, and see that nothing is lost and that it is done once and for all. The formatter compares as
    well; here it is not believed."""
    formatted = format_text(text)
    assert read(formatted) == read(text)
    assert format_text(formatted) == formatted
    assert all(line == line.rstrip() for line in formatted.split("\n"))
    return formatted


# --- the layout ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("def  f( Task t )=a&&b ;", "def f(Task t) = a && b;\n"),
        ("state{bool a ;0 .. N - 1 n[ Task ];Task ? t;}", "state { bool a; 0..N-1 n[Task]; Task? t; }\n"),
        ("invariant i :! a||- n<- 1;", "invariant i: !a || -n < -1;\n"),
        ("invariant i(Page p):x ' [p] == {a , b};", "invariant i(Page p): x'[p] == {a, b};\n"),
        ("def f() = ( c?a:(b) );", "def f() = (c ? a : (b));\n"),
        ("transition t( ) { }", "transition t() {}\n"),
        ("def f() = count ( s )+count Task t,u:by( t )&&p[t]  at s;",
         "def f() = count(s) + count Task t, u: by(t) && p[t] at s;\n"),
        ("transition t()\n{\n  if(a)\n  {\n x=1; }\n  else { y=2; } }",
         "transition t() {\n    if (a) {\n        x = 1;\n    } else {\n        y = 2;\n    }\n}\n"),
        ("transition t() { if (a) { } else if (b) { x = 1; } }",
         "transition t() { if (a) {} else if (b) { x = 1; } }\n"),
        ("def f() =\n   a &&\n      b;", "def f() =\n    a\n    && b;\n"),
        ("def f()\n = a;", "def f() =\n    a;\n"),
        ("def f() =\nforall Task t:\nexists Task u:\na || b;",
         "def f() =\n    forall Task t:\n        exists Task u:\n            a || b;\n"),
        ("check c { only a,\n b; }", "check c {\n    only a,\n        b;\n}\n"),
        ("enum E { a,\n b\n, c, }", "enum E {\n    a,\n    b, c,\n}\n"),
        ("struct S { bool a; };sort T=2;", "struct S { bool a; };\nsort T = 2;\n"),
        ("\n\n\nsort A = 1;\n\n\n\nsort B = 1;\n\n\n", "sort A = 1;\n\nsort B = 1;\n"),
        ("init {\n\n x = 1;\n\n\n y = 1;\n\n}", "init {\n    x = 1;\n\n    y = 1;\n}\n"),
        ("def f() = - -a + - - 1; state { - - 1 .. n - - 1 x; }",
         "def f() = - -a + - -1;\nstate { - -1..n- -1 x; }\n"),
        ("state { 0 .. (a in s) + 1 x; }", "state { 0..(a in s)+1 x; }\n"),
        ("", ""),
        ("  // only this  \n", "// only this\n"),
    ],
)  # fmt: skip
def test_layout(text: str, formatted: str) -> None:
    assert check(text) == formatted


def test_comments_stay_where_they_are() -> None:
    text = """\
// first

///  documentation
sort Task=2;// behind
   // above
enum E { // the values
  a, // one
  // between
  b
  // last
}
state { bool x;       // of x
        // goes on at the margin
        bool long_name; // of the other
                        // and more of it
}
transition t() { // begins
  require a // a part
     && b; // the end
  // alone
  if (a) { x = 1; } // then
  // otherwise
  else { x = 2; }
  // before the brace
} // behind the brace
// the end
"""
    assert (
        check(text)
        == """\
// first

///  documentation
sort Task = 2;    // behind

// above
enum E {    // the values
    a,    // one
    // between
    b
    // last
}

state {
    bool x;    // of x
    // goes on at the margin
    bool long_name;    // of the other
                       // and more of it
}

transition t() {    // begins
    require a    // a part
        && b;    // the end
    // alone
    if (a) {
        x = 1;
    }    // then
    // otherwise
    else {
        x = 2;
    }
    // before the brace
}    // behind the brace
// the end
"""
    )


def test_tables_are_kept() -> None:
    """The columns that someone made, as wide as they must be; where nobody made any, there are none."""
    text = """\
transition a(Task t)    { require x;   y = 1; }
transition long()       { require xyz; y = 2; }
transition b()          { z = 1; }
transition c() { z = 1; }
transition dd() { z = 1; }

check e    {}
check long { x = 1; }
"""
    assert (
        check(text)
        == """\
transition a(Task t) { require x;   y = 1; }
transition long()    { require xyz; y = 2; }
transition b()       { z = 1; }
transition c() { z = 1; }
transition dd() { z = 1; }

check e    {}
check long { x = 1; }
"""
    )


def test_a_long_line_is_broken_at_its_loosest_operators() -> None:
    names = [f"a_condition_with_a_long_name_{i}" for i in range(6)]
    text = check(f"invariant i(Task t): {names[0]} && ({' || '.join(names)}) => {' && '.join(names)};")
    assert max(map(len, text.split("\n"))) <= WIDTH
    assert (
        text
        == f"""\
invariant i(Task t):
    {names[0]}
    && ({" || ".join(names[:3])}
    || {" || ".join(names[3:])})
    => {" && ".join(names[:3])}
    && {" && ".join(names[3:])};
"""
    )


def test_line_ends_are_kept_and_a_mark_of_the_encoding_is_not() -> None:
    assert format_text("\ufeffsort A=1; // c\r\nsort B=1;\r\n") == "sort A = 1;    // c\r\nsort B = 1;\r\n"


def test_a_text_with_errors_is_not_formatted() -> None:
    with pytest.raises(SpecError) as error:
        format_text("sort A = ;\ndef f( = 1;", "here.mmc")
    assert [d.code for d in error.value.diagnostics] == ["E100", "E102"]
    assert str(error.value.diagnostics[0].span) == "here.mmc:1:10"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_shipped_is_formatted(path: Path) -> None:
    """Its own check of what a text means is tested above and below; here it is enough."""
    text = path.read_text(encoding="utf-8")
    assert format_text(text) == text


def test_the_starter_is_formatted() -> None:
    text = (ROOT / "mmcheck" / "cli" / "starter.mmc").read_text(encoding="utf-8")
    assert format_text(text) == text


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_keeps_its_meaning(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", errors="replace")
    try:
        format_text(text)
    except SpecError:
        return
    check(text)


# --- random texts ----------------------------------------------------------------------------------------


GAPS = [" "] * 6 + [
    "\n", "  ", "\n\n\n", " // a\n", "\n// b  \n", " //! c\n  // d\n", "\n\n  //e\n\n", "\t"
]  # fmt: skip


def disarranged(text: str, random: Random) -> str:
    """The same tokens with other space between them, and with comments."""
    tokens = lex(SourceFile("test", text), grammar().types, Collector()).tokens
    often = random.random()
    out, end = "", 0
    for token in tokens:
        documented = text[end : token.start]
        gap = random.choice(GAPS) if random.random() < often else " "
        out += (documented if "///" in documented else gap) + token.text
        end = token.end
    return out + random.choice(GAPS)


@settings(max_examples=25, deadline=None)
@given(tuples(declarations, 1, 4), st.randoms(use_true_random=False))
def test_any_text_keeps_its_meaning_and_its_comments(declared: tuple[ast.Decl, ...], random: Random) -> None:
    check(disarranged(show(node(ast.Module, declared)), random))


@settings(max_examples=6, deadline=None)
@given(specs(), st.randoms(use_true_random=False))
def test_any_spec_keeps_its_meaning(spec: str, random: Random) -> None:
    check(spec)
    check(disarranged(spec, random))
