"""The schema of the JSON document: what is written fits it, and it allows nothing that is not written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import mmcheck

from .test_itf import EVERY_TYPE, LOOP
from .test_json import run_document

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "json.schema.json").read_text(encoding="utf-8"))


def strict(schema: Any) -> Any:
    """The schema without room for fields that it does not name: readers must take these, we write none."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "required" in schema and "properties" in schema else {}
    return {key: strict(part) for key, part in schema.items()} | closed


def written(text: str) -> Any:
    return json.loads(mmcheck.render_report(mmcheck.verify(mmcheck.loads(text, "spec.mmc")), "json"))


RUNS: dict[str, Callable[[], Any]] = {
    "made by hand": run_document,
    "every type": lambda: written(EVERY_TYPE),
    "loop": lambda: written(LOOP),
    "branches": lambda: json.loads(
        mmcheck.render_report(mmcheck.verify_file(str(ROOT / "docs" / "examples" / "branches.mmc")), "json")
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_it_is_valid(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    errors = Draft202012Validator(strict(SCHEMA)).iter_errors(json.loads(json.dumps(RUNS[name]())))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("field", ["verdict", "trace", "kind", "binding"])
def test_every_field_is_needed(field: str) -> None:
    document = run_document()
    del document["specs"][0]["checks"][0]["properties"][1][field]
    assert not Draft202012Validator(SCHEMA).is_valid(document)


def test_readers_take_fields_that_are_new() -> None:
    document = run_document()
    document["specs"][0]["checks"][0]["colour"] = "green"
    assert Draft202012Validator(SCHEMA).is_valid(document)
    assert not Draft202012Validator(strict(SCHEMA)).is_valid(document)
