"""The plugin for pytest, in pytest: which specs are collected, and what a check says that fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SPEC = """\
spec toy;
sort Page = 2;
state { bool dirty[Page]; bool sealed; }
transition write(Page p) { require !dirty[p]; dirty[p] = true; }
transition seal() { sealed = true; }
invariant clean: sealed => forall Page p: !dirty[p];

check broken { expect violated clean in 2 steps; }

check meant {}
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with a spec. The plugin is that of this tree, whether or not another one is installed."""
    (pytester.path / "toy.mmc").write_text(SPEC, encoding="utf-8")
    pytester.plugins = []
    return pytester


def outcome(run: pytest.Pytester, *words: str) -> pytest.RunResult:
    plugin = (
        "-p",
        "no:mmcheck",
        "-p",
        "mmcheck.pytest_plugin",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
    )
    # In a process of its own: a pytest inside of pytest forgets the modules that it loads, and what half of a
    # package registered of itself stays.
    return run.runpytest_subprocess(*plugin, *words)


def test_a_check_is_a_test(run: pytest.Pytester) -> None:
    result = outcome(run, "toy.mmc", "-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["toy.mmc::broken PASSED*", "toy.mmc::meant FAILED*"])


def test_a_failure_shows_the_counterexample_and_no_traceback(run: pytest.Pytester) -> None:
    result = outcome(run, "toy.mmc::meant")
    result.stdout.fnmatch_lines(
        [
            "*check meant*",
            "clean: violated in 2 steps",
            "*counterexample to clean in 2 steps:*",
            "*dirty[[]Page#0[]]*",
            "FAILED toy.mmc::meant - clean: violated in 2 steps",
        ]
    )
    assert "Traceback" not in result.stdout.str() and "pytest_plugin.py" not in result.stdout.str()


def test_specs_in_folders_are_collected_when_that_is_asked_for(run: pytest.Pytester) -> None:
    run.makepyfile("def test_of_its_own(): pass")
    outcome(run).assert_outcomes(passed=1)
    outcome(run, "--mmcheck").assert_outcomes(passed=2, failed=1)
    run.makeini("[pytest]\nmmcheck = true\n")
    outcome(run).assert_outcomes(passed=2, failed=1)
    outcome(run, "-k", "broken").assert_outcomes(passed=1, deselected=2)


def test_a_spec_with_errors_is_an_error_with_its_diagnostics(run: pytest.Pytester) -> None:
    (run.path / "toy.mmc").write_text(SPEC.replace("sealed =>", "seald =>"), encoding="utf-8")
    result = outcome(run, "toy.mmc")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*toy.mmc:6:*error[[]E200[]]*seald*", "*did you mean `sealed`*"])
    assert "Traceback" not in result.stdout.str()


def test_a_check_that_makes_no_sense_fails_with_its_diagnostics(run: pytest.Pytester) -> None:
    absurd = "check none { } init { require sealed && !sealed; }"
    (run.path / "toy.mmc").write_text(SPEC + absurd, encoding="utf-8")
    result = outcome(run, "toy.mmc::none")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*E504*no initial state*"])


def test_what_has_no_verdict_is_skipped_and_never_passes(run: pytest.Pytester) -> None:
    result = outcome(run, "toy.mmc", "--mmcheck-timeout", "1ms", "-rs")
    assert result.parseoutcomes().get("passed", 0) < 2
    large = "spec large;\nsort Page = 4;\nstate { 0..99 n[Page]; }\n"
    large += "transition more(Page p) { n[p] = (n[p] < 99 ? n[p] + 1 : 0); }\n"
    (run.path / "large.mmc").write_text(large, encoding="utf-8")
    run.makeini("[pytest]\nmmcheck_timeout = 200ms\n")
    result = outcome(run, "large.mmc", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*no verdict: the time limit of 0.2 s was reached*"])


def test_a_duration_that_is_none_is_refused(run: pytest.Pytester) -> None:
    result = outcome(run, "toy.mmc", "--mmcheck-timeout", "soon")
    # Once, and before anything is collected.
    assert result.stderr.str().count("'soon' is not a duration") == 1
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in result.stdout.str()


def test_warnings_are_warnings(run: pytest.Pytester) -> None:
    kind = "mmcheck.pytest_plugin.MmcheckWarning"
    idle = "transition idle() { require sealed && !sealed; }\n"
    (run.path / "toy.mmc").write_text(SPEC.replace("invariant", idle + "invariant"), encoding="utf-8")
    result = outcome(run, "toy.mmc::broken", "-W", "ignore", "-W", f"default::{kind}")
    result.assert_outcomes(passed=1, warnings=1)
    told = "*W600: `idle` never fired*toy.mmc:6:1*"
    result.stdout.fnmatch_lines([f"*MmcheckWarning: {told}"])
    result = outcome(run, "toy.mmc::broken", "-W", "ignore", "-W", f"error::{kind}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([told])
    assert "pytest_plugin.py" not in result.stdout.str()


def test_verdicts_are_remembered(
    run: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMCHECK_CACHE", str(tmp_path_factory.mktemp("cache")))
    outcome(run, "toy.mmc").assert_outcomes(passed=1, failed=1)

    def never(*_: object) -> None:
        raise AssertionError("this was to be remembered")

    monkeypatch.setattr("mmcheck.session.verify", never)
    result = outcome(run, "toy.mmc")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*remembered: verified on*", "*counterexample to clean*"])


def test_who_has_no_specs_does_not_wait_for_them() -> None:
    program = (
        "import sys, mmcheck.pytest_plugin\n"
        "print([m for m in ('lark', 'rich', 'numpy', 'click', 'mmcheck.session') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_plugin_is_declared() -> None:
    assert 'mmcheck = "mmcheck.pytest_plugin"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
