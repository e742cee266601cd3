"""`mmcheck fmt`: which files it changes, which it leaves alone, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mmcheck
from mmcheck.cli import fmt as command
from mmcheck.cli.group import mmcheck as command_line
from mmcheck.syntax.formatting.formatter import MeaningChangedError

UGLY = "sort  A=2;\nstate{bool a;}  // c\n"
PRETTY = "sort A = 2;\nstate { bool a; }    // c\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ugly.mmc").write_text(UGLY, encoding="utf-8")
    (tmp_path / "pretty.mmc").write_text(PRETTY, encoding="utf-8")
    return tmp_path


def fmt(*args: str, input: str | bytes | None = None) -> Result:
    return CliRunner().invoke(command_line, ["fmt", *args], prog_name="mmcheck", input=input)


def test_files_are_formatted_in_place(folder: Path) -> None:
    (folder / "ugly.mmc").chmod(0o640)
    before = (folder / "pretty.mmc").stat().st_mtime_ns
    result = fmt(".")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "formatted ugly.mmc\nmmcheck: OK: 1 file formatted, 1 file as before\n"
    assert (folder / "ugly.mmc").read_text(encoding="utf-8") == PRETTY
    assert (folder / "ugly.mmc").stat().st_mode & 0o777 == 0o640
    assert (folder / "pretty.mmc").stat().st_mtime_ns == before
    assert sorted(path.name for path in folder.iterdir()) == ["pretty.mmc", "ugly.mmc"]


def test_check_names_files_and_changes_none(folder: Path) -> None:
    result = fmt("--check", ".")
    assert (result.exit_code, result.stdout) == (1, "ugly.mmc\n")
    assert result.stderr == "mmcheck: FAIL: 1 file not formatted, 1 file formatted\n"
    assert (folder / "ugly.mmc").read_text(encoding="utf-8") == UGLY
    assert fmt("--check", "pretty.mmc").exit_code == 0


def test_diff_is_a_patch(folder: Path) -> None:
    result = fmt("--diff", ".")
    assert result.exit_code == 1
    assert result.stdout == (
        "--- ugly.mmc\n+++ ugly.mmc (formatted)\n@@ -1,2 +1,2 @@\n-sort  A=2;\n-state{bool a;}  // c\n"
        "+sort A = 2;\n+state { bool a; }    // c\n"
    )
    assert (folder / "ugly.mmc").read_text(encoding="utf-8") == UGLY
    assert fmt("--diff", "pretty.mmc").stdout == ""


def test_stdin_goes_to_stdout(folder: Path) -> None:
    result = fmt("-", input=UGLY)
    assert (result.exit_code, result.stdout) == (0, PRETTY)
    assert fmt("--check", "-", input=UGLY).stdout == "<stdin>\n"
    assert fmt("-", input="sort = 1;").stdout == ""


def test_a_file_with_errors_is_left_alone_and_the_others_are_not(folder: Path) -> None:
    (folder / "broken.mmc").write_text("sort  A = ;\n", encoding="utf-8")
    result = fmt("broken.mmc", "ugly.mmc", "nowhere.mmc")
    assert result.exit_code == 2
    assert "broken.mmc:1:11: error[E100]" in result.stderr
    assert "error[E001]: `nowhere.mmc` cannot be read" in result.stderr
    assert result.stderr.endswith("mmcheck: ERROR: 1 file formatted, 2 files with errors left alone\n")
    assert (folder / "broken.mmc").read_text(encoding="utf-8") == "sort  A = ;\n"
    assert (folder / "ugly.mmc").read_text(encoding="utf-8") == PRETTY


@pytest.mark.parametrize("args", [(), ("-", "x.mmc")])
def test_wrong_usage(args: tuple[str, ...]) -> None:
    result = fmt(*args)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("mmcheck: ERROR: ")


def test_what_is_not_text_is_an_error() -> None:
    result = fmt("-", input=b"// \xe9\n")
    assert result.exit_code == 2
    assert "error[E002]: stdin is not UTF-8 text (byte 3 is 0xe9)" in result.stderr


def test_a_bug_of_the_formatter_costs_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, name: str) -> str:
        raise MeaningChangedError(name)

    monkeypatch.setattr(command, "format_text", broken)
    result = fmt("ugly.mmc")
    assert result.exit_code == 4
    assert "ugly.mmc is left alone: formatting it would change its meaning" in result.stderr
    assert (folder / "ugly.mmc").read_text(encoding="utf-8") == UGLY


def test_the_python_interface() -> None:
    assert mmcheck.format_text(UGLY) == PRETTY
    with pytest.raises(mmcheck.SpecError):
        mmcheck.format_text("sort")
