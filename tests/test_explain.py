"""`mmcheck explain`: a page for every code, readable in a terminal."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from mmcheck.cli.group import mmcheck
from mmcheck.diagnostics import CODES


def explain(*args: str) -> Result:
    return CliRunner().invoke(mmcheck, ["explain", *args], prog_name="mmcheck")


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    result = explain(code)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"# {code}: {CODES[code]}")
    assert "## How to mend it" in result.stdout
    assert result.stderr == f"mmcheck: OK: {code}, {CODES[code]}\n"
    # What only the tests and a browser can use is left out.
    assert "```mmc " not in result.stdout and "](" not in result.stdout


def test_files_of_an_example_are_named() -> None:
    assert "```mmc\n// pins.mmc\nsort Page = 2;" in explain("E013").stdout


def test_several_in_any_case() -> None:
    result = explain("e302", " w600")
    assert result.stdout.count("## What it means") == 2
    assert result.stderr == f"mmcheck: OK: E302, {CODES['E302']}; W600, {CODES['W600']}\n"


def test_all_codes_are_listed() -> None:
    result = explain()
    assert result.stdout.splitlines() == [f"{code}  {title}" for code, title in CODES.items()]
    assert result.exit_code == 0


@pytest.mark.parametrize("code", ["E9999", "nonsense", ""])
def test_a_code_that_does_not_exist(code: str) -> None:
    result = explain("E300", code)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith(f"mmcheck: ERROR: there is no code {code!r}; ")


def test_a_near_miss_is_suggested() -> None:
    assert "did you mean E302?" in explain("EE302").stderr


def test_colours_set_off_headings() -> None:
    assert "\x1b[1m# E302" in explain("E302", "--color", "always").stdout
    assert "\x1b[" not in explain("E302").stdout


def test_help_shows_examples() -> None:
    text = explain("--help").stdout
    assert "Examples:" in text and "Default: the list of all codes" in text.replace("\n  ", " ")
