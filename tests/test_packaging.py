"""What is built can be installed, and then works far from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from mmcheck import __version__
from mmcheck.diagnostics import CODES

ROOT = Path(__file__).parent.parent

MODELS = sorted((ROOT / "models").glob("*.mmc"), key=lambda path: path.stat().st_size)

SPEC = f"""\
spec far_away;
import {MODELS[0].stem};
state {{ bool touched; }}
transition touch() {{ touched = true; }}
invariant untouched: !touched;
check all {{ expect violated untouched in 1 step; }}
"""


def run(*command: str | Path, cwd: Path, path: str = "") -> str:
    """The output of a command that must succeed; PYTHONPATH is what is given, and nothing inherited."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_is_whole(tmp_path: Path) -> None:
    """It holds the grammar, the models, the pages about codes and the mark of a typed package; installed, it
    finds them, and the templates of reports. The manual page goes where `man` looks.

    The dependencies are those of this environment. `test_pre_commit` installs the package with its own."""
    pip = (sys.executable, "-m", "pip")
    run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    content = set(zipfile.ZipFile(wheel).namelist())
    models = {f"mmcheck/models/{path.name}" for path in MODELS}
    assert models | {"mmcheck/syntax/grammar.lark", "mmcheck/py.typed"} <= content
    assert {f"mmcheck/errors/{code}.md" for code in CODES} <= content
    assert f"mmcheck-{__version__}.data/data/share/man/man1/mmcheck.1" in content
    assert {name.split("/")[0] for name in content} == {
        *("mmcheck", f"mmcheck-{__version__}.dist-info", f"mmcheck-{__version__}.data")
    }

    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    run(*pip, "install", "--quiet", "--no-deps", "--target", installed, wheel, cwd=tmp_path)
    mmcheck = (sys.executable, "-m", "mmcheck")
    where = (sys.executable, "-c", "import mmcheck; print(mmcheck.__file__)")
    path = str(installed)
    assert run(*where, cwd=elsewhere, path=path) == f"{installed}/mmcheck/__init__.py\n"
    assert run(*mmcheck, "--version", cwd=elsewhere, path=path) == f"mmcheck {__version__}\n"
    (elsewhere / "far_away.mmc").write_text(SPEC, encoding="utf-8")
    verified = run(*mmcheck, "verify", "far_away.mmc", cwd=elsewhere, path=path)
    assert "violated in 1 step, as expected" in verified

    run(*mmcheck, "new", "begun", cwd=elsewhere, path=path)
    run(*mmcheck, "verify", "begun.mmc", "--report", "html:begun.html", cwd=elsewhere, path=path)
    assert (elsewhere / "begun.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert run(*mmcheck, "explain", "E302", cwd=elsewhere, path=path).startswith("# E302")

    pytest = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v")
    assert "far_away.mmc::all PASSED" in run(*pytest, "far_away.mmc", cwd=elsewhere, path=path)
