"""The documentation is true: its examples do what the pages say, and every code has a page."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pages import ROOT, Block, blocks

import mmcheck
from mmcheck.cli.group import mmcheck as command_line
from mmcheck.core.outcome import Ending, SpecOutcome
from mmcheck.diagnostics import CODES
from mmcheck.syntax.lexer import CONTEXTUAL_WORDS

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
    if "to" in block.attributes:
        return  # How it ends is shown by the commands that follow.
    if wanted is None:
        assert outcome.ending is Ending.AS_EXPECTED, outcome
    warnings = {w.code for check in outcome.checks for w in check.warnings}
    if "warning" in block.attributes:
        assert warnings == {block.attributes["warning"]}
    elif wanted is None and "in" not in block.attributes:
        assert not warnings


def suspicions(block: Block, folder: Path) -> set[str]:
    """What lint says of an example, a search included."""
    spec = folder / "linted.mmc"
    spec.write_text(block.text, encoding="utf-8")
    return {d.code for d in mmcheck.lint_file(spec, deep=True).diagnostics}


@pytest.mark.parametrize("block", [b for b in SPECS if "lint" in b.attributes], ids=str)
def test_lint_says_what_a_page_says(block: Block, tmp_path: Path) -> None:
    assert block.attributes["lint"] in suspicions(block, tmp_path)


@pytest.mark.parametrize("code", [code for code in CODES if code > "W605"])
def test_lint_says_no_more_when_it_is_mended(code: str, tmp_path: Path) -> None:
    (mended,) = [b for b in blocks(ERRORS / f"{code}.md") if b.section == "How to mend it"]
    assert suspicions(mended, tmp_path) == set()


def run(command: str) -> Result:
    """Run a command that a page shows, in the current folder."""
    name, *words = shlex.split(command)
    assert name in ("mmcheck", "scripts/mmcheck")
    return CliRunner().invoke(command_line, words, prog_name="mmcheck")


def pattern_of(line: str) -> str:
    """What a line of output may be: `…` stands for anything, and a time for any other."""
    text = "[^\n]*".join(map(re.escape, line.rstrip().split("…")))
    return re.sub(r"\d+\\\.\d+\\ s\b", r"[0-9.]+ s", text)


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_command_prints_what_its_page_shows(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands run from the root of the repository, or beside the file that their page has written so far."""
    monkeypatch.chdir(tmp_path if "with" in block.attributes else ROOT)
    for name, text in block.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    output = ""
    for line in block.text.splitlines():
        if line.startswith("$ "):
            output = run(line[2:]).output
        elif line.strip() not in ("", "..."):
            found = re.search(rf"^{pattern_of(line)} *$", output, re.MULTILINE)
            assert found is not None, f"{line!r} is not in the rest of the output:\n{output}"
            output = output[found.end() :]


def test_every_stage_of_the_tutorial_is_followed_by_a_command() -> None:
    """So that no piece that a reader adds goes unverified, and no command shows an older file."""
    steps = list(blocks(ROOT / "docs" / "tutorial.md"))
    pieces = [block for block in steps if block.language == "mmc"]
    assert len(pieces) > 8 and all("to" in block.attributes for block in pieces)
    for piece, following in pairwise(steps):
        if piece.language == "mmc" and following.language == "console":
            assert following.files == {piece.attributes["to"]: piece.text}
    assert steps[-1].language == "console"


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
        code in (b.attributes.get("error"), b.attributes.get("warning"), b.attributes.get("lint"))
        or (b.language == "console" and code in b.text)
        for b in broken
    )
    assert mended and all(code not in (*b.attributes.values(), *b.text.split()) for b in mended)


def test_index_lists_every_code_with_its_title() -> None:
    text = (ERRORS / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(\w+)\]\(\w+\.md\) \| (.*) \|$", text, re.MULTILINE) == list(CODES.items())


def test_reserved_words_are_those_of_the_grammar() -> None:
    grammar = (ROOT / "mmcheck" / "syntax" / "grammar.lark").read_text(encoding="utf-8")
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    listed = re.search(r"### Reserved words\n\n```\n(.*?)```\n\n`(.*?)`", text, re.DOTALL)
    assert listed is not None
    reserved, contextual = (set(words.split()) for words in listed.groups())
    assert contextual == CONTEXTUAL_WORDS
    assert reserved == set(re.findall(r'"([a-z]+)"', grammar)) - CONTEXTUAL_WORDS


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith(("http:", "https:", "mailto:")):
                assert (page.parent / target).exists(), f"{page}: {target}"
