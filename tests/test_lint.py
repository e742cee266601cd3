"""`mmcheck lint`: what it finds, what a comment allows, and how it says so; what is shipped is clean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mmcheck
from mmcheck.cli.group import mmcheck as command_line

ROOT = Path(__file__).parent.parent
SHIPPED = [
    path for folder in ("specs", "models", "docs/examples") for path in sorted((ROOT / folder).glob("*.mmc"))
]
HEAD = """\
sort Task = 2;
enum E { a, b }
state { bool m[Task]; E e; 0..3 n; }
transition t(Task t) { m[t] = !m[t]; e = b; n = (n < 3 && e == b ? n + 1 : 0); }
reachable r: exists Task t: m[t] && n == 2;
check all {}
"""


def found(text: str) -> list[tuple[int, str]]:
    """The line and the code of everything that lint says."""
    return [(d.span.line if d.span else 0, d.code) for d in mmcheck.lint_text(text)]


def more(text: str) -> list[str]:
    """What lint says of something that stands behind a spec of which it says nothing."""
    return [code for line, code in found(HEAD + text) if line > HEAD.count("\n")]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_shipped_is_clean(path: Path) -> None:
    assert mmcheck.lint_file(path).diagnostics == ()


def test_the_starter_is_clean() -> None:
    text = (ROOT / "mmcheck" / "cli" / "starter.mmc").read_text(encoding="utf-8")
    assert found(text.replace("NAME", "begun")) == []


def test_head_is_clean() -> None:
    assert found(HEAD) == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("state { bool x; }", ["W610", "W611"]),
        ("state { bool x = any; } invariant i: x || !x;", []),
        ("state { bool x; } init { x = true; } invariant i: x || !x;", []),
        ("volatile state { bool x; } transition u() { reset volatile; } invariant i: !x;", ["W611"]),
        ("state { bool x; } transition u() { reset x; } invariant i: !x;", []),
        ("state { bool x[Task]; } transition u(Task t) { x[t] = true; }", ["W610"]),
        ("state { Task? x[Task]; } transition u(Task t, Task u) { m[x[t]] = true; x[u] = t; }", []),
        ("sort Page = 2;", ["W612"]),
        ("struct S { Task? o; bool b; }", ["W612"]),
        ("enum F { c, d }", ["W612"]),
        ("enum F { c, d, g } state { F f; } transition u() { f = d; } invariant i: f != c;", ["W613"]),
        ("enum F { c, d, g } state { F f; } transition u() { f = any; } invariant i: f != c;", []),
        ("enum F { c, d, g } state { bool f[F]; } transition u(F x) { f[x] = true; } invariant i: f[c];", []),
        ("const bool k = true;", ["W614"]),
        ("const 0..3 k = 1; const 0..3 l = k; state { 0..l x = any; } invariant i: x < 2;", []),
        ("def f() = n;", ["W614"]),
        ("def f() = n; invariant i: f() < 4;", []),
        ("def f(Task u) = n; invariant i(Task t): f(t) < 4;", ["W615"]),
        ("def hook(Task u) = true; invariant i(Task t): hook(t) || m[t];", []),
        ("invariant i(Task u): n < 4;", ["W615"]),
        ("transition u() { choose Task v; n = 1; }", ["W615"]),
        ("transition u() { choose Task v where m[v]; n = 1; }", []),
        ("transition u() { let v = n; n = 1; }", ["W615"]),
        ("transition u() { forall Task v { n = 1; } }", []),  # refused: an error
        ("invariant i: (count Task v: true) == n || n < 4;", []),
        ("scenario s(Task x, Task y) { t(x); }", []),
        ("process p(Task u) { step one { n = 1; } }", []),
        ("invariant i: forall Task n: m[n];", ["W616"]),
        ("transition u(Task v) { if (m[v]) { let v = n; n = v; } }", ["W616"]),
        ("invariant i: (forall Task v: m[v]) || (exists Task v: !m[v]);", []),
        ("check same { Task = 2; }", ["W618"]),
        ("check other { Task = 3; }", []),
        ("invariant i: n < 4; check other { only r; }", []),
        ("invariant i: 1 < 2;", ["W619"]),
        ("step invariant i: by(t);", []),
        ("const bool k = false; transition u() { require k; n = 1; }", ["W620"]),
        ("const bool k = false; transition u() { require k; n = 1; } check with { k = true; }", []),
    ],
)  # fmt: skip
def test_what_is_found(text: str, codes: list[str]) -> None:
    assert [code for code in more(text) if code.startswith("W")] == codes


def test_a_module_is_not_told_of_what_others_may_use() -> None:
    module = "sort Task = 2; enum E { a, b } const bool k = true; state { bool x; } def f(Task t) = !x;"
    assert found(module) == []
    assert found(f"{module} invariant i(Task t): x; ") == [(1, "W615")]


def test_what_is_imported_is_judged_by_itself(tmp_path: Path) -> None:
    (tmp_path / "part.mmc").write_text("sort Page = 2; invariant i(Page p): true;", encoding="utf-8")
    (tmp_path / "whole.mmc").write_text(f"import part;\n{HEAD}", encoding="utf-8")
    assert mmcheck.lint_file(tmp_path / "whole.mmc").diagnostics == ()


# --- allowances ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("// mmcheck: allow W614 because it is new\nconst bool k = true;", []),
        ("const bool k = true; // mmcheck: allow W614 because it is new", []),
        ("// mmcheck: allow W614, W612 because\n// it is\n/// Documented.\n\nconst bool k = true;", ["W606"]),
        ("// mmcheck: allow w614 because it is new\nconst bool k = true;", []),
        ("// mmcheck: allow W615 because it is new\nconst bool k = true;", ["W606", "W614"]),
        ("// mmcheck: allow W614\nconst bool k = true;", ["W606", "W614"]),
        ("// mmcheck: allow W614 because\nconst bool k = true;", ["W606", "W614"]),
        ("// mmcheck: forbid W614\nconst bool k = true;", ["W606", "W614"]),
        ("// mmcheck: allow E200, W999 because it is new\n", ["W606", "W606"]),
        ("/// mmcheck: allow W614 because it is documentation\nconst bool k = true;", ["W614"]),
        ("// mmcheck: allow W600 because only a search could tell\ntransition u() { n = 1; }", []),
        ("// mmcheck: allow W615 because all of it\ninvariant i(Task u):\n  forall Task v: n < 4;", []),
        ("// mmcheck: allow W612 because\n// mmcheck: allow W614 because x\nconst bool k = true;", ["W606"]),
    ],
)  # fmt: skip
def test_what_is_allowed(text: str, codes: list[str]) -> None:
    assert more(text) == codes


def test_a_whole_file_is_allowed_above_its_name() -> None:
    text = f"// mmcheck: allow W614 because it is a draft\nspec s;\n{HEAD}const bool k = true;\ndef f() = n;"
    assert found(text) == []


UNFIRED = """\
state {{ bool a; }}
transition t() {{ a = true; }}
{allowance}
transition never() {{ require a && !a; a = false; }}
reachable r: a;
{at_check}
check all {{}}
check again {{ only r; }}
"""


@pytest.mark.parametrize(
    ("allowance", "at_check", "left"),
    [
        ("", "", ["all", "again"]),
        ("// mmcheck: allow W600 because it is to come", "", []),
        ("// mmcheck: allow W600", "", ["all", "again"]),
        ("", "// mmcheck: allow W600 because it is to come", ["again"]),
    ],
)
def test_verify_leaves_out_what_is_allowed(allowance: str, at_check: str, left: list[str]) -> None:
    text = UNFIRED.format(allowance=allowance, at_check=at_check)
    outcome = mmcheck.verify(mmcheck.loads(text))
    assert [c.check.name for c in outcome.checks for w in c.warnings if w.code == "W600"] == left


def test_a_run_over_several_files_leaves_it_out_as_well(tmp_path: Path) -> None:
    path = tmp_path / "s.mmc"
    path.write_text(UNFIRED.format(allowance="", at_check=""), encoding="utf-8")
    kept = [o for o in mmcheck.verify_files([str(path)]) if any(c.warnings for c in o.checks)]
    allowance = "// mmcheck: allow W600 because it is to come"
    path.write_text(UNFIRED.format(allowance=allowance, at_check=""), encoding="utf-8")
    left = [o for o in mmcheck.verify_files([str(path)]) if any(c.warnings for c in o.checks)]
    assert (len(kept), len(left)) == (1, 0)


def test_a_branch_is_allowed_within_its_transition(tmp_path: Path) -> None:
    path = tmp_path / "s.mmc"
    branch = (
        "state { 0..3 n; } transition t() {\n// mmcheck: allow W603 because of later\n"
        "if (n == 3) { n = 2; } else { n = 1; } }"
    )
    path.write_text(f"{branch} invariant i: n < 3;", encoding="utf-8")
    assert mmcheck.lint_file(path, deep=True).diagnostics == ()
    path.write_text(f"{branch.replace('== 3', '== 1')} invariant i: n < 3;", encoding="utf-8")
    assert [d.code for d in mmcheck.lint_file(path, deep=True).diagnostics] == ["W606"]
    assert mmcheck.lint_file(path).diagnostics == ()


# --- the command -----------------------------------------------------------------------------------------


def lint(*args: str) -> Result:
    return CliRunner().invoke(command_line, ["lint", *args], prog_name="mmcheck")


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "s.mmc"
    path.write_text(f"{HEAD}const bool k = true;\n", encoding="utf-8")
    return path


def test_text(spec: Path) -> None:
    result = lint("s.mmc")
    assert result.exit_code == 1
    assert result.stdout.startswith("s.mmc:7:12: warning[W614]: nothing uses the constant `k`\n")
    assert result.stderr == "mmcheck: FAIL: 1 warning in 1 file\n"


def test_json(spec: Path) -> None:
    document = json.loads(lint("s.mmc", "--format", "json").stdout)
    assert document["exit_code"] == 1 and document["specs"] == []
    assert [d["code"] for d in document["diagnostics"]] == ["W614"]


def test_sarif(spec: Path) -> None:
    document = json.loads(lint("s.mmc", "--format", "sarif").stdout)
    (result,) = document["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("W614", "warning")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "s.mmc"


def test_errors_come_first(spec: Path) -> None:
    spec.with_name("broken.mmc").write_text("sort = 1;", encoding="utf-8")
    result = lint(".")
    assert result.exit_code == 2
    assert "broken.mmc:1:6: error[E100]" in result.stderr
    assert result.stderr.endswith("mmcheck: ERROR: 1 error, 1 warning in 2 files\n")
    assert lint().exit_code == 2


def test_a_limit_of_a_deep_search(spec: Path) -> None:
    spec.write_text(HEAD, encoding="utf-8")
    result = lint("--deep", "--max-states", "2", "s.mmc")
    assert result.exit_code == 3
    assert result.stderr.endswith("mmcheck: UNKNOWN: 0 warnings in 1 file; a limit came first in 1 check\n")
    assert lint("--deep", "s.mmc").exit_code == 0
