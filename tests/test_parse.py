"""`mmcheck parse`: every mistake that can be seen without a search, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mmcheck.cli.group import mmcheck

MODEL = "sort Page = 2;\nstate { bool dirty[Page]; }\ntransition write(Page p) { dirty[p] = true; }\n"
SPEC = "import pages;\ninvariant clean: forall Page p: !dirty[p];\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pages.mmc").write_text(MODEL, encoding="utf-8")
    (tmp_path / "toy.mmc").write_text(SPEC, encoding="utf-8")
    return tmp_path


def parse(*words: str) -> Result:
    return CliRunner().invoke(mmcheck, ["parse", *words])


def test_what_is_violated_is_no_mistake(folder: Path) -> None:
    result = parse(".")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "mmcheck: OK: 2 specs read\n"


def test_every_mistake_is_told_once(folder: Path) -> None:
    (folder / "pages.mmc").write_text(MODEL.replace("true", "tru"), encoding="utf-8")
    (folder / "toy.mmc").write_text(SPEC + "check large { Page = 100; }\n", encoding="utf-8")
    result = parse(".")
    assert result.exit_code == 2
    assert result.stderr.count("E200") == 1
    assert result.stderr.splitlines()[-1].startswith("mmcheck: ERROR: ")


def test_a_check_that_makes_no_sense_is_told(folder: Path) -> None:
    (folder / "toy.mmc").write_text(SPEC + "check large { Page = 100; }\n", encoding="utf-8")
    result = parse("toy.mmc")
    assert result.exit_code == 2 and "E503" in result.stderr


def test_importers_of_a_model(folder: Path) -> None:
    (folder / "pages.mmc").write_text(MODEL.replace("dirty", "stale"), encoding="utf-8")
    assert parse("pages.mmc").exit_code == 0
    result = parse("pages.mmc", "--importers")
    assert result.exit_code == 2 and "toy.mmc:2:" in result.stderr


def test_a_path_that_leads_nowhere(folder: Path) -> None:
    assert parse("nowhere.mmc").exit_code == 2
    assert parse().exit_code == 2
