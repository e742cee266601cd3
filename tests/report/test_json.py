"""The JSON document is pinned as a whole; docs/json.md describes it."""

from __future__ import annotations

import json

import mmcheck
from mmcheck.core.types import Elem, Record
from mmcheck.diagnostics import Diagnostic
from mmcheck.report.json import document, value

from . import examples


def test_document(golden: examples.Golden) -> None:
    error = Diagnostic("E300", "bool is not a number", examples.span("refs <= 2"), "write a number")
    outcomes = [examples.spec(examples.naive(), examples.merged(), examples.limited(), diagnostics=(error,))]
    found = document(outcomes, [Diagnostic("E004", "no specs found")], 2, "mmcheck: ERROR: 2 errors")
    assert found["tool"].pop("version") == mmcheck.__version__
    golden("report/run.json", json.dumps(found, indent=1) + "\n")


def test_values() -> None:
    elements = frozenset({Elem("Page", 10), Elem("Page", 9)})
    assert value(elements) == ["Page#9", "Page#10"]
    assert value(Record("Inode", ("dirty", "block"), (True, None))) == {"dirty": True, "block": None}
    assert value(3) == 3
    assert value("old") == "old"
