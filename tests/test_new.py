"""`mmcheck new`: a starter that verifies, written where nothing was."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mmcheck
from mmcheck.cli.group import mmcheck as command_line
from mmcheck.core.outcome import Ending


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*args: str) -> Result:
    return CliRunner().invoke(command_line, ["new", *args], prog_name="mmcheck")


def test_the_starter_verifies_without_a_warning(folder: Path) -> None:
    result = new("writeback")
    assert result.exit_code == 0
    assert result.stderr == "mmcheck: OK: wrote writeback.mmc; next: mmcheck verify writeback.mmc\n"
    outcome = mmcheck.verify_file("writeback.mmc")
    assert outcome.ending is Ending.AS_EXPECTED
    assert outcome.name == "writeback"
    assert [warning for check in outcome.checks for warning in check.warnings] == []
    assert [check.check.name for check in outcome.checks] == ["proposed", "cleaned_last", "scenarios"]


@pytest.mark.parametrize(
    ("args", "path"),
    [((), "design.mmc"), (("a",), "a.mmc"), (("a.mmc",), "a.mmc"), (("sub/b",), "sub/b.mmc")],
)
def test_where_it_is_written(folder: Path, args: tuple[str, ...], path: str) -> None:
    (folder / "sub").mkdir()
    assert new(*args).exit_code == 0
    assert [str(p.relative_to(folder)) for p in folder.rglob("*.mmc")] == [path]


def test_nothing_is_overwritten(folder: Path) -> None:
    (folder / "design.mmc").write_text("mine", encoding="utf-8")
    result = new()
    assert result.exit_code == 2
    assert result.stderr == ("mmcheck: ERROR: design.mmc exists, and is left as it is; choose another name\n")
    assert (folder / "design.mmc").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["spec", "3pages", "a b", "x;", "écrit", "a-b", "", "nowhere/x"])
def test_what_cannot_be_written_leaves_nothing(folder: Path, name: str) -> None:
    result = new(name)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("mmcheck: ERROR: ")
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_missing_is_named(folder: Path) -> None:
    assert new("no/where/x").stderr == "mmcheck: ERROR: there is no folder no/where; make it first\n"


def test_help_shows_examples() -> None:
    text = new("--help").stdout
    assert "Examples:" in text and "Default: design" in text.replace("\n  ", " ")
