"""Names in an editor: every name of the shipped specs is known, and each leads where it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmcheck.diagnostics import Collector
from mmcheck.editing.analysis import Analysis, analyse
from mmcheck.editing.hover import hover
from mmcheck.editing.looking import definitions, occurrences
from mmcheck.editing.symbols import Kind, Role
from mmcheck.syntax import ast
from mmcheck.syntax.grammar import grammar
from mmcheck.syntax.lexer import lex

ROOT = Path(__file__).parent.parent.parent
SHIPPED = sorted([*ROOT.glob("specs/*.mmc"), *ROOT.glob("models/*.mmc"), *ROOT.glob("docs/examples/*.mmc")])

TEXT = """\
spec all;
sort Task = 2;
enum Data { zero, one }
struct Entry { Data value; bool dirty; }
const bool fast = true;
state { Entry table[Task]; Data value; set Task owners; }
def is_set(Task t) = table[t].value == one;
process remap(Task t) {
    local Data? value;
    step first { value = one; goto second; }
    step second { let e = table[t]; table[t].dirty = e.dirty; }
}
transition write(Task t, Data d) {
    choose Task u where u != t && remap[u] at first;
    forall Task t where is_set(t) { table[t].value = d; }
    if (remap[t].value == null) { value = d; }
    reset owners;
}
step invariant steady(Task t): by(write) || by(remap.second) => table'[t].value == table[t].value;
scenario example(Task t) { write(t, one); remap.first(t); blocked remap . first(t); assert value == one; }
check a { fast = false; Task = 3; only steady; expect holds steady; }
"""


def read(text: str) -> Analysis:
    return analyse(Path("/nowhere/all.mmc"), text)


def leads_to(text: str, place: str, shift: int = 0) -> tuple[int, str, Kind]:
    """The line of what a name means, its text and its kind, for the name at the beginning of a text."""
    analysis = read(text)
    found = analysis.index.at(analysis.path, text.index(place) + shift)
    assert found is not None
    return found.definition.span.line, found.span.text, found.definition.kind


@pytest.mark.parametrize(
    ("place", "shift", "line", "kind"),
    [
        ("value = one; goto", 0, 9, Kind.PROCESS_LOCAL),
        ("second; }", 0, 11, Kind.STEP),
        ("e.dirty", 2, 4, Kind.FIELD),
        ("e.dirty", 0, 11, Kind.LOCAL),
        ("u != t", 0, 14, Kind.LOCAL),
        ("u != t", 5, 13, Kind.PARAMETER),
        ("first;\n", 0, 10, Kind.STEP),
        ("t) { table[t].value = d", 0, 15, Kind.LOCAL),
        ("table[t].value = d", 9, 4, Kind.FIELD),
        ("remap[t].value", 9, 9, Kind.PROCESS_LOCAL),
        ("value = d; }\n    reset", 0, 6, Kind.VARIABLE),
        ("owners;", 0, 6, Kind.VARIABLE),
        ("write) ||", 0, 13, Kind.TRANSITION),
        ("remap.second) =>", 6, 11, Kind.STEP),
        ("remap.second) =>", 0, 8, Kind.PROCESS),
        ("table'", 0, 6, Kind.VARIABLE),
        ("remap . first", 8, 10, Kind.STEP),
        ("fast = false", 0, 5, Kind.CONSTANT),
        ("Task = 3", 0, 2, Kind.SORT),
        ("steady; expect", 0, 19, Kind.PROPERTY),
        ("one); remap", 0, 3, Kind.ENUM_VALUE),
        ("is_set(t) {", 0, 7, Kind.DEF),
    ],
)
def test_what_a_name_means(place: str, shift: int, line: int, kind: Kind) -> None:
    assert leads_to(TEXT, place, shift)[0::2] == (line, kind)


def test_the_text_is_a_spec() -> None:
    assert read(TEXT).diagnostics == ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_name_of_the_shipped_specs_is_known(path: Path) -> None:
    analysis = analyse(path, path.read_text())
    modules = [d.name for d in analysis.declarations if isinstance(d, ast.SpecName)]
    modules += [d.module for d in analysis.declarations if isinstance(d, ast.Import)]
    known = {o.span.start for o in analysis.index.places[analysis.path]} | {m.span.start for m in modules}
    tokens = lex(analysis.source, grammar().types, Collector()).tokens
    assert [t for t in tokens if t.type == "NAME" and t.start not in known] == []


def test_declarations_are_found_once() -> None:
    analysis = read(TEXT)
    for place in analysis.index.places[analysis.path]:
        declaring = [o for o in analysis.index.of(place.definition) if o.role is Role.DECLARES]
        assert len(declaring) == 1, place


def test_an_override_is_where_a_name_leads_first(tmp_path: Path) -> None:
    (tmp_path / "base.mmc").write_text("spec base;\ndef hook() = true;\ntransition t() { require hook(); }\n")
    text = "spec top;\nimport base;\noverride def hook() = false;\ninvariant i: hook();\n"
    analysis = analyse(tmp_path / "top.mmc", text)
    found = definitions(analysis, text.index("hook();"))
    assert [(Path(span.file.name).name, span.line) for span in found] == [("top.mmc", 3), ("base.mmc", 2)]
    assert [span.start for span in definitions(analysis, text.index("base;"))] == [0]
    told = hover(analysis, text.index("hook();"))
    assert told is not None and told.markdown.endswith("*def, declared in base.mmc, overridden in top.mmc*")
    assert [o.role for o in occurrences(analysis, text.index("hook();"))] == [Role.OVERRIDES, Role.USES]


def test_texts_with_errors_are_known_as_far_as_they_can_be() -> None:
    broken = TEXT.replace("reset owners;", "reset ;").replace("local Data? value;", "local Data? ;")
    analysis = read(broken)
    assert analysis.spec is None and analysis.diagnostics
    assert leads_to(broken, "is_set(t) {")[0] == 7
