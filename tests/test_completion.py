"""Completion: what a shell is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from mmcheck.cli.group import mmcheck

ROOT = Path(__file__).parent.parent
VARIABLE = "_MMCHECK_COMPLETE"


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("mmcheck expl", ["plain,explore", "plain,explain"]),
        ("mmcheck lint --format s", ["plain,sarif"]),
        ("mmcheck fmt docs/ex", ["file,docs/ex"]),
        ("mmcheck why", ["plain,why-not"]),
        ("mmcheck verify --repo", ["plain,--report"]),
        ("mmcheck verify docs/ex", ["file,docs/ex"]),
        ("mmcheck verify --report sar", ["plain,sarif:"]),
        ("mmcheck verify --report html:docs/ex", ["plain,html:docs/examples/"]),
        ("mmcheck verify --format jun", ["plain,junit"]),
        ("mmcheck verify specs/memfd_seal.mmc --check me", ["plain,merged"]),
        ("mmcheck why-not specs/memfd_seal.mmc --check me", ["plain,merged"]),
        ("mmcheck graph specs/memfd_seal.mmc --check me", ["plain,merged"]),
        ("mmcheck explore docs/examples/seal.mmc --property s", ["plain,sealed_data_stays"]),
        ("mmcheck watch docs/examples --property sealed_is", ["plain,sealed_is_frozen"]),
        ("mmcheck verify specs/memfd_seal.mmc --set T", ["plain,Task="]),
        ("mmcheck mutate docs/ex", ["file,docs/ex"]),
        ("mmcheck explain w60", [f"plain,W60{i}" for i in range(3)]),
    ],
)
def test_what_is_offered(line: str, offered: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
    told = BashComplete(mmcheck, {}, "mmcheck", VARIABLE).complete().splitlines()
    assert told[: len(offered)] == offered


@pytest.mark.parametrize("words", ["--check d", "no_such.mmc --check d", "broken.mmc --check d"])
def test_without_a_spec_that_can_be_read_no_name_is_offered(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.mmc").write_text("spec broken; state {", encoding="utf-8")
    line = f"mmcheck verify {words}"
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
    assert BashComplete(mmcheck, {}, "mmcheck", VARIABLE).complete() == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_lines_of_the_page_work(shell: str) -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    instruction = f"{VARIABLE}={shell}_source"
    assert f"{instruction} mmcheck" in page
    done = subprocess.run(
        ["env", instruction, sys.executable, "-c", "from mmcheck.__main__ import main; main()"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{VARIABLE}={shell}_complete" in done.stdout
