"""README.md is true: its commands print what it shows, its specs are the files it names, its links resolve.

Blocks that begin with ```` ```console ```` hold commands behind `$`, each followed by all that it prints;
`pytest --regenerate` writes what is printed now into them. The block of ```` ```sh ```` is the set-up, which
is not run here: `scripts/check` is what runs this test, and `tests/test_scripts.py` is about both scripts.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmcheck.cli.exits import Exit

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

CONSOLE = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
SPEC = re.compile(r"^\[`(\S+\.mmc)`\]\(\1\):\n\n```c\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SET_UP = re.compile(r"(?<=^```sh\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)(?:#[^)]*)?\)")
TIME = re.compile(r",\s+\d[\d.]* s,\s+")


def redacted(text: str) -> str:
    """A text without times, and without the line ends around them, which depend on their length."""
    return TIME.sub(", T s, ", text)


def commands(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output shown."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def printed(command: str) -> str:
    """What a command prints in the root of the repository, on both streams. `scripts/mmcheck` stands for the
    mmcheck that is tested."""
    script, *arguments = command.split()
    assert script == "scripts/mmcheck", f"{script} is not a command that can be tested"
    done = subprocess.run(
        [sys.executable, "-m", "mmcheck", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.stdout


def test_commands_print_what_is_shown(request: pytest.FixtureRequest) -> None:
    text = README.read_text(encoding="utf-8")
    shown = CONSOLE.findall(text)
    run = ["".join(f"$ {c}\n{printed(c)}\n" for c, _ in commands(block)).rstrip() + "\n" for block in shown]
    if request.config.getoption("--regenerate"):
        new = iter(run)
        README.write_text(CONSOLE.sub(lambda _: next(new), text), encoding="utf-8")
        return
    assert [redacted(block) for block in shown] == [redacted(block) for block in run]
    assert len(shown) >= 2


def test_specs_are_the_files_that_are_named() -> None:
    shown = dict(SPEC.findall(README.read_text(encoding="utf-8")))
    assert shown == {name: (ROOT / name).read_text(encoding="utf-8") for name in shown}
    assert len(shown) >= 2


def test_set_up_runs_scripts_that_are_there() -> None:
    (block,) = SET_UP.findall(README.read_text(encoding="utf-8"))
    scripts = [line.split()[0] for line in block.splitlines()]
    assert scripts == ["scripts/mmcheck", "scripts/check"]
    assert all((ROOT / script).stat().st_mode & 0o111 for script in scripts)


def test_verdicts_explained_are_those_shown() -> None:
    text = README.read_text(encoding="utf-8")
    explained = re.findall(r"^\| ((?:proved|violated)[^|]*\d[^|]*?) \|", text, re.MULTILINE)
    assert len(explained) == 2
    assert [verdict for verdict in explained if verdict not in "".join(CONSOLE.findall(text))] == []


def test_exit_codes_are_all_told() -> None:
    told = re.findall(r"^\| (\d+) \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(code) for code in told] == list(Exit)


def test_hooks_are_those_that_are_offered() -> None:
    offered = re.findall(
        r"^- id: (\S+)$", (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"), re.M
    )
    assert re.findall(r"- id: (\S+)", README.read_text(encoding="utf-8")) == offered


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / target).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    pages = {path for path in index.parent.iterdir() if path.suffix == ".md" and path != index}
    assert pages <= listed


def test_files_that_contributing_names_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`([\w./]+/[\w./]*)`", text) if "CODE" not in name}
    assert {name for name in named if not (ROOT / name).exists()} == set()
    assert len(named) > 20
