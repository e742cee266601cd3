"""Every mistake in tests/cases/reject is found, at its line, with its code, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from announced import CASES, Announced, announced

import mmcheck
from mmcheck.diagnostics import CODES, Collector, Diagnostic
from mmcheck.elaborate.modules import load_program
from mmcheck.linting import checks
from mmcheck.linting.run import STATIC_CODES

REJECT = CASES / "reject"
FILES = sorted(REJECT.glob("*.mmc"))

NOT_FROM_A_TEXT = {"E001", "E002", "E004", "E507", "E508", "E509", "E510", "W604", "W606", "W607"}
"""Files that cannot be read, what is wrong with a command line, and what `mmcheck mutate` and the engine
parametric say. What `mmcheck lint` says has cases of its own."""


def expected(path: Path) -> Announced:
    """What a case announces, together with the modules that it imports."""
    program = load_program(str(path), Collector())
    assert program is not None
    found = [item for file in program.files for item in announced(file, "error")]
    return sorted(found, key=lambda item: item[0] != path.name)


def place(diagnostic: Diagnostic) -> tuple[str, int, str]:
    assert diagnostic.span is not None
    return Path(diagnostic.span.file.name).name, diagnostic.span.line, diagnostic.code


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_exactly_the_announced_errors_come_out(path: Path) -> None:
    """All in one run, and in the order of the text."""
    found = [place(d) for d in mmcheck.verify_file(str(path)).diagnostics]
    assert found and found == expected(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_error_says_what_to_do(path: Path) -> None:
    for diagnostic in mmcheck.verify_file(str(path)).diagnostics:
        assert diagnostic.message and diagnostic.remedy, diagnostic


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_caret_is_under_something(path: Path) -> None:
    """But for a missing semicolon, whose place is behind what it should end."""
    for diagnostic in mmcheck.verify_file(str(path)).diagnostics:
        assert diagnostic.span is not None
        assert diagnostic.span.text.strip() or diagnostic.code == "E101", diagnostic


def test_every_code_that_a_text_can_give_has_a_case() -> None:
    files = [*REJECT.rglob("*.mmc"), *(CASES / "accept").glob("*.mmc")]
    given = {code for path in files for kind in ("error", "warning") for _, _, code in announced(path, kind)}
    assert given == set(CODES) - NOT_FROM_A_TEXT - set(STATIC_CODES) - set(checks.DEEP_CODES)


def test_a_file_that_is_no_text_is_refused() -> None:
    outcome = mmcheck.verify_file(str(CASES / "files" / "latin1.mmc"))
    assert [d.code for d in outcome.diagnostics] == ["E002"]
