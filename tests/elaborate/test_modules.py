"""Imports: where modules are looked up, what is merged, and overrides."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmcheck
from mmcheck.elaborate import places


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / (name.replace("__", "/") + ".mmc")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def names(path: Path) -> list[str]:
    return [v.name for v in mmcheck.load(path).declared.system.variables]


def codes(path: Path) -> list[str]:
    with pytest.raises(mmcheck.SpecError) as caught:
        mmcheck.load(path)
    return [d.code for d in caught.value.diagnostics]


def test_beside_the_file_comes_before_the_project_and_before_what_is_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, project = tmp_path / "shipped", tmp_path / "project"
    monkeypatch.setattr(places, "SHIPPED", shipped)
    write(shipped, m="state { bool from_shipped; }")
    write(project, specs__deep__s="import m;")
    (project / ".git").mkdir()
    write(tmp_path, models__m="state { bool from_outside; }")
    spec = project / "specs" / "deep" / "s.mmc"
    assert names(spec) == ["from_shipped"]
    write(project, models__m="state { bool from_project; }")
    assert names(spec) == ["from_project"]
    write(project, specs__models__m="state { bool from_nearer; }")
    assert names(spec) == ["from_nearer"]
    write(project, specs__deep__m="state { bool from_beside; }")
    assert names(spec) == ["from_beside"]


def test_shipped_models_are_there(tmp_path: Path) -> None:
    for model in sorted(places.SHIPPED.glob("*.mmc")):
        write(tmp_path, s=f"import {model.stem};")
        assert mmcheck.load(tmp_path / "s.mmc").declared.system.name == "s"


def test_one_file_imported_twice_is_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        base="state { bool x; }",
        left="import base; state { bool l; }",
        right="import base; state { bool r; }",
        top="import left; import right; import base; state { bool t; }",
    )
    assert names(tmp_path / "top.mmc") == ["x", "l", "r", "t"]


def test_cycles_and_what_is_missing(tmp_path: Path) -> None:
    write(tmp_path, a="import b;", b="import c;", c="import a;", own="import own;", none="import nothing_;")
    assert codes(tmp_path / "a.mmc") == ["E011"]
    assert codes(tmp_path / "own.mmc") == ["E011"]
    assert codes(tmp_path / "none.mmc") == ["E010"]


def test_a_name_declared_in_two_modules(tmp_path: Path) -> None:
    write(tmp_path, a="state { bool x; }", b="state { bool x; }", top="import a; import b;")
    with pytest.raises(mmcheck.SpecError) as caught:
        mmcheck.load(tmp_path / "top.mmc")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E201" and diagnostic.span is not None and diagnostic.notes[0].span is not None
    assert {diagnostic.span.file.name[-5:], diagnostic.notes[0].span.file.name[-5:]} == {"a.mmc", "b.mmc"}


BASE = """
state { 0..3 n; }
def step_() = 1;
transition up() { require n < 3; n = n + step_(); }
process p() { step one { n = 0; } step two { n = 1; } }
"""


def test_overrides(tmp_path: Path) -> None:
    write(
        tmp_path,
        base=BASE,
        top="""
        import base;
        override def step_() = 2;
        override transition up() { require n < 2; n = n + step_(); }
        override step p.two { n = 3; }
        """,
    )
    system = mmcheck.load(tmp_path / "top.mmc").declared.system
    assert [t.name for t in system.transitions] == ["up", "p.one", "p.two"]
    assert repr(system.transition("up").body) == "((require (< n 2)), (set n (as 0..3 (+ n 2))))"
    assert "(set n 3)" in repr(system.transition("p.two").body)


def test_an_override_of_an_override(tmp_path: Path) -> None:
    write(
        tmp_path,
        base=BASE,
        first="import base; override transition up() { require n == 0; n = 1; }",
        second="import first; override transition up() { require n == 1; n = 2; }",
        other="import base; override transition up() { n = 0; }",
        both="import first; import other;",
    )
    system = mmcheck.load(tmp_path / "second.mmc").declared.system
    assert repr(system.transition("up").body) == "((require (= n 1)), (set n 2))"
    assert codes(tmp_path / "both.mmc") == ["E014"]


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ("override transition down() { n = 0; }", "E012"),
        ("override step p.three { n = 0; }", "E012"),
        ("override def other() = 1;", "E012"),
        ("override transition up(0..3 k) { n = k; }", "E013"),
        ("override def step_(0..1 k) = k;", "E013"),
        ("transition here() { n = 0; } override transition here() { n = 1; }", "E012"),
    ],
)
def test_overrides_that_do_not_fit(tmp_path: Path, override: str, code: str) -> None:
    write(tmp_path, base=BASE, top=f"import base; {override}")
    assert code in codes(tmp_path / "top.mmc")


def test_checks_of_an_imported_file_are_its_own(tmp_path: Path) -> None:
    write(tmp_path, base=BASE + "check theirs { }", top="import base; check ours { }")
    assert [c.name for c in mmcheck.load(tmp_path / "top.mmc").checks] == ["ours"]
