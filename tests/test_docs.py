"""The documentation is true: its examples do what the pages say, and every code has a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pages import ROOT, Block, blocks

import mmcheck
from mmcheck.cli.group import mmcheck as command_line
from mmcheck.core.outcome import Ending, SpecOutcome
from mmcheck.diagnostics import CODES

ERRORS = ROOT / "docs" / "errors"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [block for page in PAGES for block in blocks(page)]
SPECS = [block for block in BLOCKS if block.language == "mmc"]
COMMANDS = [block for block in BLOCKS if block.language == "console"]
PROGRAMS = [block for block in BLOCKS if block.language == "python"]

SECTIONS = ["What it means", "Example", "How to mend it", "Why"]


def verified(block: Block, folder: Path) -> SpecOutcome:
    """The outcome of an example, with the files that stand beside it."""
    for name, text in block.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    spec = folder / "example.mmc"
    spec.write_text(block.text, encoding="utf-8")
    return mmcheck.verify_file(str(spec))


def codes(outcome: SpecOutcome) -> set[str]:
    return {d.code for d in outcome.diagnostics}


@pytest.mark.parametrize("block", SPECS, ids=str)
def test_example_is_as_its_page_says(block: Block, tmp_path: Path) -> None:
    outcome = verified(block, tmp_path)
    wanted = block.attributes.get("error")
    assert codes(outcome) == ({wanted} if wanted else set()), outcome.diagnostics
    if wanted is None:
        assert outcome.ending is Ending.AS_EXPECTED, outcome
    warnings = {w.code for check in outcome.checks for w in check.warnings}
    if "warning" in block.attributes:
        assert warnings == {block.attributes["warning"]}
    elif wanted is None and "in" not in block.attributes:
        assert not warnings


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Run a command that a page shows, from the root of the repository."""
    name, *words = command.split()
    assert name == "mmcheck"
    monkeypatch.chdir(ROOT)
    return CliRunner().invoke(command_line, words, prog_name="mmcheck")


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_command_prints_what_its_page_shows(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    output = ""
    for line in block.text.splitlines():
        if line.startswith("$ "):
            output = run(line[2:], monkeypatch).output
        elif line.strip() not in ("", "..."):
            pattern = "[^\n]*".join(map(re.escape, line.rstrip().split("…")))
            found = re.search(rf"^{pattern} *$", output, re.MULTILINE)
            assert found is not None, f"{line!r} is not in the rest of the output:\n{output}"
            output = output[found.end() :]


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
def test_program_runs(
    block: Block, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(block.text, str(block), "exec"), {})
    assert capsys.readouterr().out


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    pages = {page.stem for page in ERRORS.glob("*.md")} - {"README"}
    assert pages == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_page_of_a_code_has_the_uniform_shape(code: str) -> None:
    page = ERRORS / f"{code}.md"
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {code}: {CODES[code]}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS


@pytest.mark.parametrize("code", CODES)
def test_page_shows_how_a_code_comes_about_and_how_to_mend_it(code: str) -> None:
    """An example that gives the code, and one that does not; both are run by the tests above."""
    own = list(blocks(ERRORS / f"{code}.md"))
    broken = [b for b in own if b.section == "Example"]
    mended = [b for b in own if b.section == "How to mend it"]
    assert any(
        code in (b.attributes.get("error"), b.attributes.get("warning"))
        or (b.language == "console" and code in b.text)
        for b in broken
    )
    assert mended and all(code not in (*b.attributes.values(), *b.text.split()) for b in mended)


def test_index_lists_every_code_with_its_title() -> None:
    text = (ERRORS / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(\w+)\]\(\w+\.md\) \| (.*) \|$", text, re.MULTILINE) == list(CODES.items())


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith(("http:", "https:", "mailto:")):
                assert (page.parent / target).exists(), f"{page}: {target}"
