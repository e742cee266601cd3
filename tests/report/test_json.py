"""The JSON document is pinned as a whole; docs/json.md describes it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mmcheck.core.types import Elem, Record
from mmcheck.diagnostics import Diagnostic
from mmcheck.report.json import document, value

from . import examples


def run_document() -> dict[str, Any]:
    error = Diagnostic("E300", "bool is not a number", examples.span("refs <= 2"), "write a number")
    outcomes = [examples.spec(examples.naive(), examples.merged(), examples.limited(), diagnostics=(error,))]
    return document(outcomes, [Diagnostic("E004", "no specs found")], 2, "mmcheck: ERROR: 2 errors", "0.0")


def test_document(golden: examples.Golden) -> None:
    golden("report/run.json", json.dumps(run_document(), indent=1) + "\n")


def test_values() -> None:
    elements = frozenset({Elem("Page", 10), Elem("Page", 9)})
    assert value(elements) == ["Page#9", "Page#10"]
    assert value(Record("Inode", ("dirty", "block"), (True, None))) == {"dirty": True, "block": None}
    assert value(3) == 3
    assert value("old") == "old"


FREE = {"states", "args", "binding", "bindings", "constants", "sizes", "fired", "expected"}
"""Fields whose keys are names of the spec, or told in a sentence of the page."""


def fields(found: Any) -> set[str]:
    """All names of fields in a document."""
    if isinstance(found, list):
        return set().union(*map(fields, found))
    if not isinstance(found, dict):
        return set()
    inner = (fields(item) for name, item in found.items() if name not in FREE)
    return set(found).union(*inner)


def named_on_the_page() -> set[str]:
    page = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    return set(re.findall(r"[`\"](\w+)[`\"]", page))


def test_the_page_names_every_field() -> None:
    assert fields(run_document()) <= named_on_the_page()
