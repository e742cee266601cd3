"""The hooks that others put into their `.pre-commit-config.yaml`, run by the real pre-commit."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmcheck.cli.group import COMMANDS

ROOT = Path(__file__).parent.parent
NOT_COMMITTED = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", "__pycache__", "*.egg-info", "dist", "build"
)

CONFIG = """\
repos:
  - repo: {hooks}
    rev: {revision}
    hooks:
      - id: mmcheck-parse
      - id: mmcheck-verify
      - id: mmcheck-verify-full
"""

MODEL = """\
sort Page = 2;
def may_dirty(Page p) = !pinned[p];
state { bool pinned[Page]; bool dirty[Page]; }
transition pin(Page p) { require !dirty[p]; pinned[p] = true; }
transition store(Page p) { require may_dirty(p); dirty[p] = true; }
"""
CARELESS = MODEL.replace("= !pinned[p]", "= true")

SPEC = """\
spec seal;
import pages;
invariant pinned_pages_are_clean(Page p): pinned[p] => !dirty[p];
"""
ABSURD = SPEC.replace("!dirty[p]", "dirty[p]")


class Repository:
    """A scratch git repository."""

    def __init__(self, path: Path, home: Path) -> None:
        self.path = path
        # Run from a git hook, git and pre-commit would take the repository of that hook for this one.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PRE_COMMIT", "SKIP"))}
        self.environment = {
            **inherited,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "PRE_COMMIT_HOME": str(home),
            "MMCHECK_CACHE": str(path.parent / f"{path.name}-cache"),
        }
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.path, env=self.environment, capture_output=True, text=True, check=False
        )

    def git(self, *arguments: str) -> str:
        done = self.run("git", "-c", "user.name=Test", "-c", "user.email=test@example.org", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.path / {"pages": "models/pages.mmc", "seal": "specs/seal.mmc"}[name]
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A state")

    def pre_commit(self, *arguments: str) -> tuple[int, str]:
        """The exit code of `pre-commit run` on what is staged, and all that it says."""
        done = self.run(sys.executable, "-m", "pre_commit", "run", *arguments)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The working tree of this project as a commit: pre-commit takes its hooks from commits only.

    What is slow to set up is the environment that pre-commit makes for a commit. So parallel workers share
    the commit and the place of the environments."""
    temporary = tmp_path_factory.getbasetemp()
    shared = temporary.parent if "PYTEST_XDIST_WORKER" in os.environ else temporary
    with (shared / "hooks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = shared / "mmcheck"
        is_first = not path.exists()
        if is_first:
            shutil.copytree(ROOT, path, ignore=NOT_COMMITTED)
        repository = Repository(path, shared / "pre-commit")
        if is_first:
            repository.commit()
    return repository


@pytest.fixture
def repository(hooks: Repository, tmp_path: Path) -> Repository:
    """A project with a model, a spec that imports it, and the hook."""
    made = Repository(tmp_path / "project", Path(hooks.environment["PRE_COMMIT_HOME"]))
    revision = hooks.git("rev-parse", "HEAD")
    config = CONFIG.format(hooks=hooks.path, revision=revision)
    config += "      - id: mmcheck-fmt\n        stages: [manual]\n"
    (made.path / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    made.write(pages=MODEL, seal=SPEC)
    made.git("add", "--all")
    return made


def test_a_good_spec_passes(repository: Repository) -> None:
    code, said = repository.pre_commit()
    assert "Passed" in said, said
    assert code == 0


def test_a_bad_spec_fails_and_its_counterexample_is_shown(repository: Repository) -> None:
    repository.write(seal=ABSURD)
    repository.git("add", "--all")
    code, said = repository.pre_commit()
    assert code == 1, said
    assert "- exit code: 1" in said
    assert "counterexample to pinned_pages_are_clean for p = Page#0, in 1 step" in said


def test_a_spec_is_verified_when_a_model_that_it_imports_changes(repository: Repository) -> None:
    repository.commit()
    repository.write(pages=CARELESS)
    repository.git("add", "models")
    code, said = repository.pre_commit()
    assert code == 1, said
    assert "counterexample to pinned_pages_are_clean for p = Page#0, in 2 steps" in said


def test_an_error_in_a_spec_fails(repository: Repository) -> None:
    repository.write(seal=SPEC.replace("pinned[p]", "pined[p]"))
    repository.git("add", "--all")
    code, said = repository.pre_commit()
    assert code == 1, said
    assert "- exit code: 2" in said
    assert "specs/seal.mmc:3:" in said
    assert "E200" in said


def test_what_is_staged_counts_and_not_what_is_in_the_working_tree(repository: Repository) -> None:
    repository.commit()
    repository.write(seal=ABSURD)
    repository.git("add", "--all")
    repository.write(seal=SPEC)
    code, said = repository.pre_commit()
    assert code == 1, said
    assert "counterexample" in said

    repository.git("add", "--all")
    repository.write(pages=CARELESS, seal=SPEC + "\n")
    repository.git("add", "specs")
    repository.write(seal=ABSURD)
    code, said = repository.pre_commit()
    assert code == 0, said
    assert "Passed" in said
    assert (repository.path / "specs/seal.mmc").read_text(encoding="utf-8") == ABSURD


def test_all_specs_are_verified_before_a_push(repository: Repository) -> None:
    """Of a file that is deleted pre-commit tells its hooks nothing, so only this hook sees what it breaks."""
    repository.commit()
    before_a_push = ("--hook-stage", "pre-push", "mmcheck-verify-full")
    assert repository.pre_commit(*before_a_push)[0] == 0
    repository.git("rm", "--quiet", "models/pages.mmc")
    assert repository.pre_commit()[0] == 0
    code, said = repository.pre_commit(*before_a_push)
    assert code == 1, said
    assert "E010" in said


def test_other_files_do_not_start_it(repository: Repository) -> None:
    repository.commit()
    (repository.path / "README").write_text("Pages.\n", encoding="utf-8")
    repository.git("add", "--all")
    code, said = repository.pre_commit()
    assert code == 0
    assert "no files to check" in said


def test_an_error_is_met_by_reading_alone(repository: Repository) -> None:
    """Reading takes an instant, so that it can be the only hook on a slow machine."""
    repository.commit()
    repository.write(pages=MODEL.replace("pinned", "fixed"))
    repository.git("add", "models")
    code, said = repository.pre_commit("mmcheck-parse")
    assert code == 1, said
    assert "specs/seal.mmc:3:" in said and "E200" in said


def test_what_was_verified_before_is_remembered(repository: Repository) -> None:
    assert "remembered" not in repository.pre_commit("mmcheck-verify")[1]
    code, said = repository.pre_commit("mmcheck-verify")
    assert code == 0 and "mmcheck: OK: 2 of 2 checks ended as expected; 2 remembered" in said, said
    repository.write(seal=ABSURD)
    repository.git("add", "--all")
    code, said = repository.pre_commit("mmcheck-verify")
    assert code == 1 and "FAIL: 1 of 2 checks did not end as expected; 1 remembered" in said, said


def test_what_takes_too_long_is_told_and_does_not_fail(repository: Repository) -> None:
    """But it does before a push, where there is no budget; here a limit of states stands for hours."""
    config = repository.path / ".pre-commit-config.yaml"
    limited = config.read_text(encoding="utf-8").replace(
        "- id: mmcheck-verify\n", "- id: mmcheck-verify\n        args: [--budget, 20s, --max-states, '1']\n"
    )
    config.write_text(limited, encoding="utf-8")
    repository.git("add", "--all")
    code, said = repository.pre_commit("mmcheck-verify")
    assert code == 0, said
    assert "no verdict in time: 1 check of specs/seal.mmc" in said
    assert "mmcheck: OK: 0 of 2 checks ended as expected; NO VERDICT on 2 of 2 checks" in said


def test_hooks_name_commands_that_are_there() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"^  entry: mmcheck (\w+)", text, re.M)
    assert len(entries) == 4
    assert set(entries) <= set(COMMANDS)


def test_a_spec_is_laid_out(repository: Repository) -> None:
    repository.write(seal=SPEC.replace(": pinned[p] =>", ":pinned[p]   =>"))
    repository.git("add", "--all")
    code, said = repository.pre_commit("--hook-stage", "manual", "mmcheck-fmt")
    assert code == 1 and "files were modified by this hook" in said, said
    repository.git("add", "--all")
    code, said = repository.pre_commit("--hook-stage", "manual", "mmcheck-fmt")
    assert code == 0, said
