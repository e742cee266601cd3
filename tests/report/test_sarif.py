"""SARIF: valid by its published schema, fit for code scanning, and a counterexample that can be followed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from msgspec.structs import replace

import mmcheck
from mmcheck.core.outcome import SpecOutcome
from mmcheck.diagnostics import Diagnostic, Note
from mmcheck.report.run import Run, run_of
from mmcheck.report.sarif import SCHEMA, document

from . import examples
from .published import SARIF, sarif_schema

ROOT = Path(__file__).parents[2]
MEMFD = ROOT / "docs" / "examples" / "memfd.mmc"

LIVENESS = """\
spec turns;
sort Task = 2;
state { bool waiting[Task]; }
transition ask(Task t) { require !waiting[t]; waiting[t] = true; }
transition serve(Task t) { require waiting[t]; waiting[t] = false; }
liveness served(Task t): waiting[t] ~> !waiting[t];
"""


def everything() -> Run:
    """A run in which all happens that can."""
    error = Diagnostic(
        "E201",
        "`refs` twice",
        examples.span("0..3 refs"),
        "rename one",
        (Note("first", examples.span("sealed")),),
    )
    broken = replace(
        examples.spec(diagnostics=(error, Diagnostic("E004", "no file"))), file="broken name.mmc"
    )
    specs = (examples.spec(examples.naive(), examples.merged(), examples.limited()), broken)
    return Run(specs, "1.2.3", 4, "mmcheck: INTERNAL ERROR", (Diagnostic("E004", "none"),), ("x.mmc",))


def of(*specs: SpecOutcome) -> dict[str, Any]:
    """The only run of the log."""
    (run,) = document(run_of(specs, "1.2.3"))["runs"]
    assert isinstance(run, dict)
    return run


def results(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {result["ruleId"]: result for result in run["results"]}


RUNS = {
    "everything": everything,
    "nothing": lambda: run_of((), "1.2.3"),
    "memfd": lambda: replace(run_of([mmcheck.verify_file(str(MEMFD))], "1.2.3"), folder=str(ROOT)),
    "lasso": lambda: run_of([mmcheck.verify(mmcheck.loads(LIVENESS, "turns.mmc"))], "1.2.3"),
}


@pytest.mark.parametrize("name", RUNS)
def test_it_is_valid_by_the_published_schema(name: str) -> None:
    validator = Draft7Validator(sarif_schema())
    log = document(RUNS[name]())
    assert [error.message for error in validator.iter_errors(log)] == []
    assert log["$schema"] == SCHEMA == SARIF


def test_the_schema_is_one_that_can_fail() -> None:
    log = document(everything())
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not Draft7Validator(sarif_schema()).is_valid(log)


@pytest.mark.parametrize("name", RUNS)
def test_code_scanning_can_show_it(name: str) -> None:
    """A rule, a message, a place by a relative path, and an identity for each result."""
    (run,) = document(RUNS[name]())["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert re.fullmatch(r"[0-9a-f]{16}:1", result["partialFingerprints"]["primaryLocationLineHash"])
        if result["message"]["text"] == "none":
            continue  # what is said of no file has no place
        (location,) = result["locations"]
        assert re.fullmatch(r"[\w./%-]+\.mmc", location["physicalLocation"]["artifactLocation"]["uri"])
        assert location["physicalLocation"]["region"]["startLine"] >= 1


def test_what_is_as_expected_is_no_result() -> None:
    assert of(examples.spec(examples.naive()))["results"] == []


def test_what_is_not_as_expected_is_an_error() -> None:
    found = results(of(examples.spec(examples.merged())))
    assert {id: result["level"] for id, result in found.items()} == {
        "W600": "warning",
        "MM-ERROR/memfd_seal/no model error": "error",
        "MM-STEP/memfd_seal/sealed_pages_cannot_change": "error",
        "MM-INV/memfd_seal/few_refs": "error",
        "MM-REACH/memfd_seal/can_seal": "error",
        "MM-SCENARIO/memfd_seal/pin_outlives_unmap": "error",
        "MM-DEADLOCK/memfd_seal/deadlock free": "error",
    }
    assert found["MM-INV/memfd_seal/few_refs"]["message"]["text"].startswith(
        "few_refs: proved, 1,024 states, depth 9. Unexpected: expected violated. Check merged: Page = 2"
    )


def test_what_has_no_verdict_is_a_warning_of_its_own() -> None:
    (result,) = of(examples.spec(examples.limited()))["results"][:1]
    assert (result["ruleId"], result["level"]) == ("MM-UNKNOWN", "warning")
    assert "the limit of 1,000 states came first" in result["message"]["text"]


def flow(result: dict[str, Any]) -> dict[str, Any]:
    (code_flow,) = result["codeFlows"]
    assert isinstance(code_flow, dict)
    return code_flow


def test_a_counterexample_is_a_code_flow_with_a_thread_flow_a_task() -> None:
    found = results(of(examples.spec(examples.merged())))["MM-STEP/memfd_seal/sealed_pages_cannot_change"]
    threads = {thread["id"]: thread for thread in flow(found)["threadFlows"]}
    assert list(threads) == ["Task#0", "system"]
    told = {
        place["executionOrder"]: place["location"]["message"]["text"]
        for thread in threads.values()
        for place in thread["locations"]
    }
    assert [told[i] for i in sorted(told)] == [
        "step 1: map(Task#0): mapped[Task#0]: false -> true",
        "step 2: pin(Task#0, Page#0): pinned[Task#0][Page#0]: false -> true; refs: 0 -> 1",
        "step 3: unmap(Task#0): mapped[Task#0]: true -> false",
        "step 4: seal_write(): sealed: false -> true",
        "step 5: dma(Task#0, Page#0, new): data[Page#0]: zero -> new",
    ]
    place = threads["Task#0"]["locations"][0]
    assert place["state"] == {"mapped[Task#0]": {"text": "true"}}
    assert place["location"]["physicalLocation"]["region"]["startLine"] == 12
    assert threads["system"]["initialState"]["sealed"] == {"text": "false"}
    assert threads["system"]["immutableState"]["mapped[Task#1]"] == {"text": "false"}


def test_a_step_that_fails_stands_where_it_fails() -> None:
    found = results(of(examples.spec(examples.merged())))["MM-ERROR/memfd_seal/no model error"]
    last = flow(found)["threadFlows"][-1]["locations"][-1]
    assert last["location"]["message"]["text"] == (
        "step 2: pin(Task#1, Page#0) fails: range overflow: 4 is not in 0..3"
    )
    assert last["location"]["physicalLocation"]["region"]["startLine"] == 15
    assert found["locations"][0]["physicalLocation"]["region"]["startLine"] == 15


def test_a_run_for_ever_says_so() -> None:
    (run,) = document(RUNS["lasso"]())["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == "MM-LIVE/turns/served"
    assert re.search(r"again and again|nothing for ever", flow(result)["message"]["text"])


def test_an_alert_is_the_same_when_lines_move() -> None:
    text = LIVENESS.replace(
        "liveness served(Task t): waiting[t] ~> !waiting[t]", "invariant idle(Task t): !waiting[t]"
    )
    moved = text.replace("sort Task", "\n\n// moved\nsort Task")
    first, second = (
        of(mmcheck.verify(mmcheck.loads(spec, "turns.mmc")))["results"][0] for spec in (text, moved)
    )
    assert first["partialFingerprints"] == second["partialFingerprints"]
    assert first["locations"] != second["locations"]


def test_paths_are_relative_to_the_folder_of_the_run() -> None:
    spec = replace(examples.spec(examples.limited()), file="/src/kernel/a b.mmc")
    run = replace(run_of([spec], "1"), folder="/src")
    (tool_run,) = document(run)["runs"]
    place = tool_run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "kernel/a%20b.mmc"}
    (tool_run,) = document(replace(run, folder="/elsewhere"))["runs"]
    place = tool_run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "file:///src/kernel/a%20b.mmc"}
