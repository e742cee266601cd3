"""What holds for every file of the project and no linter checks."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOT_OURS = {"__pycache__", "build", "dist"}


def files() -> Iterator[Path]:
    """The files of the project, without what tools leave behind."""
    for top in sorted(ROOT.iterdir()):
        if top.is_file():
            yield top
        elif top.name == ".ci" or not top.name.startswith("."):
            inside = (path for path in sorted(top.rglob("*")) if path.is_file())
            yield from (path for path in inside if not NOT_OURS & set(path.relative_to(ROOT).parts))


PYTHON = [path for path in files() if path.suffix == ".py" and path.stat().st_size]


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_python_file_begins_with_its_job(path: Path) -> None:
    """A docstring, and then the future import, which recursive sums of records need."""
    docstring, *code = ast.parse(path.read_bytes()).body
    match docstring:
        case ast.Expr(ast.Constant(str(text))):
            first = text.partition("\n")[0]
            assert first.endswith((".", ":")), f"the first line is no sentence: {first}"
        case _:
            pytest.fail("no docstring")
    assert not code or ast.unparse(code[0]) == "from __future__ import annotations"


def test_empty_python_files_only_mark_packages() -> None:
    empty = [path for path in files() if path.suffix == ".py" and not path.stat().st_size]
    assert [path for path in empty if path.name != "__init__.py"] == []
    assert len(PYTHON) > 50


def test_no_file_knows_the_machine_that_it_was_written_on() -> None:
    places = {str(place) for place in (ROOT, Path.home(), Path(sys.prefix)) if len(place.parts) > 1}
    known = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, places))})(?![\w.])".encode())
    assert [path for path in files() if known.search(path.read_bytes())] == []
    assert known.search(f"see {ROOT}/README.md".encode())
