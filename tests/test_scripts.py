"""The scripts that set up a checkout, with stand-ins for the interpreter and the tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ["ruff", "ruff", "mypy", "lint-imports", "pytest"]


def put(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


class Checkout:
    """A copy of the scripts, in a folder with a space, whose environment is up to date and does nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stamps = [path / ".venv" / f"installed-{what}" for what in ("package", "dev")]
        shutil.copytree(ROOT / "scripts", path / "scripts")
        shutil.copy(ROOT / "pyproject.toml", path)
        put(path / ".venv/bin/python", f'echo "python $*"; echo "python $*" >>{path.parent}/calls')
        for tool in TOOLS:
            put(path / ".venv/bin" / tool, f'echo "{tool} $*"')
        self.up_to_date()

    def up_to_date(self) -> None:
        for stamp in self.stamps:
            stamp.write_text(f"{self.path.resolve()}\n{(self.path / 'pyproject.toml').read_text('utf-8')}")

    def calls(self) -> list[str]:
        """What the interpreter was asked to do."""
        log = self.path.parent / "calls"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.path / "scripts" / script, *arguments],
            cwd=self.path.parent,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a checkout")


def test_mmcheck_says_nothing_of_its_own(checkout: Checkout) -> None:
    done = checkout.run("mmcheck", "verify", "a file.mmc")
    assert (done.stdout, done.stderr, done.returncode) == ("python -m mmcheck verify a file.mmc\n", "", 0)


def test_a_failure_of_mmcheck_is_passed_on(checkout: Checkout) -> None:
    put(checkout.path / ".venv/bin/python", "exit 3")
    assert checkout.run("mmcheck", "verify", "specs").returncode == 3


def test_a_changed_pyproject_is_installed_once(checkout: Checkout) -> None:
    with (checkout.path / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    assert checkout.run("venv").stderr == "scripts/venv: installing mmcheck into .venv\n"
    assert checkout.run("venv").stderr == ""
    assert "tools for developing" in checkout.run("venv", "dev").stderr
    assert checkout.run("venv", "dev").stderr == checkout.run("venv").stderr == ""
    installed = [call.partition("--editable ")[2] for call in checkout.calls() if " install " in call]
    assert installed == [".", ".[dev]"]


def test_a_failed_installation_is_shown_and_tried_again(checkout: Checkout) -> None:
    checkout.stamps[0].unlink()
    put(checkout.path / ".venv/bin/python", 'case "$*" in *install*) echo "no network"; exit 1;; esac')
    for _ in range(2):
        done = checkout.run("mmcheck", "--version")
        assert done.returncode == 2
        assert "no network" in done.stderr


def test_a_checkout_that_was_moved_gets_a_new_environment(checkout: Checkout) -> None:
    (checkout.path / ".venv/place").write_text("/elsewhere\n", encoding="utf-8")
    checkout.stamps[0].write_text("/elsewhere\n", encoding="utf-8")
    put(checkout.path.parent / "python3", "exit 0")
    done = checkout.run("venv", PYTHON=str(checkout.path.parent / "python3"))
    assert done.returncode == 0
    assert done.stderr.startswith("scripts/venv: making .venv\n")


def test_without_a_new_enough_python_it_says_what_to_do(checkout: Checkout) -> None:
    shutil.rmtree(checkout.path / ".venv")
    done = checkout.run("mmcheck", "--version", PYTHON="false")
    assert done.returncode == 2
    assert "there is no Python 3.11 or newer; install one, or name it: PYTHON=" in done.stderr


def test_check_runs_every_tool_and_pytest_last(checkout: Checkout) -> None:
    done = checkout.run("check", "-k", "grammar")
    assert done.returncode == 0
    said = [line.split()[0] for line in done.stdout.splitlines() if not line.startswith("==")]
    assert said == TOOLS
    assert done.stdout.endswith("pytest --numprocesses auto --dist worksteal -k grammar\n")


@pytest.mark.parametrize("broken", sorted(set(TOOLS)))
def test_check_fails_with_any_tool_but_runs_the_others(checkout: Checkout, broken: str) -> None:
    put(checkout.path / ".venv/bin" / broken, f"echo {broken}; exit 1")
    done = checkout.run("check")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines() if not line.startswith("==")] == TOOLS
    if broken != "pytest":
        assert f"== failed so far: {broken}" in done.stdout
