"""What is built can be installed, and then works far from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mmcheck import __version__

ROOT = Path(__file__).parent.parent

SPEC = """\
spec far_away;
import machine;
state { bool pinned[Task]; }
transition pin(Task t) { pinned[t] = true; }
invariant nothing_is_pinned(Task t): !pinned[t];
check all { expect violated nothing_is_pinned in 1 steps; }
"""


def run(*command: str | Path, cwd: Path) -> str:
    """The output of a command that must succeed, and that must not see this checkout."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path / "dist", ROOT, cwd=tmp_path)
    (built,) = (tmp_path / "dist").glob("*.whl")
    return built


def test_the_wheel_is_whole(wheel: Path, tmp_path: Path) -> None:
    """It holds the grammar, the models and the mark of a typed package; installed, it finds them."""
    content = set(zipfile.ZipFile(wheel).namelist())
    models = {f"mmcheck/models/{path.name}" for path in (ROOT / "models").glob("*.mmc")}
    assert models | {"mmcheck/syntax/grammar.lark", "mmcheck/py.typed"} <= content
    assert {name.split("/")[0] for name in content} == {"mmcheck", f"mmcheck-{__version__}.dist-info"}

    venv, elsewhere = tmp_path / "venv", tmp_path / "elsewhere"
    elsewhere.mkdir()
    run(sys.executable, "-m", "virtualenv", "--quiet", venv, cwd=tmp_path)
    run(venv / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    mmcheck = venv / "bin" / "mmcheck"
    assert run(mmcheck, "--version", cwd=elsewhere) == f"mmcheck {__version__}\n"
    (elsewhere / "far_away.mmc").write_text(SPEC, encoding="utf-8")
    assert "violated in 1 step, as expected" in run(mmcheck, "verify", "far_away.mmc", cwd=elsewhere)
